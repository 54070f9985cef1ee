;; Asks for 256 MiB in one step, traps unless that is refused, and calls the host then.
(module
  (import "fastly_http_resp" "new" (func $resp_new (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (if (i32.ne (memory.grow (i32.const 4096)) (i32.const -1))
      (then unreachable))
    (drop (call $resp_new (i32.const 0)))))
