import { hash } from "node:crypto";
import { encodeDer, readElement, TAG, viewOf } from "#codec/der.ts";
import { readName } from "#domain/x509/names.ts";
import { createBudget } from "#domain/x509/path/build-paths.ts";
import { formatText } from "#domain/x509/path/comparable-name.ts";
import {
  type CertificateIndex,
  openCertificate,
  type PathCertificate,
} from "#domain/x509/path/path-certificate.ts";
import type { RevocationView, Revoked } from "#shared/model/certificates/chain.ts";
import { formatRevocation, type RevocationStatus, statusOf } from "./check-revocation.ts";
import { evaluateOcsp, keyBitsOf, type OcspVerdict } from "./ocsp.ts";
import type { RevocationList } from "./read-crl.ts";

type Known = {
  /** Candidates for its issuer and for signers of lists and responses. */
  pool: CertificateIndex;
  lists: readonly RevocationList[];
  /** OCSP responses that endpoints staple; null for an endpoint that staples none. */
  staples: readonly { where: string; staple: Uint8Array | null }[];
  /** Milliseconds since 1970. */
  at: number;
};

/**
 * What is known about the revocation of one certificate: a view for each response that an endpoint staples, and one for
 * the revocation lists. If nothing is said, it is not checked, which is no bad sign: many authorities have no OCSP.
 */
export function evaluateRevocation(leaf: Uint8Array, known: Known): RevocationView[] {
  const certificate = openCertificate(leaf);
  const issuer = certificate && findIssuer(certificate, known.pool);
  const stapled = known.staples.filter(({ staple }) => staple !== null);
  if (!certificate || !issuer) {
    const sentence = "its issuer is not known, so that nothing that is said of it can be believed";
    return [{ state: "not-checked", by: "nobody", sentence }];
  }
  const views = stapled.map(({ where, staple }) => {
    const { state, sentence } = evaluateOcsp(staple ?? new Uint8Array(), certificate, issuer, known.at);
    return { state, by: `the answer that ${where} staples`, sentence };
  });
  return [...views, evaluateByLists(certificate, issuer, known)];
}

/** The certificate of a certificate's issuer, if it is known; null otherwise. */
function findIssuer(certificate: PathCertificate, pool: CertificateIndex): PathCertificate | null {
  const budget = createBudget();
  const named = pool.bySubject(certificate.issuer.key);
  return named.find(({ spki }) => budget.verifyCertificate(certificate, spki) === "valid") ?? null;
}

/** The source that is named for the verdict of lists. */
export const BY_LISTS = "the revocation lists that were given";

function evaluateByLists(
  certificate: PathCertificate,
  issuer: PathCertificate,
  known: Known,
): RevocationView {
  const by = BY_LISTS;
  if (known.lists.length === 0)
    return { state: "not-checked", by, sentence: "no revocation list was given, and none is fetched" };
  const budget = createBudget();
  const status = statusOf(certificate, issuer, [certificate, issuer], {
    lists: known.lists,
    signers: known.pool.all,
    at: known.at,
    verify: budget.verify,
    // Only the issuer, and those that it has let sign lists. The chain shows whether the issuer itself is trusted.
    isTrusted: (signer) =>
      signer.sha256 === issuer.sha256 || budget.verifyCertificate(signer, issuer.spki) === "valid",
  });
  return { by, ...toRevocationStatus(status) };
}

function toRevocationStatus(status: RevocationStatus): Pick<RevocationView, "state" | "sentence"> {
  switch (status.state) {
    case "good":
      return { state: "good", sentence: "it is on none of the lists that speak for it" };
    case "revoked":
      return { state: "revoked", sentence: `it ${formatRevocation(status.revocation)}` };
    default:
      return { state: "not-checked", sentence: `it ${status.why}` };
  }
}

export type RevocationFacts = { lists: string[]; responders: string[] };

/** Where its authority publishes lists and responses. */
export function readRevocationFacts(leaf: Uint8Array): RevocationFacts {
  const extensions = openCertificate(leaf)?.extensions;
  const lists = (extensions?.distributionPoints ?? []).flatMap(({ name }) =>
    name?.kind === "full"
      ? name.names.flatMap((each) => (each.form === "uri" ? formatText(each.value) : []))
      : [],
  );
  return { lists, responders: (extensions?.responders ?? []).map(formatText) };
}

/**
 * The revocation that is known of a certificate after these views. A response that said "revoked" stays in force,
 * because whoever has the key can go on stapling an older one; a list stays in force until a newer one says otherwise.
 */
export function settleRevoked(known: Revoked | null, views: readonly RevocationView[]): Revoked | null {
  const against = views.find(({ state }) => state === "revoked");
  if (against) return { by: against.by, sentence: against.sentence };
  const isWithdrawn =
    known?.by === BY_LISTS && views.some(({ state, by }) => state === "good" && by === BY_LISTS);
  return isWithdrawn ? null : known;
}

/** How lists name a certificate. */
type CertificateIdentity = { issuer: PathCertificate["issuer"]; serial: PathCertificate["serial"] };

/** Whether any list names a certificate. To find out whether that list is valid costs more. */
export const isNamedByAny = (
  lists: readonly RevocationList[],
  { issuer, serial }: CertificateIdentity,
): boolean =>
  lists.some((list) => {
    const isOwn = list.issuer.key === issuer.key;
    if (!isOwn && !list.coverage?.isIndirect) return false;
    const revoked = list.revoked();
    return revoked.find(serial, issuer.key) !== null || (isOwn && revoked.find(serial, null) !== null);
  });

/** Identifies a response. */
export const markOf = (answer: Uint8Array): string => hash("sha256", answer, "hex");

/** The name of a list's issuer, as certificates print it. */
export function formatIssuer({ issuerDer }: RevocationList): string {
  const view = viewOf(issuerDer);
  const element = readElement(view, 0, view.length);
  return element ? readName(view, element, Number.POSITIVE_INFINITY).text : "";
}

/** A serial number that is printed as certificates do, as the content of its DER. */
export function serialBytes(printed: string): string {
  const digits = printed.toLowerCase();
  const even = digits.length % 2 === 0 ? digits : `0${digits}`;
  return /^[89a-f]/.test(even) ? `00${even}` : even;
}

/** A query to responders about a certificate, and how its responses are evaluated. `at`: milliseconds since 1970. */
export type OcspQuery = { request: Uint8Array; evaluate(answer: Uint8Array, at: number): OcspVerdict };

/**
 * Null if nobody in the pool has signed the certificate: then the query cannot name it, and no response can be
 * verified.
 */
export function createOcspRequest(leaf: Uint8Array, pool: CertificateIndex): OcspQuery | null {
  const certificate = openCertificate(leaf);
  const issuer = certificate && findIssuer(certificate, pool);
  const key = issuer && keyBitsOf(issuer.spki);
  if (!key) return null;
  return {
    request: encodeRequest(certificate, issuer, key),
    evaluate: (answer, at) => evaluateOcsp(answer, certificate, issuer, at),
  };
}

/** SHA-1 as an AlgorithmIdentifier: the one hash by which every responder knows its issuers (RFC 5019, section 2.1.1). */
const SHA1 = Buffer.from("300906052b0e03021a0500", "hex");

/**
 * OCSPRequest (RFC 6960, section 4.1.1) about one certificate, unsigned. It has no nonce, which most responders do not
 * repeat: the dates of a response show whether it is current.
 */
function encodeRequest(
  { serial }: PathCertificate,
  { subjectDer }: PathCertificate,
  key: Uint8Array,
): Buffer {
  const list = (...parts: readonly Uint8Array[]) => encodeDer(TAG.sequence, ...parts);
  const sha1 = (bytes: Uint8Array) => encodeDer(TAG.octetString, hash("sha1", bytes, "buffer"));
  const id = list(SHA1, sha1(subjectDer), sha1(key), encodeDer(TAG.integer, Buffer.from(serial, "hex")));
  const request = list(id);
  return list(list(list(request)));
}
