/** One DER element around its parts, its length in the shortest form. */
export function encodeDer(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const size = content.length;
  const width = size < 0x80 ? 0 : Math.ceil(Math.log2(size + 1) / 8);
  const length = Array.from({ length: width }, (_, at) => Math.floor(size / 256 ** (width - 1 - at)) % 256);
  return Buffer.concat([Buffer.from([tag, ...(width === 0 ? [size] : [0x80 | width, ...length])]), content]);
}
