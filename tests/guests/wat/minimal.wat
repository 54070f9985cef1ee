;; The least that is a guest: memory and an entry point that returns.
(module
  (memory (export "memory") 1)
  (func (export "_start")))
