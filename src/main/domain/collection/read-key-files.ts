import { readChildren, readElement, TAG } from "#codec/der.ts";
import { spkiOfBlob } from "#codec/ssh-key.ts";
import type { CertificateFile, Collection, DiskFile, KeyFile, Keystore } from "./collection.ts";
import { readEntry } from "./paths.ts";
import type { Record } from "./stream.ts";

const FORMATS: readonly KeyFile["format"][] = ["openssh", "pem", "pkcs8", "putty"];

const WHY_NO_KEY: { [code: string]: string } = {
  encrypted: "it is encrypted, and its format hides the public key as well",
  malformed: "it is damaged or not a private key",
  "no-public-key": "no program on the host could read its public key",
  "unknown-type": "its kind of key is unknown",
};

export function readKeyFiles(records: readonly Record[]): KeyFile[] {
  const files = new Map<string, KeyFile>();
  for (const record of records) {
    const path = record.value("path");
    const listed = readEntry(path ?? "", record.value("e") ?? "");
    if (record.kind !== "key-file" || path === null || !listed) continue;
    const { linkCount: _, size: __, ...entry } = listed;
    const why = record.value("why");
    const blob = readBlob(record);
    const spki = readHex(record.value("spki")) ?? (blob && spkiOfBlob(blob));
    const encrypted = record.value("encrypted");
    files.set(path, {
      path,
      entry,
      format: FORMATS.find((format) => format === record.value("format")) ?? "unknown",
      isEncrypted: encrypted === "yes" ? true : encrypted === "no" ? false : null,
      lock: readLock(record),
      signature: record.value("proof"),
      blob,
      blobBeside: blob ? null : readBase64(record.value("beside")),
      spki,
      whyNoKey: blob || spki ? null : (WHY_NO_KEY[why ?? ""] ?? "its public key could not be read"),
    });
  }
  return [...files.values()];
}

/** What the host says its host keys are, if it had private keys sign: fingerprints with commas between. */
export const readSigningHost = (records: readonly Record[]): string =>
  records.find(({ kind }) => kind === "signing")?.value("host") ?? "";

/** Public host keys. A key derived from the private key comes before its .pub file, which may be stale. */
export function readHostKeys(records: readonly Record[]): Collection["hostKeys"] {
  const derived = records
    .filter((record) => record.kind === "key-file" && record.value("host") === "yes")
    .flatMap((record) => {
      const path = record.value("path");
      const blob = readBlob(record);
      return path !== null && blob ? [{ path, blob }] : [];
    });
  const covered = new Set(derived.map(({ path }) => `${path}.pub`));
  const published = records
    .filter((record) => record.kind === "host-key" && !covered.has(record.value("path") ?? ""))
    .flatMap((record) => {
      const path = record.value("path");
      const blob = readPublicLine(record.bytes);
      return path !== null && blob ? [{ path, blob }] : [];
    });
  return [...derived, ...published];
}

function readBlob(record: Record): Uint8Array | null {
  return readHex(record.value("hex")) ?? readBase64(record.value("b64"));
}

const readHex = (text: string | null): Uint8Array | null =>
  text ? new Uint8Array(Buffer.from(text, "hex")) : null;

const readBase64 = (text: string | null): Uint8Array | null =>
  text ? new Uint8Array(Buffer.from(text, "base64")) : null;

function readLock(record: Record): KeyFile["lock"] {
  const cipher = record.value("cipher");
  const rounds = record.value("rounds");
  if (cipher === null) return null;
  return {
    cipher,
    kdf: record.value("kdf"),
    rounds: rounds !== null && /^\d{1,10}$/.test(rounds) ? Number(rounds) : null,
  };
}

/** The blob of a .pub file: the second word of its first line that begins with a type. */
function readPublicLine(bytes: Uint8Array): Uint8Array | null {
  const text = Buffer.from(bytes).toString("latin1");
  const [, base64 = null] =
    /^[ \t]*[a-z][a-z0-9@.-]+[ \t]+([A-Za-z0-9+/]{16,}={0,2})(?=\s|$)/m.exec(text) ?? [];
  return base64 === null ? null : new Uint8Array(Buffer.from(base64, "base64"));
}

const EXPLICIT_VERSION = 0xa0;

const WHY_MALFORMED: { [code: string]: string } = {
  "cut-short": "it ends before its own length says",
  "more-behind": "bytes follow it that do not belong to it",
  "not-a-certificate": "it is no certificate, in spite of its label",
  "not-base64": "it is not base64",
  "too-large": "only the first MiB of the file was read",
  "too-long": "it is longer than 128 KiB",
};

export function readCertificateFiles(records: readonly Record[]): CertificateFile[] {
  const files = new Map<string, CertificateFile>();
  for (const record of records) {
    const path = record.value("path");
    if (path === null || !record.kind.startsWith("certificate")) continue;
    const file = files.get(path) ?? { path, ders: [], malformed: [] };
    const label = `certificate ${record.value("n") ?? "?"}`;
    if (record.kind === "certificate-note") {
      const why = record.value("why") ?? "";
      file.malformed.push(`${label}: ${WHY_MALFORMED[why] ?? "it could not be read"}`);
    } else if (record.kind === "certificate") {
      const der = cutToElement(record.bytes);
      if (der && isShapedAsCertificate(der)) file.ders.push(der);
      // A request or a revocation list in a file of its own is not a broken certificate: it is skipped.
      else if (record.encoding === "hex") continue;
      else file.malformed.push(`${label}: ${WHY_MALFORMED["not-a-certificate"]}`);
    }
    files.set(path, file);
  }
  return [...files.values()];
}

/**
 * The order of blocks in PEM files that were read whole, by path: k for a private key, e for one that is encrypted or
 * of a kind for SSH, c for a certificate. `keys`: the files that hold a private key.
 */
export function readPemOrders(
  records: readonly Record[],
  files: readonly CertificateFile[],
  keys: readonly { path: string; isEncrypted: boolean | null }[],
): ReadonlyMap<string, string> {
  const orders = new Map<string, string>();
  const holding = new Set(keys.map(({ path }) => path));
  const certified = new Set(files.map(({ path }) => path));
  for (const { path, isEncrypted } of keys)
    if (!certified.has(path)) orders.set(path, isEncrypted ? "e" : "k");
  for (const { path, ders, malformed } of files)
    if (!holding.has(path) && malformed.length === 0) orders.set(path, "c".repeat(ders.length));
  for (const record of records) {
    const [path, order] = [record.value("path"), record.value("order") ?? ""];
    if (record.kind === "pem" && path !== null && /^[kec]{2,64}$/.test(order)) orders.set(path, order);
  }
  return orders;
}

/** The first element alone: base64 encodes groups of three bytes, so up to two more may follow. */
function cutToElement(bytes: Uint8Array): Uint8Array | null {
  const element = readElement(bytes, 0, bytes.length);
  return element && element.tag === TAG.sequence ? bytes.subarray(0, element.end) : null;
}

/**
 * Distinguishes a certificate from a request, a revocation list and a private key by the order of its tags. With an
 * explicit version it can be nothing else; without one (version 1) it has serial, algorithm, issuer, validity.
 */
function isShapedAsCertificate(der: Uint8Array): boolean {
  const outer = readElement(der, 0, der.length);
  const signed = outer && readElement(der, outer.content, outer.end);
  if (signed?.tag !== TAG.sequence) return false;
  if (der[signed.content] === EXPLICIT_VERSION) return true;
  const parts = readChildren(der, signed, 16) ?? [];
  const [serial, algorithm, issuer, validity] = parts;
  if (!serial || !algorithm || !issuer || !validity) return false;
  const row = [serial, algorithm, issuer, validity].map(({ tag }) => tag);
  const isRow = row[0] === TAG.integer && row.slice(1).every((tag) => tag === TAG.sequence);
  return (
    isRow && der[algorithm.content] === TAG.oid && /^1[78]$/.test((der[validity.content] ?? 0).toString(16))
  );
}

const KINDS: readonly Keystore["kind"][] = ["jks", "jceks", "pkcs12", "bcfks"];

const WHY: { [opened: string]: string } = {
  "no-tool": "the host has no openssl to open it with",
  "too-large": "it is too large to be opened there",
  "too-late": "the collector ran out of time for keystores",
};

export function readDiskFiles(records: readonly Record[]): ReadonlyMap<string, DiskFile> {
  return new Map(
    records.flatMap((record) => {
      const path = record.kind === "file" ? record.value("path") : null;
      const listed = path === null ? null : readEntry(path, record.value("e") ?? "");
      if (path === null || !listed) return [];
      const { linkCount: _, size: __, ...entry } = listed;
      const written = record.value("mtime");
      const writtenAt = written !== null && /^\d{1,12}$/.test(written) ? Number(written) : null;
      return [[path, { path, realPath: record.value("real"), entry, writtenAt }] as const];
    }),
  );
}

export function readKeystores(records: readonly Record[]): Keystore[] {
  return records.flatMap((record) => {
    const path = record.kind === "keystore" ? record.value("path") : null;
    const listed = path === null ? null : readEntry(path, record.value("e") ?? "");
    if (path === null || !listed) return [];
    const { linkCount: _, size: __, ...entry } = listed;
    const opened = record.value("opened") ?? "";
    return {
      path,
      entry,
      kind: KINDS.find((kind) => kind === record.value("kind")) ?? "unknown",
      state: readState(opened),
      password: opened === "default" ? record.value("password") : null,
      why: WHY[opened] ?? null,
    };
  });
}

function readState(opened: string): Keystore["state"] {
  switch (opened) {
    case "open":
    case "default":
    case "certificates":
    case "locked":
      return opened;
    default:
      return opened in WHY ? "not-opened" : "locked";
  }
}
