import { cutAt } from "#shared/text/fit.ts";
import { type Broken, type Fields, fieldsOf, openJson, textOf } from "./json.ts";

/** Why an authority did not do what was requested. No host was changed. */
export type AcmeFault =
  /** There was no reply; the end of a sentence. */
  | { kind: "unanswered"; message: string }
  | { kind: "refused"; status: number; problem: AcmeProblem; retryAfter: number | null }
  | Broken
  /** A challenge response could not be put in place, or the authority does not support what we need; a sentence. */
  | { kind: "unready"; message: string };

export const isFault = (value: object): value is AcmeFault =>
  "kind" in value && (FAULTS as readonly unknown[]).includes(value.kind);

const FAULTS = ["unanswered", "refused", "broken", "unready"] as const satisfies AcmeFault["kind"][];

/** A sentence that says who, why, and what to do. `host`: of the directory. */
export function formatFault(host: string, fault: AcmeFault, now: Date): string {
  switch (fault.kind) {
    case "unanswered":
      return `${host} cannot be asked: ${fault.message}`;
    case "broken":
      return `${host} does not answer as an ACME server does: ${fault.message}`;
    case "unready":
      return fault.message;
    case "refused":
      return `${host} refuses: ${formatProblem(fault.problem)}${formatWhat(fault, now)}`;
  }
}

/** In the authority's own words. */
function formatProblem({ type, detail, parts }: AcmeProblem): string {
  const said = parts.map((part) => `${part.name}: ${part.detail}`);
  return [`${detail}${type === null ? "" : ` (${type})`}`, ...said].join("; ");
}

function formatWhat({ problem, retryAfter }: Extract<AcmeFault, { kind: "refused" }>, now: Date): string {
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

/** Why an authority refuses, in its own words (RFC 7807). */
export type AcmeProblem = {
  /** Without the prefix that all of ACME's have: `rateLimited`; null if it is none of ACME's. */
  type: string | null;
  detail: string;
  /** Its subproblems, each about one name. */
  parts: { name: string; detail: string }[];
};

const PREFIX = "urn:ietf:params:acme:error:";
const MOST_DETAIL = 600;
const MOST_PARTS = 20;

/** The reply to a refused request; what cannot be read of it is left out. */
export function readProblem(status: number, bytes: Uint8Array): AcmeProblem {
  const problem = readProblemFields(openJson(bytes));
  return problem ?? { type: null, detail: `it answers ${status} and says no reason`, parts: [] };
}

/** A problem inside an order or a challenge; null if there is none. */
export function readProblemFields(value: unknown): AcmeProblem | null {
  const fields = fieldsOf(value);
  if (!fields) return null;
  const type = textOf(fields.type, 200);
  const detail = readDetail(fields);
  const parts = Array.isArray(fields.subproblems) ? fields.subproblems.slice(0, MOST_PARTS) : [];
  if (type === null && detail === null) return null;
  return {
    type: type?.startsWith(PREFIX) ? type.slice(PREFIX.length) : null,
    detail: detail ?? type ?? "",
    parts: parts.flatMap(readPart),
  };
}

function readPart(value: unknown): AcmeProblem["parts"] {
  const fields = fieldsOf(value);
  const name = textOf(fieldsOf(fields?.identifier)?.value, 255);
  const detail = fields && readDetail(fields);
  return name && detail ? [{ name, detail }] : [];
}

function readDetail({ detail, title }: Fields): string | null {
  const text = textOf(detail, 100_000) ?? textOf(title, 100_000);
  return text && cutAt(text.replace(/\s+/g, " ").trim(), MOST_DETAIL);
}
