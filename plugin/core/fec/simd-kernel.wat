;; Adds a multiple of a symbol to another in GF(2^8), sixteen bytes at a time: what simd-module.ts holds as bytes, which
;; test/unit/simd-kernel.test.ts compares with this text. A product by a constant is linear, so it is the sum of the products of a byte's
;; two nibbles, and a nibble's product is one of sixteen bytes: i8x16.swizzle looks sixteen of them up at once
;; (the split table of Plank, Greenan and Miller, "Screaming Fast Galois Field Arithmetic Using Intel SIMD Instructions", FAST 2013).
(module
  ;; One page, never grown, so that views of it stay valid.
  (memory (export "memory") 1 1)
  ;; $table: address of 32 bytes, the products of the coefficient with 0..15 and with 0, 16, .. 240.
  ;; $bytes: a multiple of 16, at least 16. $target may be $source.
  (func (export "mulAdd") (param $target i32) (param $source i32) (param $table i32) (param $bytes i32)
    (local $low v128) (local $high v128) (local $x v128) (local $end i32)
    (local.set $low (v128.load (local.get $table)))
    (local.set $high (v128.load offset=16 (local.get $table)))
    (local.set $end (i32.add (local.get $source) (local.get $bytes)))
    (loop $next
      (local.set $x (v128.load (local.get $source)))
      (v128.store (local.get $target)
        (v128.xor
          (v128.load (local.get $target))
          (v128.xor
            (i8x16.swizzle (local.get $low) (v128.and (local.get $x) (v128.const i32x4 0x0f0f0f0f 0x0f0f0f0f 0x0f0f0f0f 0x0f0f0f0f)))
            (i8x16.swizzle (local.get $high) (i8x16.shr_u (local.get $x) (i32.const 4))))))
      (local.set $target (i32.add (local.get $target) (i32.const 16)))
      (local.set $source (i32.add (local.get $source) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $source) (local.get $end))))))
