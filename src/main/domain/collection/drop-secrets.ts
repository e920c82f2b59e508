import type { Unreadable } from "./collection.ts";
import type { Record } from "./stream.ts";

/**
 * The second wall: whatever a host sent, by mistake or because somebody there has misled its collector, a record that
 * has the shape of a private key or a password hash is dropped before anything reads it. `dropped` says which, and
 * where it was. Kinds that can explain why they are empty keep the rest of their record.
 */
export function dropSecrets(all: readonly Record[]): { records: Record[]; dropped: Unreadable[] } {
  const records: Record[] = [];
  const dropped: Unreadable[] = [];
  for (const record of all) {
    const inWords = findInWords(record);
    const secret = inWords ?? findSecret(record.bytes);
    if (secret === null) {
      records.push(record);
      continue;
    }
    const isEmptied = inWords === null && CAN_EXPLAIN.has(record.kind);
    if (isEmptied) records.push(emptied(record));
    // An empty file of keys gives the reason in its own entry.
    if (isEmptied && record.kind === "authorized-keys") continue;
    const path = inWords === null ? (record.value("path") ?? record.kind) : record.kind;
    dropped.push({ kind: KINDS.get(record.kind) ?? "limit", path, why: formatDropped(secret) });
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

/** Attributes with public keys, which are only ever read as such. */
const PUBLIC = new Set(["b64", "hex", "spki", "beside"]);

const formatDropped = (secret: SecretKind): string =>
  `what came of it has the shape of a ${secret}: it was dropped, and kept nowhere; see how it got there`;

const CAN_EXPLAIN = new Set(["authorized-keys", "sshd-file"]);

/** The same without its content. */
function emptied(record: Record): Record {
  const attributes: [string, string][] = [...record.attributes, ["why", "secret-dropped"]];
  return {
    kind: record.kind,
    encoding: record.encoding,
    attributes,
    values: (name) => attributes.filter(([found]) => found === name).map(([, value]) => value),
    value: (name) => attributes.find(([found]) => found === name)?.[1] ?? null,
    bytes: new Uint8Array(),
  };
}

/** The part of the collection that is unknown without a record. */
const KINDS = new Map<string, Unreadable["kind"]>([
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
  ["workloads", "workload"],
  ["unit", "workload"],
  ["unit-wants", "workload"],
  ["cron-job", "workload"],
  ["at-job", "workload"],
  ["processes", "workload"],
  ["setuid", "setuid"],
  ["keytab", "keytab"],
]);

type SecretKind = "private key" | "password hash";

/**
 * Whether bytes contain something with the shape of a private key or a password hash, in the clear or in base64 once
 * more.
 */
function findSecret(bytes: Uint8Array): SecretKind | null {
  if (bytes.length < SHORTEST) return null;
  const found = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isPrivateDer(found) || PRIVATE.some((shape) => found.includes(shape))) return "private key";
  // Most records have neither, so only a likely one is converted to text.
  const hasHash = found.includes("$") && HASHES.test(found.toString("latin1"));
  return hasHash || (found.includes("::") && SHADOW.test(found.toString("latin1"))) ? "password hash" : null;
}
const SHORTEST = 12;

/**
 * The base64 of a text at each of the three offsets, without the letters that depend on the bytes before and after it.
 */
function inBase64(text: string): string[] {
  return [0, 1, 2].map((before) => {
    const coded = Buffer.from(`${"\0".repeat(before)}${text}`)
      .toString("base64")
      .replace(/=+$/, "");
    return coded.slice(Math.ceil((before * 4) / 3), (before + text.length) % 3 === 0 ? undefined : -1);
  });
}

/** Words of PEM, OpenSSH, PGP and PuTTY, and how an OpenSSH key begins. */
const WORDS = ["PRIVATE KEY-----", "PRIVATE KEY BLOCK-----", "Private-Lines: ", "openssh-key-v1\0"];
const PRIVATE = [...WORDS, ...WORDS.flatMap(inBase64)];

/**
 * As crypt(3) writes them: MD5, bcrypt, SHA-2, scrypt, yescrypt, gost-yescrypt and Argon2. A hash has at least 20
 * letters.
 */
const HASHES =
  /\$(?:1|2[abxy]?|5|6|7|y|gy|md5|sha1|argon2(?:id?|d))\$(?:[^\s:$]{0,128}\$){0,4}[./A-Za-z0-9+=]{20,}/;

/** A line of /etc/shadow: a name, the password, the day of its last change, and six more that are numbers or empty. */
const SHADOW = /^[^:\s]{1,256}:[^:\s]{1,512}:\d{1,6}(?::\d{0,6}){5}:$/m;

/**
 * A private key in DER: a sequence that begins with a small version number. A certificate, a request and a revocation
 * list begin with a sequence.
 */
function isPrivateDer(bytes: Buffer): boolean {
  if (bytes[0] !== 0x30) return false;
  const lengthBytes = (bytes[1] ?? 0) < 0x80 ? 0 : (bytes[1] ?? 0) - 0x80;
  const at = 2 + lengthBytes;
  if (lengthBytes > 3 || bytes[at] !== 0x02 || bytes[at + 1] !== 1 || (bytes[at + 2] ?? 9) > 1) return false;
  return contentLength(bytes, lengthBytes) + at <= bytes.length;
}

const contentLength = (bytes: Buffer, lengthBytes: number): number =>
  lengthBytes === 0 ? (bytes[1] ?? 0) : bytes.readUIntBE(2, lengthBytes);
