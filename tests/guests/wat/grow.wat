;; Grows its memory page by page until it is refused, then traps unless it got between 64 and 128 MiB.
(module
  (memory (export "memory") 1)
  (func (export "_start")
    (loop $again
      (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
    (if (i32.lt_u (memory.size) (i32.const 1024))
      (then unreachable))
    (if (i32.gt_u (memory.size) (i32.const 2048))
      (then unreachable))))
