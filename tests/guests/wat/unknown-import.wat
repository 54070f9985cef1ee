;; Imports a function that no host has, and calls it.
(module
  (import "unknown_module" "unknown_function" (func $unknown (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $unknown))))
