import { assertNever } from "../model/assert-never.ts";
import type { InspectedKind } from "../model/inspected-kind.ts";
import { sayCount } from "./count.ts";

/** What a source turned out to be. */
export function sayInspected(kind: InspectedKind, count: number): string {
  switch (kind) {
    case "endpoint":
      return `the chain as it was sent, ${sayCount(count, "certificate")}`;
    case "certificates":
      return sayCount(count, "certificate");
    case "authorized_keys":
      return sayCount(count, "authorized key");
    case "known_hosts":
      return sayCount(count, "known host key");
    case "public-key":
      return "a public key";
    case "private-key":
      return "a private key";
    case "unknown":
      return "nothing that Latchkey can read";
    default:
      return assertNever(kind);
  }
}
