;; Imports one function twice, as Go's guests do.
(module
  (import "fastly_http_resp" "new" (func $first (param i32) (result i32)))
  (import "fastly_http_resp" "new" (func $second (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (if (call $first (i32.const 0))
      (then unreachable))
    (if (call $second (i32.const 4))
      (then unreachable))
    (if (i32.eq (i32.load (i32.const 0)) (i32.load (i32.const 4)))
      (then unreachable))))
