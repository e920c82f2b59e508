/** Certificate timestamps (RFC 6962, 3.3) from every source: only parsed, and not verified. */

import { type Element, readChildren, readElement, TAG, viewOf } from "#codec/der.ts";
import type { CertificateTimestamp } from "#shared/model/hosts/endpoint.ts";
import { toInstant } from "#shared/model/instant.ts";

/** DER of the identifiers of the extensions that hold a list: 1.3.6.1.4.1.11129.2.4.2 and .5. */
const IN_CERTIFICATE = Buffer.from("060a2b06010401d679020402", "hex");
const IN_STAPLE = Buffer.from("060a2b06010401d679020405", "hex");

/** More than any certificate has; further ones are not read. */
const MOST_TIMESTAMPS = 64;

/** Elements that are read in all, so that a search ends however they are nested. */
const MOST_ELEMENTS = 20_000;

type Sources = {
  leaf: Uint8Array | null;
  /** An OCSPResponse. */
  staple: Uint8Array | null;
  /** A SignedCertificateTimestampList, as the handshake has it. */
  list: Uint8Array | null;
};

/** All that come with a leaf. A list that cannot be read counts as empty. Never throws. */
export function readTimestamps({ leaf, staple, list }: Sources): CertificateTimestamp[] {
  const inLeaf = leaf && findList(viewOf(leaf), IN_CERTIFICATE);
  const inStaple = staple && findList(openResponse(viewOf(staple)), IN_STAPLE);
  return [
    ...(inLeaf ? readList(inLeaf, "certificate") : []),
    ...(inStaple ? readList(inStaple, "staple") : []),
    ...(list ? readList(viewOf(list), "handshake") : []),
  ];
}

/** The list in an extension, somewhere in the DER; null if there is none. */
function findList(bytes: Buffer, identifier: Buffer): Buffer | null {
  const root = readElement(bytes, 0, bytes.length);
  const left: Element[] = root ? [root] : [];
  for (let tried = 0; tried < MOST_ELEMENTS; tried++) {
    const element = left.pop();
    if (!element) return null;
    const children = isConstructed(element) ? readChildren(bytes, element, MOST_ELEMENTS) : null;
    const [first] = children ?? [];
    if (first && bytes.subarray(first.start, first.end).equals(identifier)) {
      const value = children?.find(({ tag }) => tag === TAG.octetString);
      return value ? contentOf(bytes, value) : null;
    }
    left.push(...(children ?? []));
  }
  return null;
}

const isConstructed = ({ tag }: Element): boolean => (tag & 0x20) !== 0;

/** An extension's value is DER itself: an OCTET STRING around the list. */
function contentOf(bytes: Buffer, { content, end }: Element): Buffer | null {
  const inner = readElement(bytes, content, end);
  return inner?.tag === TAG.octetString ? bytes.subarray(inner.content, inner.end) : null;
}

/** OCSPResponse: a status, and [0] around an identifier and the octets of the answer (RFC 6960, 4.2.1). */
function openResponse(bytes: Buffer): Buffer {
  const response = readElement(bytes, 0, bytes.length);
  const parts = response && readChildren(bytes, response, 8);
  const wrapper = parts?.find(({ tag }) => tag === 0xa0);
  const inner = wrapper && readElement(bytes, wrapper.content, wrapper.end);
  const answer = inner && readChildren(bytes, inner, 8)?.find(({ tag }) => tag === TAG.octetString);
  return answer ? bytes.subarray(answer.content, answer.end) : Buffer.alloc(0);
}

function readList(bytes: Buffer, from: CertificateTimestamp["from"]): CertificateTimestamp[] {
  const timestamps: CertificateTimestamp[] = [];
  if (bytes.length < 2) return timestamps;
  const end = Math.min(bytes.length, 2 + bytes.readUInt16BE());
  for (let at = 2; at + 2 <= end && timestamps.length < MOST_TIMESTAMPS; ) {
    const next = at + 2 + bytes.readUInt16BE(at);
    const timestamp = next <= end ? readTimestamp(bytes.subarray(at + 2, next), from) : null;
    if (timestamp) timestamps.push(timestamp);
    at = next;
  }
  return timestamps;
}

/** Only version 1 is read: a byte, the log, and the time in milliseconds. */
function readTimestamp(bytes: Buffer, from: CertificateTimestamp["from"]): CertificateTimestamp | null {
  if (bytes.length < 41 || bytes[0] !== 0) return null;
  return { logId: bytes.toString("hex", 1, 33), at: toDate(bytes.readBigUInt64BE(33)), from };
}

const LATEST = BigInt(Date.parse("9999-12-31T23:59:59Z"));

const toDate = (ms: bigint) => (ms > LATEST ? null : toInstant(new Date(Number(ms))));
