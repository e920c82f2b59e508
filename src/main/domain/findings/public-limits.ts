import type { Certificate } from "#shared/model/certificate.ts";
import { countLife, limitFor } from "#shared/text/public-limit.ts";

type Limited = Pick<Certificate, "isCa" | "notBefore" | "notAfter" | "extensions">;

/**
 * Whether a certificate of a server lives longer than a public authority could let it when it issued it (BR 6.3.2).
 * It says nothing of whether a public authority did: those of private ones live as long as they like, and so do those for
 * mail, code or clients alone.
 */
export function isOverPublicLimit({ isCa, notBefore, notAfter, extensions }: Limited): boolean {
  if (isCa || notBefore === null || notAfter === null || !mayServe(extensions)) return false;
  const limit = limitFor(notBefore);
  const life = countLife(notBefore, notAfter);
  return limit !== null && life !== null && life > limit;
}

const EXTENDED_KEY_USAGE = "2.5.29.37";

/** id-kp-clientAuth, as extensions are said. Without the extension any use is allowed, but nothing asks for it. */
export const isForClients = ({ isCa, extensions }: Pick<Certificate, "isCa" | "extensions">): boolean =>
  !isCa && (usesOf(extensions)?.includes("TLS Web Client Authentication") ?? false);

const SERVING = new Set(["TLS Web Server Authentication", "Any Extended Key Usage"]);

/** Without the extension any use is allowed. */
const mayServe = (extensions: Certificate["extensions"]): boolean =>
  usesOf(extensions)?.some((use) => SERVING.has(use)) ?? true;

/** Null where the extension is not there; none where it cannot be read. */
function usesOf(extensions: Certificate["extensions"]): string[] | null {
  const found = extensions.find(({ oid }) => oid === EXTENDED_KEY_USAGE);
  return found ? (found.value?.split(", ") ?? []) : null;
}
