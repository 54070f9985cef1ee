;; Spins for ever without a call: only a check that the engine puts into loops can stop it.
(module
  (memory (export "memory") 1)
  (func (export "_start")
    (loop $again
      (br $again))))
