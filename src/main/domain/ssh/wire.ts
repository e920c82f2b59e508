/** Fields of SSH's wire format, one after another: each answers null once the bytes do not hold it. */
export type Fields = {
  /** Where the next field begins. */
  position(): number;
  /** A string: four bytes of length, then as many bytes. */
  octets(): Uint8Array | null;
  /** A string as Latin-1, so that no byte is lost. */
  text(): string | null;
  skip(length: number): boolean;
};

export function openFields(bytes: Uint8Array): Fields {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let position = 0;

  function octets(): Uint8Array | null {
    if (position + 4 > bytes.length) return null;
    const start = position + 4;
    const end = start + view.getUint32(position);
    if (end > bytes.length) return null;
    position = end;
    return bytes.subarray(start, end);
  }

  return {
    position: () => position,
    octets,
    text: () => {
      const found = octets();
      return found && Buffer.from(found.buffer, found.byteOffset, found.byteLength).toString("latin1");
    },
    skip: (length) => {
      if (position + length > bytes.length) return false;
      position += length;
      return true;
    },
  };
}

/** A string as a field: its length, then its bytes. */
export function asField(bytes: Uint8Array): Uint8Array {
  const field = new Uint8Array(4 + bytes.length);
  new DataView(field.buffer).setUint32(0, bytes.length);
  field.set(bytes, 4);
  return field;
}

/** Base64 as sshd takes it: whole groups, padded, white space anywhere; null for anything else. */
export function decodeBase64(text: string): Uint8Array | null {
  const bytes = Buffer.from(text, "base64");
  if (text.length % 4 === 0 && bytes.length * 4 === text.length * 3 && !/[-_]/.test(text)) return bytes;
  const packed = text.replace(/[ \t\n\v\f\r]/g, "");
  return bytes.toString("base64") === packed ? bytes : null;
}
