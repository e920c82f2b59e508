/** Reads what Java's DataOutputStream wrote; every step answers null once the bytes have ended. */
export type JavaReader = ReturnType<typeof openJava>;

export function openJava(bytes: Buffer, start = 0) {
  let at = start;
  const take = (count: number): Buffer | null => {
    if (count < 0 || at + count > bytes.length) return null;
    at += count;
    return bytes.subarray(at - count, at);
  };
  const textBytes = (): Buffer | null => {
    const length = take(2)?.readUInt16BE(0);
    return length === undefined ? null : take(length);
  };
  return {
    position: () => at,
    byte: () => take(1)?.[0] ?? null,
    int: () => take(4)?.readInt32BE(0) ?? null,
    /** Milliseconds since 1970. */
    date: () => {
      const octets = take(8);
      return octets && Number(octets.readBigInt64BE(0));
    },
    /** Two bytes of length, and a text of that many bytes. */
    text: () => decodeText(textBytes()),
    /** The same undecoded, for whoever only asks whether it may be one. */
    textBytes,
    /** Four bytes of length, and so many bytes. */
    octets: () => {
      const length = take(4)?.readInt32BE(0);
      return length === undefined ? null : take(length);
    },
    skipTo: (position: number) => {
      at = position;
    },
  };
}

/** Java's modified UTF-8: as UTF-8, but zero in two bytes and what is beyond 16 bits as two surrogates of three each. */
function decodeText(octets: Buffer | null): string | null {
  if (!octets) return null;
  const plain = octets.toString("utf8");
  if (!plain.includes("\ufffd")) return plain;
  const units: number[] = [];
  for (let at = 0; at < octets.length; ) {
    const first = octets[at] ?? 0;
    const rest = (index: number) => (octets[at + index] ?? 0) & 0x3f;
    const size = first < 0x80 ? 1 : first < 0xe0 ? 2 : 3;
    units.push(
      size === 1
        ? first
        : size === 2
          ? ((first & 0x1f) << 6) | rest(1)
          : ((first & 0xf) << 12) | (rest(1) << 6) | rest(2),
    );
    at += size;
  }
  return units.map((unit) => String.fromCharCode(unit)).join("");
}
