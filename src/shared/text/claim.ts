import type { RunClaim } from "../model/run.ts";
import { sayHost } from "./plan.ts";

type Claimed = Pick<RunClaim, "host" | "port" | "outcome" | "newKey" | "signature">;

/** What a result claims that nobody's signature is good for, with its key to the last letter. */
export function sayClaim({ host, port, outcome, newKey, signature }: Claimed): string {
  const key = newKey ? `, and that the new key is ${newKey.line} (${newKey.fingerprint})` : "";
  return `${sayHost({ host, port })} says "${outcome}"${key}: claimed, not verified (${signature})`;
}

/** What is to be done about a claim. */
export const CLAIM_REMEDY =
  "nothing follows from a claim: no step is done by it, and no script is written with its key. Run the script there as root, so that the host signs its result; or have somebody who is known here sign it (ssh-keygen -Y sign -n latchkey-bundle -f KEY FILE), and import it once more";
