import { hash } from "node:crypto";
import { hashInFingerprint } from "#codec/fingerprint.ts";
import type { SshfpResult } from "#shared/model/hosts/host-key.ts";

/** An SSHFP record: `hash` is SHA-1 (1) or SHA-256 (2), the fingerprint is lower-case hex. */
type SshfpRecord = { algorithm: number; hash: number; fingerprint: string };

/** `blob` null: only the key's fingerprint is known. */
type ComparedKey = { keyType: string; fingerprint: string; blob: Uint8Array | null };

const SHA1 = 1;
const SHA256 = 2;

/** RFC 4255, 6594 and 7479; keys of other types have no number, and no records. */
const ALGORITHMS: ReadonlyMap<string, number> = new Map([
  ["ssh-rsa", 1],
  ["ssh-dss", 2],
  ["ecdsa-sha2-nistp256", 3],
  ["ecdsa-sha2-nistp384", 3],
  ["ecdsa-sha2-nistp521", 3],
  ["ssh-ed25519", 4],
]);

/** Whether DNS publishes this key, another of its type, or none. A SHA-256 record prevails over a SHA-1 one. */
export function compareSshfp(key: ComparedKey, records: readonly SshfpRecord[]): SshfpResult {
  const number = ALGORITHMS.get(key.keyType);
  if (number === undefined) return "no-number";
  const ofKind = records.filter(({ algorithm }) => algorithm === number);
  if (ofKind.length === 0) return "not-published";
  const strong = ofKind.filter((record) => record.hash === SHA256);
  if (strong.length > 0) {
    const own = hashInFingerprint(key.fingerprint);
    return strong.some(({ fingerprint }) => fingerprint === own) ? "match" : "mismatch";
  }
  const weak = ofKind.filter((record) => record.hash === SHA1);
  if (weak.length === 0 || key.blob === null) return "not-comparable";
  const own = hash("sha1", key.blob);
  return weak.some(({ fingerprint }) => fingerprint === own) ? "match" : "mismatch";
}

const LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?";
const FULL_NAME = new RegExp(`^(?:${LABEL}\\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$`);
const LONGEST_NAME = 253;

/**
 * The DNS name in a name as known_hosts writes it; null for an address, a pattern, and a name of one label, which means
 * something else in each network.
 */
export function nameInDns(name: string): string | null {
  const [, bracketed] = /^\[(.*)\]:\d{1,5}$/.exec(name) ?? [];
  const host = (bracketed ?? name).toLowerCase().replace(/\.$/, "");
  return host.length <= LONGEST_NAME && FULL_NAME.test(host) ? host : null;
}
