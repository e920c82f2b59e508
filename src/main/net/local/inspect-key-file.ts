import { createHash } from "node:crypto";
import { lstat } from "node:fs/promises";
import { formatPublicKey } from "#codec/ssh-key.ts";
import { readSmallFile } from "#net/ssh/identities.ts";
import { type PrivateKeyFile, readPrivateKeyFile } from "#net/ssh/private-key-file.ts";
import type { KeyPossession } from "#shared/model/hosts/host.ts";
import { readTextFile } from "./read-ssh-files.ts";

export type KeyFileInspection = {
  uid: number;
  gid: number;
  /** Four octal digits. */
  mode: string;
  isEncrypted: boolean | null;
  /** SHA-256 of the private key file. */
  hash: string | null;
  hasPublicFile: boolean;
  /** `type base64`, and the fingerprint; from the .pub file if the private key file does not show them. */
  line: string | null;
  fingerprint: string | null;
  comment: string;
  /** A key that can be read here has made a signature; one with a passphrase makes it once that is typed. */
  possession: KeyPossession;
  /** Why the key cannot be replaced; null: it can. */
  stuck: string | null;
};

/** What is at the path of a private key on this computer; null: nothing. */
export async function inspectKeyFile(path: string): Promise<KeyFileInspection | null> {
  const about = await lstat(path).catch(() => null);
  if (!about) return null;
  const mode = (about.mode & 0o7777).toString(8).padStart(4, "0");
  const bytes = await readSmallFile(path);
  const key = Buffer.isBuffer(bytes) ? readPrivateKeyFile(bytes) : null;
  const written = await readPublicLine(`${path}.pub`);
  const blob = key?.kind === "usable" ? key.blob : null;
  const line = blob ? formatPublicKey(blob) : (written?.line ?? null);
  return {
    uid: about.uid,
    gid: about.gid,
    mode,
    isEncrypted: key?.kind === "usable" ? false : (key?.isEncrypted ?? null),
    hash: Buffer.isBuffer(bytes) ? createHash("sha256").update(bytes).digest("hex") : null,
    hasPublicFile: written !== null,
    line,
    fingerprint: key?.fingerprint ?? null,
    comment: written?.comment ?? "",
    possession: possessionOf(key),
    stuck: whyNotReplaceable(
      path,
      about,
      key !== null && (key.kind === "usable" || key.isEncrypted !== null),
    ),
  };
}

function possessionOf(key: PrivateKeyFile | null): KeyPossession {
  if (key?.kind === "usable") return { kind: "verified" };
  return { kind: "claimed", why: key?.lock ? "locked" : "unsupported" };
}

function whyNotReplaceable(
  path: string,
  about: { isSymbolicLink(): boolean; isFile(): boolean; nlink: number },
  isKey: boolean,
): string | null {
  if (about.isSymbolicLink()) return `${path} is a link: name the file that it leads to`;
  if (!about.isFile() || !isKey) return `${path} is no private key that can be read`;
  return about.nlink > 1 ? `${path} has more than one name (hard link)` : null;
}

async function readPublicLine(path: string): Promise<{ line: string; comment: string } | null> {
  const file = await readTextFile(path, 1);
  const text = file && "text" in file ? file.text : "";
  const [, line, comment = ""] = /^(\S+ [A-Za-z0-9+/]+=*)(?: (.*))?$/m.exec(text) ?? [];
  return line ? { line, comment } : null;
}
