;; Asks for 256 MiB from the start, twice what a guest may have: it must not be started.
(module
  (memory (export "memory") 4096)
  (func (export "_start")))
