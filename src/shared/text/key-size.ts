type Key = { keyType: string | null; keyBits: number | null; curve?: string | null };

/** A key's kind and size for people: "RSA 2048", "EC P-256", "Ed25519", "ssh-ed25519"; what is not known is left out. */
export function formatKey({ keyType, keyBits, curve }: Key): string {
  if (keyType === null) return "not a key";
  if (curve) return `${keyType} ${curve}`;
  const hasOwnSize = /\d{3,}/.test(keyType);
  return keyBits === null || hasOwnSize ? keyType : `${keyType} ${keyBits}`;
}
