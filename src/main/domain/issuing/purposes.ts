import { labelOf } from "#domain/x509/path/chain-reason.ts";
import type { PathCertificate } from "#domain/x509/path/path-certificate.ts";
import type { IssuedFault } from "./issued-fault.ts";

/** Extended key usages of TLS. */
export const PURPOSE = { server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" } as const;
const ANY_PURPOSE = "2.5.29.37.0";

const WORDS = new Map<string, string>([
  [PURPOSE.server, "TLS servers"],
  [PURPOSE.client, "TLS clients"],
  ["1.3.6.1.5.5.7.3.3", "signing code"],
  ["1.3.6.1.5.5.7.3.4", "mail"],
  ["1.3.6.1.5.5.7.3.8", "time stamps"],
  ["1.3.6.1.5.5.7.3.9", "answers of OCSP"],
]);

export const sayPurpose = (oid: string): string => WORDS.get(oid) ?? `the purpose ${oid}`;

/** A certificate without this extension is for anything, and one that is for anything is for each. */
const isFor = (purposes: readonly string[] | null, oid: string): boolean =>
  purposes === null || purposes.includes(oid) || purposes.includes(ANY_PURPOSE);

/** Whether a certificate is for less than the one that is served now. */
export function checkPurposes(leaf: PathCertificate, before: PathCertificate | null): IssuedFault[] {
  const { purposes } = leaf.extensions;
  const had = before?.extensions.purposes ?? [];
  const lost = had.filter((oid) => oid !== PURPOSE.server && oid !== ANY_PURPOSE && !isFor(purposes, oid));
  return [
    ...(isFor(purposes, PURPOSE.server)
      ? []
      : [
          {
            code: "purpose-missing" as const,
            sentence: `${labelOf(leaf)} is not meant for TLS servers by its extended key usage`,
          },
        ]),
    ...(lost.length > 0
      ? [
          {
            code: "purpose-narrower" as const,
            sentence: `${labelOf(leaf)} is not for ${lost.map(sayPurpose).join(", ")}, which the one that is served now is for`,
          },
        ]
      : []),
  ];
}

/** One that was for anything may have been used for more than TLS servers: nobody knows. */
export function sayAnyPurpose(leaf: PathCertificate, before: PathCertificate): string[] {
  const wasForAnything = isFor(before.extensions.purposes, ANY_PURPOSE);
  const { purposes } = leaf.extensions;
  if (!wasForAnything || isFor(purposes, ANY_PURPOSE) || purposes === null) return [];
  return [
    `${labelOf(leaf)} is for ${purposes.map(sayPurpose).join(", ")} alone, where the one that is served now is for anything`,
  ];
}
