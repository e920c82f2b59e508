import { hash } from "node:crypto";
import { BUNDLE_START } from "#shared/model/bundle.ts";

/**
 * The framing of the collector's stream, as `collect.sh` describes it: a first line with the nonce, records of
 * known length, a trailer with their count and a digest. Content cannot look like framing, for it is encoded.
 */
export type RawRecord = {
  kind: string;
  encoding: string;
  /** Attributes in their order, undecoded; a name may come more than once. */
  attributes: [name: string, value: string][];
  payload: Uint8Array;
};

export type Frame = {
  nonce: string;
  records: RawRecord[];
  /** Null when the trailer is there and fits. */
  incomplete: string | null;
};

export type FoundFrame = Frame & { start: number; end: number };

const START = BUNDLE_START;
const NEWLINE = 10;

/** A bundle may come with rc noise that holds lines like the first one; so many are tried before giving up. */
const MOST_STARTS = 8;

const TRAILER =
  /^end (\d{1,9}) (\S+) (?:none|sha256 ([0-9a-f]{64})(?: [ *]-)?|sha256 ([0-9a-f]{64}) \*stdin)$/;

/**
 * Null when no first line with `nonce` was found; any nonce does when it is null. Of a cut or damaged stream it
 * gives the records that stand there wholly.
 */
export const readFrame = (stream: Uint8Array, nonce: string | null): Frame | null => findFrame(stream, nonce);

/** The same, and where it stands: from its first line to the end of its last one, or of what is there of it. */
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
  const wanted = nonce === null ? START : `${START}${nonce}\n`;
  for (let line = bytes.indexOf(wanted, from, "latin1"); line >= 0; ) {
    const end = bytes.indexOf(NEWLINE, line);
    if (end < 0) return null;
    const found = bytes.toString("latin1", line + START.length, end);
    const isLineStart = line === 0 || bytes[line - 1] === NEWLINE;
    if (isLineStart && /^[A-Za-z0-9._-]{1,128}$/.test(found)) return { line, records: end + 1, nonce: found };
    line = bytes.indexOf(wanted, line + 1, "latin1");
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
