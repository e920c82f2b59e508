import { spkiOfBlob } from "#codec/ssh-key.ts";
import type { Collection, KeyFile } from "./collection.ts";
import { readEntry } from "./path-entry.ts";
import type { Record } from "./record.ts";

const FORMATS: readonly KeyFile["format"][] = ["openssh", "pem", "pkcs8", "putty"];

const WHY_NO_KEY: { [code: string]: string } = {
  encrypted: "it is encrypted, and its format hides the public half as well",
  malformed: "it is damaged or not a private key",
  "no-public-half": "no program on the host could tell its public half",
  "unknown-type": "its kind of key is unknown",
};

export function readKeyFiles(records: readonly Record[]): KeyFile[] {
  const files = new Map<string, KeyFile>();
  for (const record of records) {
    const path = record.say("path");
    const listed = readEntry(path ?? "", record.say("e") ?? "");
    if (record.kind !== "key-file" || path === null || !listed) continue;
    const { linkCount: _, size: __, ...entry } = listed;
    const why = record.say("why");
    const blob = readBlob(record);
    const spki = readHex(record.say("spki")) ?? (blob && spkiOfBlob(blob));
    const encrypted = record.say("encrypted");
    files.set(path, {
      path,
      entry,
      format: FORMATS.find((format) => format === record.say("format")) ?? "unknown",
      isEncrypted: encrypted === "yes" ? true : encrypted === "no" ? false : null,
      lock: readLock(record),
      proof: record.say("proof"),
      blob,
      blobBeside: blob ? null : readBase64(record.say("beside")),
      spki,
      whyNoKey: blob || spki ? null : (WHY_NO_KEY[why ?? ""] ?? "its public half could not be told"),
    });
  }
  return [...files.values()];
}

/** What the host says its host keys are, where it had private keys sign: fingerprints with commas between. */
export const readSigningHost = (records: readonly Record[]): string =>
  records.find(({ kind }) => kind === "signing")?.say("host") ?? "";

/** Public halves of the host keys. What was derived from the private half goes before its .pub file, which may be stale. */
export function readHostKeys(records: readonly Record[]): Collection["hostKeys"] {
  const derived = records
    .filter((record) => record.kind === "key-file" && record.say("host") === "yes")
    .flatMap((record) => {
      const path = record.say("path");
      const blob = readBlob(record);
      return path !== null && blob ? [{ path, blob }] : [];
    });
  const covered = new Set(derived.map(({ path }) => `${path}.pub`));
  const published = records
    .filter((record) => record.kind === "host-key" && !covered.has(record.say("path") ?? ""))
    .flatMap((record) => {
      const path = record.say("path");
      const blob = readPublicLine(record.bytes);
      return path !== null && blob ? [{ path, blob }] : [];
    });
  return [...derived, ...published];
}

function readBlob(record: Record): Uint8Array | null {
  return readHex(record.say("hex")) ?? readBase64(record.say("b64"));
}

const readHex = (text: string | null): Uint8Array | null =>
  text ? new Uint8Array(Buffer.from(text, "hex")) : null;

const readBase64 = (text: string | null): Uint8Array | null =>
  text ? new Uint8Array(Buffer.from(text, "base64")) : null;

function readLock(record: Record): KeyFile["lock"] {
  const cipher = record.say("cipher");
  const rounds = record.say("rounds");
  if (cipher === null) return null;
  return {
    cipher,
    kdf: record.say("kdf"),
    rounds: rounds !== null && /^\d{1,10}$/.test(rounds) ? Number(rounds) : null,
  };
}

/** The blob of a .pub file: the second word of its first line that has a type before it. */
function readPublicLine(bytes: Uint8Array): Uint8Array | null {
  const text = Buffer.from(bytes).toString("latin1");
  const [, base64 = null] =
    /^[ \t]*[a-z][a-z0-9@.-]+[ \t]+([A-Za-z0-9+/]{16,}={0,2})(?=\s|$)/m.exec(text) ?? [];
  return base64 === null ? null : new Uint8Array(Buffer.from(base64, "base64"));
}
