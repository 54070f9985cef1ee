;; Imports a function that no host has, and never calls it: fine where unknown imports may trap.
(module
  (import "unknown_module" "unknown_function" (func $unknown (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")))
