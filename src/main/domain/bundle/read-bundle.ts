import { hash } from "node:crypto";
import type { Collection } from "#domain/collection/collection.ts";
import { readCollection } from "#domain/collection/read-collection.ts";
import { findFrame } from "#domain/collection/stream.ts";
import { checkSignature } from "#domain/signatures/ssh-signature.ts";
import type { PublicKey } from "#domain/ssh/key-blob.ts";
import { BUNDLE_START, HOST_SIGNATURE_NAMESPACE } from "#shared/model/hosts/bundle.ts";

/**
 * A bundle: the collector's stream, transported without a network. It has to be whole, because nobody can be asked for
 * the rest of it.
 */
export type Bundle = {
  kind: "bundle";
  /** From its first line to its last. */
  stream: Uint8Array;
  collection: Collection;
  /** SHA-256 of the stream in hex: the identity of the bundle. */
  digest: string;
  /** When it was collected, by the host's own clock, in seconds since the epoch. */
  unixTime: number;
  /** The host had no tool for a digest: a change in transit would not show. */
  hasNoDigest: boolean;
  /** What host keys have signed of it. */
  signed: HostSignatures;
};

type Broken = { kind: "broken"; why: string };

/** Never throws. `why`: what is wrong with it, and what to do. */
export function readBundle(bytes: Uint8Array): Bundle | Broken {
  const frame = findFrame(bytes, null);
  if (!frame) return broken(formatForeign(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)));
  if (frame.incomplete !== null)
    return broken(`${frame.incomplete}; copy it again, as the collector wrote it`);
  if (hasStart(bytes.subarray(frame.end)))
    return broken("another bundle follows in the same file; give each bundle a file of its own");
  const stream = bytes.subarray(frame.start, frame.end);
  const collection = readCollection(stream, { nonce: frame.nonce });
  if (!collection || collection.incomplete !== null)
    return broken("it cannot be read; copy it again, as the collector wrote it");
  const { unixTime } = collection.facts;
  if (unixTime === null)
    return broken("it does not say when it was collected, so that nothing is known to be newer or older");
  const trailer = Buffer.from(stream).subarray(-200).toString("latin1");
  return {
    kind: "bundle",
    stream,
    collection,
    digest: hash("sha256", stream),
    unixTime,
    hasNoDigest: trailer.endsWith(" none\n"),
    signed: readHostSignatures(stream, bytes.subarray(frame.end)),
  };
}

const broken = (why: string): Broken => ({ kind: "broken", why });

function hasStart(bytes: Uint8Array): boolean {
  const rest = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return rest.indexOf(BUNDLE_START, 0, "latin1") === 0 || rest.includes(`\n${BUNDLE_START}`, 0, "latin1");
}

/** What happened to a bundle that has lost its first line, as far as that can be determined. */
function formatForeign(bytes: Buffer): string {
  if (bytes.length === 0) return "the file is empty; the collector did not run, or the disk was full";
  if (bytes.indexOf(BUNDLE_START, 0, "utf16le") >= 0)
    return "it was written anew as UTF-16 on its way, as PowerShell's > does; copy the file itself";
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return "it is packed with gzip; unpack it first";
  if (bytes.includes(BUNDLE_START, 0, "latin1") && bytes.includes("\r\n"))
    return "its line ends were changed on the way; copy it as binary, not as text";
  if (bytes.subarray(0, 2).toString("latin1") === "#!")
    return "it is a script, not what it wrote: run sh collect.sh > bundle there, and copy the bundle";
  return "it is no bundle: no line of it begins a collection";
}

/**
 * What host keys have signed of their bundle: the last line of the stream, which has the digest of everything before
 * it. The signatures follow that line, one for each host key that signs, after a line that names their format.
 */

type HostSignatures = {
  /** The keys that have signed it; each signature was verified. */
  keys: PublicKey[];
  /** Why there is none, as far as the collector said so; null if there is one, or if nothing was said. */
  why: string | null;
};

/** A host has a few keys; further ones are ignored. */
const MOST_SIGNATURES = 8;
const MOST_BYTES = 64 * 1024;

const BLOCK = /-----BEGIN SSH SIGNATURE-----\n[A-Za-z0-9+/=\n]*-----END SSH SIGNATURE-----\n/g;

/** By the words that the collector writes. */
const REASONS: Readonly<Record<string, string>> = {
  "not-root": "it was not collected as root, who alone can sign with a host key",
  "no-digest": "the host had no program for a digest (sha256sum, shasum or openssl)",
  "no-key": "no host key there signs: each is missing, locked or kept elsewhere",
  "no-tool": "the ssh-keygen of the host cannot sign (OpenSSH 8.1 and later can)",
};

/** `stream`: up to the end of its last line; `rest`: what follows it in the file. Never throws. */
export function readHostSignatures(stream: Uint8Array, rest: Uint8Array): HostSignatures {
  const text = Buffer.from(rest.subarray(0, MOST_BYTES)).toString("latin1");
  const [, unsigned] = /^host-unsigned ([a-z-]+)\n/.exec(text) ?? [];
  if (unsigned !== undefined) return none(REASONS[unsigned] ?? null);
  const [, version] = /^host-signature (\d{1,9})\n/.exec(text) ?? [];
  if (version === undefined) return none(null);
  if (version !== "1") return none("its host's signature is of a form that a later Latchkey reads");
  const end = lastLineOf(stream);
  if (!/ sha256 [0-9a-f]{64}/.test(end.toString("latin1"))) return none("what its host signed has no digest");
  const blocks = (text.match(BLOCK) ?? []).slice(0, MOST_SIGNATURES);
  const keys = blocks.flatMap((armored) => {
    const checked = checkSignature(armored, end, HOST_SIGNATURE_NAMESPACE);
    return checked.kind === "good" ? [checked.key] : [];
  });
  return keys.length > 0
    ? { keys, why: null }
    : none("its host's signature is not of this bundle, or was cut");
}

const none = (why: string | null): HostSignatures => ({ keys: [], why });

/** With its line end: exactly the bytes that were signed. */
function lastLineOf(stream: Uint8Array): Buffer {
  const bytes = Buffer.from(stream.buffer, stream.byteOffset, stream.byteLength);
  return bytes.subarray(bytes.lastIndexOf("\n", bytes.length - 2) + 1);
}
