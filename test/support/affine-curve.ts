/** Textbook arithmetic on a short Weierstrass curve, for checking results only: it is slow and its time tells the scalar. */

export interface Curve {
  /** The field's prime. */
  readonly p: bigint
  readonly a: bigint
}

export interface Point {
  readonly x: bigint
  readonly y: bigint
}

function modulo(value: bigint, p: bigint): bigint {
  const rest = value % p
  return rest < 0n ? rest + p : rest
}

/** Fermat: p is a prime. */
function inverse(value: bigint, p: bigint): bigint {
  let [result, base, exponent] = [1n, modulo(value, p), p - 2n]
  for (; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % p
    base = (base * base) % p
  }
  return result
}

/** `undefined` is the point at infinity. */
function add({ p, a }: Curve, left: Point | undefined, right: Point | undefined): Point | undefined {
  if (left === undefined || right === undefined) return left ?? right
  if (left.x === right.x && modulo(left.y + right.y, p) === 0n) return undefined
  const slope =
    left.x === right.x
      ? (3n * left.x * left.x + a) * inverse(2n * left.y, p)
      : (right.y - left.y) * inverse(right.x - left.x, p)
  const x = modulo(slope * slope - left.x - right.x, p)
  return { x, y: modulo(slope * (left.x - x) - left.y, p) }
}

export function multiply(curve: Curve, point: Point, scalar: bigint): Point | undefined {
  let result: Point | undefined
  let power: Point | undefined = point
  for (let rest = scalar; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = add(curve, result, power)
    power = add(curve, power, power)
  }
  return result
}
