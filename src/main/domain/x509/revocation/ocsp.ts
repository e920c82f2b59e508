import { hash } from "node:crypto";
import { bitsOf, type Element, printOid, readChildren, readElement, TAG, viewOf } from "#codec/der.ts";
import { openCertificate, type PathCertificate, readTime } from "#domain/x509/path/path-certificate.ts";
import {
  readAlgorithm,
  type Signed,
  type Verification,
  verifySignature,
} from "#domain/x509/path/verify-signature.ts";
import { toInstant } from "#shared/model/instant.ts";

/**
 * What an OCSP response says about a certificate, if its signer is authorized; `unknown` says why it does not decide.
 */
export type OcspVerdict = { state: "good" | "revoked" | "unknown"; sentence: string };

const SIGNS_ANSWERS = "1.3.6.1.5.5.7.3.9";

/** How long a response without an end is valid: otherwise a stored one would be valid for ever. */
const HOLDS_MS = 7 * 86_400_000;

const unknown = (sentence: string): OcspVerdict => ({ state: "unknown", sentence });

/**
 * Evaluates a response about `certificate`, which `issuer` has signed, at `at` (milliseconds since 1970). Accepted
 * signers are the issuer itself, and a certificate that it has issued for signing responses (RFC 6960, section
 * 4.2.2.2), whose own revocation is not checked.
 */
export function evaluateOcsp(
  der: Uint8Array,
  certificate: PathCertificate,
  issuer: PathCertificate,
  at: number,
): OcspVerdict {
  const answer = readOcsp(der);
  if (!answer) return unknown("the answer cannot be read");
  if (answer.kind === "refused") return unknown(`the responder did not answer (status ${answer.status})`);
  const own = answer.answers.find((each) => isAbout(each, certificate, issuer));
  if (!own) return unknown("the answer is about another certificate");
  const responders = [issuer, ...answer.certificates.filter((each) => mayAnswer(each, issuer, at))];
  const verified = responders.map(({ spki }) => verifySignature(answer.signed, spki));
  if (!verified.includes("valid")) return unknown(formatUnsigned(verified));
  if (at < own.thisUpdate) return unknown(`the answer is of a later time, ${formatTime(own.thisUpdate)}`);
  if (own.nextUpdate !== null && at > own.nextUpdate)
    return unknown(`the answer was to be renewed by ${formatTime(own.nextUpdate)}`);
  if (own.nextUpdate === null && at > own.thisUpdate + HOLDS_MS)
    return unknown(`the answer is of ${formatTime(own.thisUpdate)} and does not say until when it holds`);
  return toOcspVerdict(own);
}

function toOcspVerdict({ state, revokedAt, thisUpdate }: SingleAnswer): OcspVerdict {
  const asOf = `as of ${formatTime(thisUpdate)}`;
  if (state === "good") return { state, sentence: `not revoked, ${asOf}` };
  if (state === "unknown") return { state, sentence: `the responder does not know it, ${asOf}` };
  return {
    state,
    sentence: revokedAt === null ? `revoked, ${asOf}` : `revoked on ${formatTime(revokedAt)}, ${asOf}`,
  };
}

const formatTime = (at: number): string => toInstant(new Date(at));

const formatUnsigned = (verified: readonly Verification[]): string =>
  verified.includes("unsupported")
    ? "the answer is signed by an algorithm that this runtime cannot verify"
    : "the answer is signed by nobody who may give it";

/** The response names issuer and key by their hashes. */
function isAbout(answer: SingleAnswer, certificate: PathCertificate, issuer: PathCertificate): boolean {
  const key = keyBitsOf(issuer.spki);
  return (
    answer.hash !== null &&
    key !== null &&
    answer.serial === certificate.serial &&
    answer.issuerNameHash === hash(answer.hash, issuer.subjectDer, "hex") &&
    answer.issuerKeyHash === hash(answer.hash, key, "hex")
  );
}

/** The key bits of a SubjectPublicKeyInfo, as OCSP hashes them; null if it is none. */
export function keyBitsOf(spki: Uint8Array): Uint8Array | null {
  const view = viewOf(spki);
  const outer = readElement(view, 0, view.length);
  const [, key] = (outer?.tag === TAG.sequence && readChildren(view, outer, 2)) || [];
  return key ? bitsOf(view.subarray(key.content, key.end)) : null;
}

function mayAnswer(responder: PathCertificate, issuer: PathCertificate, at: number): boolean {
  const { notBefore, notAfter, extensions } = responder;
  return (
    responder.issuer.key === issuer.subject.key &&
    (extensions.purposes?.includes(SIGNS_ANSWERS) ?? false) &&
    extensions.malformed.length === 0 &&
    extensions.criticalUnknown.length === 0 &&
    notBefore !== null &&
    notAfter !== null &&
    notBefore <= at &&
    at <= notAfter &&
    verifySignature(responder.signed, issuer.spki) === "valid"
  );
}

/** What a responder says about one certificate (RFC 6960, section 4.2.1). */
type SingleAnswer = {
  /** The hash by which issuer and key are named, as Node names it; null for an unknown one. */
  hash: string | null;
  issuerNameHash: string;
  issuerKeyHash: string;
  /** The integer's content in lower-case hex. */
  serial: string;
  state: "good" | "revoked" | "unknown";
  /** Milliseconds since 1970. */
  revokedAt: number | null;
  thisUpdate: number;
  nextUpdate: number | null;
};

/** An OCSP response, or why there is none. */
type OcspAnswer =
  | { kind: "refused"; status: number }
  | {
      kind: "answered";
      answers: SingleAnswer[];
      signed: Signed;
      /** What the responder sent to show that it is authorized. */
      certificates: PathCertificate[];
    };

const BASIC = "1.3.6.1.5.5.7.48.1.1";
const MOST_BYTES = 1024 * 1024;
const MOST_ANSWERS = 1_000;

const HASHES = new Map([
  ["1.3.14.3.2.26", "sha1"],
  ["2.16.840.1.101.3.4.2.1", "sha256"],
  ["2.16.840.1.101.3.4.2.2", "sha384"],
  ["2.16.840.1.101.3.4.2.3", "sha512"],
]);

/** Reads an OCSPResponse from DER; null if it is none. Never throws. */
export function readOcsp(der: Uint8Array): OcspAnswer | null {
  const bytes = viewOf(der);
  const outer = bytes.length <= MOST_BYTES ? readElement(bytes, 0, bytes.length) : null;
  const [status, wrapper] = (outer?.tag === TAG.sequence && readChildren(bytes, outer, 2)) || [];
  if (status?.tag !== 0x0a) return null;
  const code = bytes[status.content] ?? 0xff;
  if (code !== 0) return { kind: "refused", status: code };
  const inner = wrapper?.tag === 0xa0 ? readElement(bytes, wrapper.content, wrapper.end) : null;
  const [type, body] = (inner?.tag === TAG.sequence && readChildren(bytes, inner, 2)) || [];
  if (type?.tag !== TAG.oid || body?.tag !== TAG.octetString) return null;
  if (printOid(bytes.subarray(type.content, type.end)) !== BASIC) return null;
  const basic = readElement(bytes, body.content, body.end);
  return basic ? readBasic(bytes, basic) : null;
}

function readBasic(bytes: Buffer, basic: Element): OcspAnswer | null {
  const [data, algorithm, signature, wrapper] =
    (basic.tag === TAG.sequence && readChildren(bytes, basic, 4)) || [];
  if (data?.tag !== TAG.sequence || !algorithm || signature?.tag !== TAG.bitString) return null;
  const fields = readChildren(bytes, data, 5)?.filter(({ tag }) => tag !== 0xa0);
  // The responder (a name or a key), the time, the responses, extensions.
  const list = fields?.[2];
  const answers = list?.tag === TAG.sequence ? readChildren(bytes, list, MOST_ANSWERS) : null;
  if (!fields || !answers) return null;
  const read = answers.map((answer) => readSingle(bytes, answer));
  return {
    kind: "answered",
    answers: read.flatMap((answer) => answer ?? []),
    signed: {
      content: bytes.subarray(data.start, data.end),
      algorithm: bytes.subarray(algorithm.start, algorithm.end),
      isSameAlgorithm: true,
      signature: bytes.subarray(signature.content, signature.end),
    },
    certificates: wrapper ? readCertificates(bytes, wrapper) : [],
  };
}

function readCertificates(bytes: Buffer, wrapper: Element): PathCertificate[] {
  const list = readElement(bytes, wrapper.content, wrapper.end);
  const parts = list?.tag === TAG.sequence ? readChildren(bytes, list, 10) : null;
  return (parts ?? []).flatMap(({ start, end }) => openCertificate(bytes.subarray(start, end)) ?? []);
}

function readSingle(bytes: Buffer, element: Element): SingleAnswer | null {
  const [id, status, from, to] = (element.tag === TAG.sequence && readChildren(bytes, element, 5)) || [];
  const [algorithm, name, key, serial] = (id?.tag === TAG.sequence && readChildren(bytes, id, 4)) || [];
  const thisUpdate = from ? readTime(bytes, from) : null;
  if (!algorithm || !name || !key || serial?.tag !== TAG.integer || !status || thisUpdate === null)
    return null;
  const state = ({ 128: "good", 161: "revoked", 130: "unknown" } as const)[status.tag];
  if (!state) return null;
  const until = to?.tag === 0xa0 ? readElement(bytes, to.content, to.end) : null;
  const revoked = state === "revoked" ? readElement(bytes, status.content, status.end) : null;
  return {
    hash: HASHES.get(readAlgorithm(bytes.subarray(algorithm.start, algorithm.end))?.oid ?? "") ?? null,
    issuerNameHash: bytes.toString("hex", name.content, name.end),
    issuerKeyHash: bytes.toString("hex", key.content, key.end),
    serial: bytes.toString("hex", serial.content, serial.end),
    state,
    revokedAt: revoked ? readTime(bytes, revoked) : null,
    thisUpdate,
    nextUpdate: until ? readTime(bytes, until) : null,
  };
}
