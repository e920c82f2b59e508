import { assertNever } from "../model/assert-never.ts";
import type { SshfpResult } from "../model/sshfp.ts";

/** What DNS says of a key, in words for a screen and a terminal. */
export function formatSshfp(result: SshfpResult): string {
  switch (result) {
    case "match":
      return "DNS publishes this key";
    case "mismatch":
      return "DNS publishes another key of this type";
    case "not-published":
      return "DNS publishes no key of this type";
    case "no-number":
      return "no record can be written for this type";
    case "not-comparable":
      return "DNS has only a hash for which the bytes of this key are missing here";
    default:
      return assertNever(result);
  }
}
