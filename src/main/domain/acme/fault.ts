import type { Broken } from "./reading/open-json.ts";
import type { AcmeProblem } from "./reading/read-problem.ts";

/** Why an authority did not do what it was asked for. Nothing was changed by it on any host. */
export type AcmeFault =
  /** There was no answer; the end of a sentence. */
  | { kind: "unanswered"; message: string }
  | { kind: "refused"; status: number; problem: AcmeProblem; retryAfter: number | null }
  | Broken
  /** What it wants to see could not be put there, or what we wanted it does not offer; a sentence. */
  | { kind: "unready"; message: string };

export const isFault = (value: object): value is AcmeFault =>
  "kind" in value && (FAULTS as readonly unknown[]).includes(value.kind);

const FAULTS = ["unanswered", "refused", "broken", "unready"] as const satisfies AcmeFault["kind"][];

/** A sentence that says who, why, and what to do. `host`: of the directory. */
export function sayFault(host: string, fault: AcmeFault, now: Date): string {
  switch (fault.kind) {
    case "unanswered":
      return `${host} cannot be asked: ${fault.message}`;
    case "broken":
      return `${host} does not answer as an ACME server does: ${fault.message}`;
    case "unready":
      return fault.message;
    case "refused":
      return `${host} refuses: ${sayProblem(fault.problem)}${sayWhat(fault, now)}`;
  }
}

/** In the authority's own words. */
function sayProblem({ type, detail, parts }: AcmeProblem): string {
  const said = parts.map((part) => `${part.name}: ${part.detail}`);
  return [`${detail}${type === null ? "" : ` (${type})`}`, ...said].join("; ");
}

function sayWhat({ problem, retryAfter }: Extract<AcmeFault, { kind: "refused" }>, now: Date): string {
  if (retryAfter !== null && retryAfter > 0) {
    const at = new Date(now.getTime() + retryAfter * 1_000).toISOString();
    return `; try again after ${at.slice(0, 10)} ${at.slice(11, 16)} UTC`;
  }
  switch (problem.type) {
    case "rateLimited":
      return "; try again later, or with another name";
    case "accountDoesNotExist":
      return "; remove this issuer and add it again, for a new account";
    case "externalAccountRequired":
      return "; give the key identifier and the key that the authority hands out for accounts";
    default:
      return "";
  }
}
