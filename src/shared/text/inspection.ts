import { assertNever } from "../model/assert-never.ts";
import type { InspectedKind } from "../model/inspected-kind.ts";
import { formatCount } from "./count.ts";

/** What a source turned out to be. */
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
