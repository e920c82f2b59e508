/** The bytes in a PEM block of ours. */
export function fromPem(pem: string): Uint8Array {
  const base64 = pem.replace(/-----[^-]*-----/g, "").replace(/\s+/g, "");
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
