import { hash } from "node:crypto";
import { bitsOf, readChildren, readElement, TAG, viewOf } from "#codec/der.ts";
import type { PathCertificate } from "#domain/x509/path/path-certificate.ts";
import { type Verification, verifySignature } from "#domain/x509/path/verify-signature.ts";
import { toInstant } from "#shared/model/instant.ts";
import { readOcsp, type SingleAnswer } from "./read-ocsp.ts";

/** What an answer of OCSP says of a certificate, for those who may believe it; `unknown` says why it tells nothing. */
export type OcspVerdict = { state: "good" | "revoked" | "unknown"; sentence: string };

const SIGNS_ANSWERS = "1.3.6.1.5.5.7.3.9";

/** So long an answer is taken to hold that does not say until when: else one that is kept would be good for ever. */
const HOLDS_MS = 7 * 86_400_000;

const unknown = (sentence: string): OcspVerdict => ({ state: "unknown", sentence });

/**
 * Judges an answer about `certificate`, which `issuer` has signed, at `at` (milliseconds since 1970). Believed is the issuer itself, and whoever
 * has from it a certificate for signing answers (RFC 6960, section 4.2.2.2), which is not checked for its own revocation.
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
  if (at < own.thisUpdate) return unknown(`the answer is of a later time, ${say(own.thisUpdate)}`);
  if (own.nextUpdate !== null && at > own.nextUpdate)
    return unknown(`the answer was to be renewed by ${say(own.nextUpdate)}`);
  if (own.nextUpdate === null && at > own.thisUpdate + HOLDS_MS)
    return unknown(`the answer is of ${say(own.thisUpdate)} and does not say until when it holds`);
  return formatAnswer(own);
}

function formatAnswer({ state, revokedAt, thisUpdate }: SingleAnswer): OcspVerdict {
  const asOf = `as of ${say(thisUpdate)}`;
  if (state === "good") return { state, sentence: `not revoked, ${asOf}` };
  if (state === "unknown") return { state, sentence: `the responder does not know it, ${asOf}` };
  return {
    state,
    sentence: revokedAt === null ? `revoked, ${asOf}` : `revoked on ${say(revokedAt)}, ${asOf}`,
  };
}

const say = (at: number): string => toInstant(new Date(at));

const formatUnsigned = (verified: readonly Verification[]): string =>
  verified.includes("unsupported")
    ? "the answer is signed by an algorithm that this runtime cannot verify"
    : "the answer is signed by nobody who may give it";

/** Issuer and key are named by their hashes. */
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

/** The key of a SubjectPublicKeyInfo, as OCSP hashes it; null for what is none. */
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
