import type { Item } from "./found.ts";

/**
 * Says where a file pairs what is no pair: a private key that fits none of the certificates beside it. Only of keys
 * whose public half is known, and only where an end entity's certificate stands beside them.
 */
export function sayMisfits(items: readonly Item[]): string[] {
  const certificates = items.filter((item) => item.what === "certificate");
  if (!certificates.some(({ isCa }) => !isCa)) return [];
  const held = new Set(certificates.map(({ spkiSha256 }) => spkiSha256));
  const keys = items.filter((item) => item.what === "private-key");
  return keys.flatMap(({ spkiSha256 }, index) => {
    if (spkiSha256 === null || held.has(spkiSha256)) return [];
    const which = keys.length === 1 ? "the private key" : `private key ${index + 1}`;
    return [`${which} fits none of the certificates that stand beside it`];
  });
}
