import { checkSignature, type SignatureCheck } from "#domain/bundle/check-signature.ts";

/** What a signature by a host's own key is worth. `other`: it is right, and by another key than the host's. */
export type HostSignature =
  | { kind: "verified" }
  | { kind: "other"; fingerprint: string }
  | Exclude<SignatureCheck, { kind: "good" }>;

/**
 * Whether the host whose pinned key has this fingerprint (`SHA256:...`) has signed these bytes, for this purpose. `armored` is
 * what `ssh-keygen -Y sign` wrote. Never throws.
 */
export function verifyHostSignature(
  armored: string,
  bytes: Uint8Array,
  { pinned, namespace }: { pinned: string; namespace: string },
): HostSignature {
  const checked = checkSignature(armored, bytes, namespace);
  if (checked.kind !== "good") return checked;
  const { fingerprint } = checked.key;
  return fingerprint === pinned ? { kind: "verified" } : { kind: "other", fingerprint };
}
