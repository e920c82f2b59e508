import type { Collection } from "#domain/collection/collection.ts";
import { type Authority, areAuthoritiesKnown } from "#domain/ssh/authorities.ts";
import type { CollectedHost } from "#store/visit.ts";

/** Which accounts certificates of the authorities open that sshd trusts, or may open. */
export const describeAuthorities = (
  collection: Collection,
  authorities: readonly Authority[],
): CollectedHost["authorities"] => ({
  trusted: authorities.flatMap(({ file, line, key: { fingerprint, keyType }, comment, accounts }) =>
    accounts.flatMap(({ account, principals, effective }) =>
      effective.state === "no"
        ? []
        : [{ account, fingerprint, keyType, comment, file, line, principals, effective }],
    ),
  ),
  isToldWhole: areAuthoritiesKnown(collection),
});
