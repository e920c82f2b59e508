import { hash } from "node:crypto";
import type { Collection } from "#domain/collection/collection.ts";
import { findFrame } from "#domain/collection/frame.ts";
import { readCollection } from "#domain/collection/read-collection.ts";
import { BUNDLE_START } from "#shared/model/bundle.ts";
import { type HostSignatures, readHostSignatures } from "./host-signature.ts";

/**
 * A bundle: the collector's stream, carried by hand. It is whole or it is none: nobody is there who could be asked for
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
  /** The host had no tool for a digest: a change on the way would not show. */
  hasNoDigest: boolean;
  /** What the host itself has signed of it. */
  signed: HostSignatures;
};

type Broken = { kind: "broken"; why: string };

/** Never throws. `why`: what is wrong with it, and what to do. */
export function readBundle(bytes: Uint8Array): Bundle | Broken {
  const frame = findFrame(bytes, null);
  if (!frame) return broken(sayForeign(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)));
  if (frame.incomplete !== null)
    return broken(`${frame.incomplete}; carry it again, as the collector wrote it`);
  if (hasStart(bytes.subarray(frame.end)))
    return broken("another bundle follows in the same file; give each bundle a file of its own");
  const stream = bytes.subarray(frame.start, frame.end);
  const collection = readCollection(stream, { nonce: frame.nonce });
  if (!collection || collection.incomplete !== null)
    return broken("it cannot be read; carry it again, as the collector wrote it");
  const { unixTime } = collection.facts;
  if (unixTime === null)
    return broken("it does not say when it was collected, so that nothing can be told to be newer or older");
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

/** What became of a bundle that has no first line any more, as far as that can be told. */
function sayForeign(bytes: Buffer): string {
  if (bytes.length === 0) return "the file is empty; the collector did not run, or the disk was full";
  if (bytes.indexOf(BUNDLE_START, 0, "utf16le") >= 0)
    return "it was written anew as UTF-16 on its way, as PowerShell's > does; carry the file itself";
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return "it is packed with gzip; unpack it first";
  if (bytes.includes(BUNDLE_START, 0, "latin1") && bytes.includes("\r\n"))
    return "its line ends were changed on the way; carry it as binary, not as text";
  if (bytes.subarray(0, 2).toString("latin1") === "#!")
    return "it is a script, not what it wrote: run sh collect.sh > bundle there, and carry the bundle";
  return "it is no bundle: no line of it begins a collection";
}
