import type { LoginProof } from "#net/ssh/prove/login-proof.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { Awaited, Evidence } from "#shared/model/step-result.ts";
import { nameKey } from "./name-key.ts";
import type { RunContext } from "./run-context.ts";

/**
 * `proved`: by what. `unverified`: it stands, and no login was to be had that could show it. `awaits-log`: only a log
 * can tell. `refused`: the change is to be taken back. `unsure`: nobody has said yes or no; it may be tried again, and where a
 * login is `awaited` somebody has to log in meanwhile. `alarm`: somebody else answers for the host.
 */
export type ProofOutcome =
  | { kind: "proved" | "unverified" | "awaits-log"; evidence: Evidence[] }
  | { kind: "refused" | "alarm"; message: string }
  | { kind: "unsure"; message: string; awaited?: Awaited };

export function readProof(run: RunContext, account: string, proof: LoginProof): ProofOutcome {
  switch (proof.kind) {
    case "proved":
      return { kind: "proved", evidence: [{ kind: "login", account, key: nameKey(run, proof.fingerprint) }] };
    case "refused":
      return { kind: "refused", message: `${account} is not let in: ${proof.message}` };
    case "inconclusive":
      return { kind: "unsure", message: `${account}: ${proof.message}` };
    case "other-host-key":
      return { kind: "alarm", message: proof.message };
    default:
      return assertNever(proof);
  }
}
