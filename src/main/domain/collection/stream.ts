import { hash } from "node:crypto";
import { BUNDLE_START } from "#shared/model/hosts/bundle.ts";

/**
 * The framing of the collector's stream, as `collect.sh` describes it: a first line with the nonce, records of
 * known length, a trailer with their count and a digest. Content cannot look like framing, for it is encoded.
 */
export type RawRecord = {
  kind: string;
  encoding: string;
  /** Attributes in their order, undecoded; a name may occur more than once. */
  attributes: [name: string, value: string][];
  payload: Uint8Array;
};

type Frame = {
  nonce: string;
  records: RawRecord[];
  /** Null if the trailer is there and matches. */
  incomplete: string | null;
};

type FoundFrame = Frame & { start: number; end: number };

const START = BUNDLE_START;
const NEWLINE = 10;

/** Output of the host's shell start files may precede a bundle, with lines like the first one; this many are tried. */
const MOST_STARTS = 8;

const TRAILER =
  /^end (\d{1,9}) (\S+) (?:none|sha256 ([0-9a-f]{64})(?: [ *]-)?|sha256 ([0-9a-f]{64}) \*stdin)$/;

/**
 * Null if no first line with `nonce` was found; a null `nonce` accepts any. Of a cut or damaged stream it gives the
 * records that are complete.
 */
export const readFrame = (stream: Uint8Array, nonce: string | null): Frame | null => findFrame(stream, nonce);

/** The same, with its position: from its first line to the end of its last one, or to where the stream is cut. */
export function findFrame(stream: Uint8Array, nonce: string | null): FoundFrame | null {
  const bytes = Buffer.from(stream.buffer, stream.byteOffset, stream.byteLength);
  let first: FoundFrame | null = null;
  let from = 0;
  for (let tries = 0; tries < MOST_STARTS; tries++) {
    const start = findStart(bytes, nonce, from);
    if (!start) break;
    const frame = readFrom(bytes, start);
    if (frame.incomplete === null) return frame;
    first ??= frame;
    from = start.records;
  }
  return first;
}

/** Where the first line begins, and the records after it. */
type Start = { line: number; records: number; nonce: string };

function findStart(bytes: Buffer, nonce: string | null, from: number): Start | null {
  const start = nonce === null ? START : `${START}${nonce}\n`;
  for (let line = bytes.indexOf(start, from, "latin1"); line >= 0; ) {
    const end = bytes.indexOf(NEWLINE, line);
    if (end < 0) return null;
    const found = bytes.toString("latin1", line + START.length, end);
    const isLineStart = line === 0 || bytes[line - 1] === NEWLINE;
    if (isLineStart && /^[A-Za-z0-9._-]{1,128}$/.test(found)) return { line, records: end + 1, nonce: found };
    line = bytes.indexOf(start, line + 1, "latin1");
  }
  return null;
}

function readFrom(bytes: Buffer, { line: first, records: start, nonce }: Start): FoundFrame {
  const records: RawRecord[] = [];
  const stop = (incomplete: string | null, after = bytes.length): FoundFrame => ({
    nonce,
    records,
    incomplete,
    start: first,
    end: after,
  });
  for (let at = start; ; ) {
    const end = bytes.indexOf(NEWLINE, at);
    if (end < 0) return stop(formatCut(records));
    const line = bytes.toString("latin1", at, end);
    if (line.startsWith("end "))
      return stop(evaluateTrailer(line, bytes.subarray(first, at), { nonce, records }), end + 1);
    const header = readHeader(line);
    if (!header) return stop(`the stream is damaged after ${records.length} records`);
    const { length, ...record } = header;
    if (end + 1 + length > bytes.length) return stop(formatCut(records));
    records.push({ ...record, payload: bytes.subarray(end + 1, end + 1 + length) });
    at = end + 1 + length;
  }
}

const formatCut = (records: RawRecord[]): string =>
  `the stream stops early, after ${records.length} whole records`;

function evaluateTrailer(
  line: string,
  signed: Uint8Array,
  { nonce, records }: Omit<Frame, "incomplete">,
): string | null {
  const [isTrailer, count, itsNonce, digest = null, otherDigest = null] = TRAILER.exec(line) ?? [];
  if (!isTrailer || itsNonce !== nonce) return "the last line of the stream is damaged";
  if (Number(count) !== records.length)
    return `the stream holds ${records.length} records and should hold ${count}`;
  const expected = digest ?? otherDigest;
  if (expected !== null && hash("sha256", signed) !== expected) {
    return "the stream was changed on its way: its digest does not fit";
  }
  return null;
}

function readHeader(line: string): (Omit<RawRecord, "payload"> & { length: number }) | null {
  const [kind = "", length = "", encoding = "", ...words] = line.split(" ");
  if (!/^[a-z][a-z-]*$/.test(kind) || !/^\d{1,8}$/.test(length) || !/^(b64|hex|text|-)$/.test(encoding))
    return null;
  const attributes: [string, string][] = [];
  for (const word of words) {
    const colon = word.indexOf(":");
    if (colon < 1) return null;
    attributes.push([word.slice(0, colon), word.slice(colon + 1)]);
  }
  return { kind, encoding, attributes, length: Number(length) };
}

/** A record with its attributes and its payload decoded. */
export type Record = {
  kind: string;
  /** The value of an attribute as text; null if the record has none of that name. */
  value(name: string): string | null;
  /** All values of an attribute, in their order. */
  values(name: string): string[];
  /** All attributes in their order. */
  attributes: [name: string, value: string][];
  /** The payload's exact bytes, decoded from its plain, %xx, hex or base64 form. */
  bytes: Uint8Array;
  encoding: string;
};

export function decodeRecord({ kind, encoding, attributes, payload }: RawRecord): Record {
  const decoded = attributes.map(([name, value]): [string, string] => [name, nameOf(decodeToken(value))]);
  const values = (name: string) => decoded.filter(([found]) => found === name).map(([, value]) => value);
  return {
    kind,
    encoding,
    attributes: decoded,
    values,
    value: (name) => values(name)[0] ?? null,
    bytes: decodePayload(payload, encoding),
  };
}

/** A payload of lines, each split at its colons: names as text. */
export function readTable(bytes: Uint8Array): string[][] {
  const text = Buffer.from(bytes).toString("latin1");
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => line.split(":").map((field) => nameOf(Buffer.from(field, "latin1"))));
}

/** A payload of lines, each split at its tabs: names as text. */
export function readTabbed(bytes: Uint8Array): string[][] {
  const lines = Buffer.from(bytes).toString("latin1").split("\n");
  return lines.map((line) => line.split("\t").map((field) => nameOf(Buffer.from(field, "latin1"))));
}

/**
 * A name from a host as text. UTF-8 stands as it is; in anything else each byte above 0x7f is written \xNN and a
 * backslash is doubled, so that two different names stay different.
 */
export function nameOf(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  if (Buffer.from(text, "utf8").equals(bytes)) return text;
  return bytes
    .toString("latin1")
    .replaceAll("\\", "\\\\")
    .replace(/[\x80-\xff]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`);
}

function decodeToken(token: string): Buffer {
  const plain = token.replace(/%([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(plain, "latin1");
}

function decodePayload(payload: Uint8Array, encoding: string): Uint8Array {
  const text = Buffer.from(payload).toString("latin1");
  if (encoding === "b64") return new Uint8Array(Buffer.from(text, "base64"));
  if (encoding === "hex") return new Uint8Array(Buffer.from(text.replace(/\s+/g, ""), "hex"));
  return payload;
}
