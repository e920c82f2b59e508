import { OBSOLETE, SHORTEST_RSA } from "#domain/ssh/ssh-findings.ts";

/** Why a host key of this kind is to be replaced; null where nothing speaks against it, or its size is not known. */
export function sayWeakness({
  keyType,
  keyBits,
}: {
  keyType: string;
  keyBits: number | null;
}): string | null {
  const obsolete = OBSOLETE.get(keyType);
  if (obsolete !== undefined) return `it is ${obsolete}`;
  if (keyType !== "ssh-rsa" || keyBits === null || keyBits >= SHORTEST_RSA) return null;
  return `this RSA key has ${keyBits} bits; fewer than ${SHORTEST_RSA} are within reach of an attacker`;
}
