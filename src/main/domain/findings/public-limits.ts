import type { Certificate } from "#shared/model/certificate.ts";
import { countLife, limitFor } from "#shared/text/public-limit.ts";

type Dates = Pick<Certificate, "isCa" | "notBefore" | "notAfter">;

/**
 * Whether a certificate of an end entity lives longer than a public authority could let it when it issued it (BR 6.3.2).
 * It says nothing of whether a public authority did: those of private ones live as long as they like.
 */
export function isOverPublicLimit({ isCa, notBefore, notAfter }: Dates): boolean {
  if (isCa || notBefore === null || notAfter === null) return false;
  const limit = limitFor(notBefore);
  const life = countLife(notBefore, notAfter);
  return limit !== null && life !== null && life > limit;
}

const EXTENDED_KEY_USAGE = "2.5.29.37";

/** id-kp-clientAuth, as extensions are said. Without the extension any use is allowed, but nothing asks for it. */
export function isForClients({ isCa, extensions }: Pick<Certificate, "isCa" | "extensions">): boolean {
  const usage = extensions.find(({ oid }) => oid === EXTENDED_KEY_USAGE)?.value;
  return !isCa && (usage?.split(", ").includes("TLS Web Client Authentication") ?? false);
}
