import { decodePem, framePem, type PemBlock } from "#codec/pem.ts";
import type { LockedKey } from "#domain/keystores/locked-key.ts";
import { DEFAULT_PASSWORDS } from "#domain/keystores/read-keystore.ts";
import { type KeyLine, readAuthorizedKeys } from "#domain/ssh/authorized-keys.ts";
import { type PublicKey, readPublicKeyLine } from "#domain/ssh/key-blob.ts";
import { readKnownHosts } from "#domain/ssh/known-hosts.ts";
import type { Found, Item, Trial } from "./found.ts";
import {
  type PrivateKey,
  type PublicKeyFacts,
  readDerKey,
  readPublicKey,
  readPuttyKey,
  toKeyFacts,
  toPublicKeyFacts,
} from "./read-private-key.ts";

type KeyItem = Exclude<Item, { what: "certificate" }>;

const toItem = (
  what: KeyItem["what"],
  key: PublicKeyFacts | PublicKey | null,
  rest: Partial<KeyItem> = {},
): KeyItem => ({
  what,
  keyType: key?.keyType ?? null,
  keyBits: key?.keyBits ?? null,
  fingerprint: key?.fingerprint ?? null,
  spkiSha256: key && "spkiSha256" in key ? key.spkiSha256 : null,
  location: "",
  comment: "",
  options: "",
  line: null,
  isEncrypted: null,
  ...rest,
});

export const toPrivateItem = ({ isEncrypted, publicKey }: PrivateKey, comment = ""): Item =>
  toItem("private-key", publicKey, { isEncrypted, comment });

export function inspectPuttyKey(text: string): Found | null {
  const key = readPuttyKey(text);
  if (!key) return null;
  const malformed = key.problem === null ? [] : [`the private key ${key.problem}`];
  return { kind: "private-key", items: [toPrivateItem(key, key.comment)], malformed };
}

/** The longest that any key is; what is longer is not parsed. */
const MOST_BYTES = 64 * 1024;

export function inspectDerKey(der: Buffer): Found | null {
  const read = der.length > MOST_BYTES ? null : readDerKey(der);
  if (!read) return null;
  const isEncrypted = read.what === "private-key" ? false : null;
  return { kind: read.what, items: [toItem(read.what, read.key, { isEncrypted })], malformed: [] };
}

/** A public key that stands in a PEM block, or in the one of RFC 4716. */
export function readPublicKeyBlock({ label, lines, problem }: PemBlock): Item | null {
  if (problem !== null) return null;
  if (label === "SSH2 PUBLIC KEY") return readRfc4716(lines);
  if (label !== "PUBLIC KEY" && label !== "RSA PUBLIC KEY") return null;
  const key = readPublicKey(framePem(label, lines.join("\n")));
  return key && toItem("public-key", key);
}

function readRfc4716(lines: readonly string[]): Item | null {
  const isHeader = (line: string, index: number) =>
    line.includes(": ") || (lines[index - 1] ?? "").trimEnd().endsWith("\\");
  const blob = decodePem(lines.filter((line, index) => !isHeader(line, index)));
  const key = toKeyFacts(blob);
  const comment =
    lines
      .find((line) => /^comment: /i.test(line))
      ?.slice(9)
      .trim() ?? "";
  return key && toItem("public-key", key, { comment: comment.replace(/^"(.*)"$/, "$1") });
}

/** Lines of keys: by the file's name if that says what they are, else by the lines; null if they are neither. */
export function inspectKeyLines(name: string, bytes: Buffer): Found | null {
  const text = bytes.toString("utf8");
  if (/known_hosts/.test(name)) return inspectKnownHosts(text);
  const lines = readAuthorizedKeys(bytes);
  if (/authorized_keys/.test(name)) return inspectGrants(lines);
  const first = lines[0];
  if (!first) return null;
  const alone = lines.length === 1 ? readPublicKeyLine(first.text) : null;
  if (alone)
    return {
      kind: "public-key",
      items: [toItem("public-key", toKeyFacts(alone.key.blob) ?? alone.key, { comment: alone.comment })],
      malformed: [],
    };
  if (lines.some(({ key, problem }) => key && !problem)) return inspectGrants(lines);
  const hosts = inspectKnownHosts(text);
  if (hosts.items.length > 0) return hosts;
  return lines.some(({ key, keyTypeText }) => key || keyTypeText !== null) ? inspectGrants(lines) : null;
}

function inspectGrants(lines: readonly KeyLine[]): Found {
  return {
    kind: "authorized_keys",
    items: lines.map(({ key, keyTypeText, comment, options, line }) => ({
      ...toItem("grant", key, { comment, options, line }),
      keyType: key?.keyType ?? keyTypeText,
    })),
    malformed: lines.flatMap(({ line, problem }) => (problem === null ? [] : [`line ${line}: ${problem}`])),
  };
}

/** `[@marker] NAMES TYPE BASE64 [COMMENT]`; marker and names are shown as options. */
const KNOWN_HOST = /^[ \t]*((?:@\S+[ \t]+)?\S+)[ \t]+(\S+[ \t]+\S+.*)$/;

function inspectKnownHosts(text: string): Found {
  const { problems } = readKnownHosts(text, "");
  const broken = new Set(problems.map(({ line }) => line));
  const items: Item[] = [];
  for (const [index, raw] of text.split("\n").entries()) {
    const line = index + 1;
    const [, options = "", rest = ""] = (/^[ \t]*#/.test(raw) ? null : KNOWN_HOST.exec(raw)) ?? [];
    const read = broken.has(line) ? null : readPublicKeyLine(rest);
    if (read) items.push(toItem("known-host", read.key, { comment: read.comment, options, line }));
  }
  return {
    kind: "known_hosts",
    items,
    malformed: problems.map(({ line, why }) => `line ${line}: ${why}`),
  };
}

/** Limit for passwords that nobody typed, in iterations of PBKDF2. */
const MOST_WORK = 2_000_000;

/** Adds a private key that has a passphrase, with its public key if one of the passphrases opens it. */
export function takeLockedKey(found: Found, lock: LockedKey, trial: Trial): void {
  const key = openWith(lock, trial);
  const publicKey = key && toPublicKeyFacts(key);
  found.items.push(toPrivateItem({ isEncrypted: true, publicKey, problem: null, lock }));
  if (publicKey) return;
  if (!lock.canBeOpened) found.malformed.push(`the private key: ${lock.why}`);
  else {
    found.wantsPassword = "to-open";
    if (trial && trial.passwords.length > 0) found.isWrongPassword = true;
  }
}

function openWith(lock: LockedKey, trial: Trial) {
  if (!trial || !lock.canBeOpened) return null;
  const isCheap = lock.work * DEFAULT_PASSWORDS.length <= MOST_WORK;
  const usual = trial.triesDefaults && isCheap ? DEFAULT_PASSWORDS : [];
  for (const passphrase of [...trial.passwords, ...usual]) {
    const key = lock.open(passphrase);
    if (key) return key;
  }
  return null;
}
