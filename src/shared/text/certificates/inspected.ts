import { assertNever } from "../../model/assert-never.ts";
import type {
  InspectedKind,
  StoreEntryKind,
  StoreIntegrity,
  StoreState,
} from "../../model/certificates/inspected.ts";
import { formatCount } from "../count.ts";

/** The kind of an inspected source, and how much is in it. */
export function formatInspected(kind: InspectedKind, count: number): string {
  switch (kind) {
    case "endpoint":
      return `the chain as it was sent, ${formatCount(count, "certificate")}`;
    case "certificates":
      return formatCount(count, "certificate");
    case "keystore":
      return count === 0 ? "a keystore" : `a keystore, ${formatCount(count, "certificate")}`;
    case "kubeconfig":
      return "a kubeconfig";
    case "kubernetes-secret":
      return "what Kubernetes keeps";
    case "authorized_keys":
      return formatCount(count, "authorized key");
    case "known_hosts":
      return formatCount(count, "known host key");
    case "public-key":
      return "a public key";
    case "private-key":
      return "a private key";
    case "other":
      return "neither a key nor a certificate";
    case "unknown":
      return "nothing that Latchkey can read";
    default:
      return assertNever(kind);
  }
}

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

/** Whether a store was verified to be unchanged; empty for a format without a checksum. */
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

/** The kind of an entry. */
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
