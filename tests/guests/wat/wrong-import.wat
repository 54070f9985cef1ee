;; Imports a function of the ABI with a type that is not its own.
(module
  (import "fastly_http_resp" "new" (func $resp_new (param i64) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")))
