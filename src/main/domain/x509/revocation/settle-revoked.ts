import { hash } from "node:crypto";
import { readElement, viewOf } from "#codec/der.ts";
import { readName } from "#domain/x509/names.ts";
import type { PathCertificate } from "#domain/x509/path/path-certificate.ts";
import type { RevocationView, Revoked } from "#shared/model/trust.ts";
import { BY_LISTS } from "./judge-revocation.ts";
import type { RevocationList } from "./read-crl.ts";

/**
 * What is held against a certificate after these views. What an answer has said stays, for whoever has the key can go on
 * stapling an older one; what lists have said stays until newer ones say otherwise.
 */
export function settleRevoked(known: Revoked | null, views: readonly RevocationView[]): Revoked | null {
  const against = views.find(({ state }) => state === "revoked");
  if (against) return { by: against.by, sentence: against.sentence };
  const isTakenBack =
    known?.by === BY_LISTS && views.some(({ state, by }) => state === "good" && by === BY_LISTS);
  return isTakenBack ? null : known;
}

/** Whether any list names a certificate: whether that list is to be believed costs more to find out. */
export const isNamedByAny = (
  lists: readonly RevocationList[],
  { issuer, serial }: Pick<PathCertificate, "issuer" | "serial">,
): boolean =>
  lists.some((list) => {
    const isOwn = list.issuer.key === issuer.key;
    if (!isOwn && !list.scope?.isIndirect) return false;
    const revoked = list.revoked();
    return revoked.find(serial, issuer.key) !== null || (isOwn && revoked.find(serial, null) !== null);
  });

/** Tells an answer from every other one. */
export const markOf = (answer: Uint8Array): string => hash("sha256", answer, "hex");

/** The name of whoever issues a list, as certificates print their issuer. */
export function formatIssuer({ issuerDer }: RevocationList): string {
  const view = viewOf(issuerDer);
  const element = readElement(view, 0, view.length);
  return element ? readName(view, element, Number.POSITIVE_INFINITY).text : "";
}

/** A serial number as certificates print it, as the content of its DER. */
export function serialBytes(printed: string): string {
  const digits = printed.toLowerCase();
  const even = digits.length % 2 === 0 ? digits : `0${digits}`;
  return /^[89a-f]/.test(even) ? `00${even}` : even;
}
