/**
 * The field GF(2^8) with polynomial 0x11D and generator 2 (RFC 5510 section 8.1, docs/WIRE-FORMAT.md section 2.2).
 * Scalars only; whole symbols go through kernels.ts. Addition and subtraction are both XOR.
 */

/** x^8 + x^4 + x^3 + x^2 + 1. */
const POLYNOMIAL = 0x11d;

/** Nonzero elements of the field; 2 generates them all. */
const GROUP_ORDER = 255;

const EXP = new Uint8Array(2 * GROUP_ORDER);
const LOG = new Uint8Array(256);

/**
 * All products: entry a * 256 + b is a times b. 64 KiB, so that a kernel needs one lookup per byte and no branch for
 * zero.
 */
export const PRODUCTS = new Uint8Array(256 * 256);

fillTables();

/** The product of two field elements, each 0..255. */
export function mul(a: number, b: number): number {
  return PRODUCTS[(a << 8) | b]!;
}

/** The inverse of a, 1..255. @throws RangeError for 0, which has none. */
export function inv(a: number): number {
  if (a === 0) throw new RangeError('"a" expected 1..255, got 0');
  return EXP[GROUP_ORDER - LOG[a]!]!;
}

/** a divided by b; a 0..255, b 1..255. @throws RangeError when b is 0. */
export function div(a: number, b: number): number {
  return mul(a, inv(b));
}

function fillTables(): void {
  let power = 1;
  for (let exponent = 0; exponent < GROUP_ORDER; exponent++) {
    EXP[exponent] = power;
    EXP[exponent + GROUP_ORDER] = power;
    LOG[power] = exponent;
    power <<= 1;
    if (power > 0xff) power ^= POLYNOMIAL;
  }
  for (let a = 1; a < 256; a++) {
    for (let b = 1; b < 256; b++) PRODUCTS[(a << 8) | b] = EXP[LOG[a]! + LOG[b]!]!;
  }
}
