import type { Unread } from "./collection.ts";
import type { Record } from "./record.ts";
import { findSecret, type SecretKind } from "./secret-shapes.ts";

/**
 * The second wall: whatever a host sent, by mistake or because somebody there has led its collector astray, no record that has
 * the shape of a private key or a password hash is read any further. What was dropped is said, and where it was; of those that
 * can say why they are empty the rest stays.
 */
export function dropSecrets(all: readonly Record[]): { records: Record[]; dropped: Unread[] } {
  const records: Record[] = [];
  const dropped: Unread[] = [];
  for (const record of all) {
    const inWords = findInWords(record);
    const secret = inWords ?? findSecret(record.bytes);
    if (secret === null) {
      records.push(record);
      continue;
    }
    const isEmptied = inWords === null && CAN_SAY_WHY.has(record.kind);
    if (isEmptied) records.push(emptied(record));
    // Of a file of keys that is empty the reason is told in its own place.
    if (isEmptied && record.kind === "authorized-keys") continue;
    const path = inWords === null ? (record.say("path") ?? record.kind) : record.kind;
    dropped.push({ kind: KINDS.get(record.kind) ?? "limit", path, why: sayDropped(secret) });
  }
  return { records, dropped };
}

function findInWords({ attributes }: Record): SecretKind | null {
  for (const [name, value] of attributes) {
    const found = PUBLIC.has(name) ? null : findSecret(Buffer.from(value));
    if (found) return found;
  }
  return null;
}

/** Names of public halves, which are read as such and as nothing else. */
const PUBLIC = new Set(["b64", "hex", "spki", "beside"]);

const sayDropped = (secret: SecretKind): string =>
  `what came of it has the shape of a ${secret}: it was dropped, and kept nowhere; see how it got there`;

const CAN_SAY_WHY = new Set(["authorized-keys", "sshd-file"]);

/** The same without its content. */
function emptied(record: Record): Record {
  const attributes: [string, string][] = [...record.attributes, ["why", "secret-dropped"]];
  return {
    kind: record.kind,
    encoding: record.encoding,
    attributes,
    sayAll: (name) => attributes.filter(([found]) => found === name).map(([, value]) => value),
    say: (name) => attributes.find(([found]) => found === name)?.[1] ?? null,
    bytes: new Uint8Array(),
  };
}

/** Which part of the collection is not known without a record. */
const KINDS = new Map<string, Unread["kind"]>([
  ["accounts", "accounts"],
  ["groups", "accounts"],
  ["shells", "accounts"],
  ["password-states", "password-state"],
  ["own-password", "password-state"],
  ["daemon", "sshd-config"],
  ["config", "sshd-config"],
  ["include", "sshd-config"],
  ["sshd-file", "sshd-config"],
  ["folder", "sshd-config"],
  ["effective", "sshd-effective"],
  ["effective-for", "sshd-effective"],
  ["authorized-keys", "authorized-keys"],
  ["authorized-keys-for", "authorized-keys"],
  ["key-file", "key-file"],
  ["agent", "key-file"],
  ["host-key", "host-key"],
  ["certificate", "certificate-file"],
  ["certificate-note", "certificate-file"],
  ["pem", "certificate-file"],
  ["file", "certificate-file"],
  ["listing", "server-config"],
  ["keystore", "keystore"],
  ["server", "server-config"],
  ["server-config", "server-config"],
  ["listener", "server-config"],
  ["process", "server-config"],
  ["addresses", "server-config"],
  ["log", "log"],
  ["last-logins", "log"],
  ["sudoers", "sudo"],
  ["sudoers-folder", "sudo"],
  ["doas", "sudo"],
  ["known-hosts", "outbound"],
  ["client-config", "outbound"],
]);
