;; Asks for a million table entries, ten times what a guest may have: it must not be started.
(module
  (memory (export "memory") 1)
  (table 1000000 funcref)
  (func (export "_start")))
