;; Traps in its start function, before the entry point is ever called.
(module
  (memory (export "memory") 1)
  (func $start
    unreachable)
  (start $start)
  (func (export "_start")))
