import { assertNever } from "../model/assert-never.ts";
import type { StoreEntryKind, StoreIntegrity, StoreState } from "../model/keystore.ts";

/** How much of a store could be read. */
export function formatStoreState({
  state,
  holdsSecrets,
}: {
  state: StoreState;
  holdsSecrets: boolean;
}): string {
  switch (state) {
    case "open":
      return "open";
    case "partly-locked":
      return holdsSecrets ? "certificates readable, keys locked" : "partly locked";
    case "locked":
      return "locked";
    default:
      return assertNever(state);
  }
}

/** Whether a store was proved unchanged; empty for a format that has nothing to prove it by. */
export function formatIntegrity(integrity: StoreIntegrity): string {
  switch (integrity) {
    case "checked":
      return "unchanged since it was written with this password";
    case "not-checked":
      return "not checked: that needs its password";
    case "none":
      return "";
    default:
      return assertNever(integrity);
  }
}

/** What an entry is. */
export function formatEntryKind(kind: StoreEntryKind): string {
  switch (kind) {
    case "key":
      return "private key";
    case "certificate":
      return "certificate";
    case "secret":
      return "secret key";
    case "crl":
      return "revocation list";
    case "other":
      return "something else";
    default:
      return assertNever(kind);
  }
}
