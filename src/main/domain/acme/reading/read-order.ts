import type { AcmeIdentifier } from "#shared/model/acme.ts";
import { type Broken, broken, eachOf, fieldsOf, openJson, textOf, urlAt } from "./open-json.ts";
import { type AcmeProblem, readProblemFields } from "./read-problem.ts";

type OrderStatus = "pending" | "ready" | "processing" | "valid" | "invalid";

export type AcmeOrder = {
  status: OrderStatus;
  identifiers: AcmeIdentifier[];
  authorizations: string[];
  finalize: string;
  /** Where the certificate is; null before it is there. */
  certificate: string | null;
  problem: AcmeProblem | null;
};

const STATUSES = new Set<unknown>(["pending", "ready", "processing", "valid", "invalid"]);

/** More names than an authority takes. */
const MOST_NAMES = 1_000;

export function readOrder(origin: string, bytes: Uint8Array): AcmeOrder | Broken {
  const fields = openJson(bytes);
  if (!fields) return broken("the order is no JSON object");
  const { status } = fields;
  const identifiers = eachOf(fields.identifiers, MOST_NAMES, readIdentifier);
  const authorizations = eachOf(fields.authorizations, MOST_NAMES, (url) => urlAt(origin, url));
  const finalize = urlAt(origin, fields.finalize);
  if (!STATUSES.has(status)) return broken("the order has no state that is known");
  if (!identifiers) return broken("the order does not say for which names it is");
  if (!authorizations) return broken(`the order has no authorizations at ${origin}`);
  if (!finalize) return broken(`the order cannot be ended at ${origin}`);
  const certificate = urlAt(origin, fields.certificate);
  if (status === "valid" && !certificate)
    return broken(`the order is done, and its certificate is not at ${origin}`);
  return {
    status: status as OrderStatus,
    identifiers,
    authorizations,
    finalize,
    certificate,
    problem: readProblemFields(fields.error),
  };
}

export function readIdentifier(value: unknown): AcmeIdentifier | null {
  const fields = fieldsOf(value);
  const name = textOf(fields?.value, 255);
  const type = fields?.type;
  return name !== null && (type === "dns" || type === "ip") ? { type, value: name.toLowerCase() } : null;
}

/** What comes next of an order by its state alone (RFC 8555, section 7.1.6). */
type OrderMove =
  | { kind: "authorize" }
  | { kind: "finalize" }
  | { kind: "wait" }
  | { kind: "download"; url: string }
  | { kind: "over"; problem: AcmeProblem | null };

/** `isAuthorized`: every name has been shown to be ours, so that a pending order is only slow. */
export function nextOfOrder(order: AcmeOrder, isAuthorized: boolean): OrderMove {
  switch (order.status) {
    case "pending":
      return { kind: isAuthorized ? "wait" : "authorize" };
    case "ready":
      return { kind: "finalize" };
    case "processing":
      return { kind: "wait" };
    case "valid":
      return order.certificate ? { kind: "download", url: order.certificate } : { kind: "wait" };
    case "invalid":
      return { kind: "over", problem: order.problem };
  }
}

/** Whether two lists name the same, in whatever order. */
export function isSameNames(one: readonly AcmeIdentifier[], other: readonly AcmeIdentifier[]): boolean {
  const print = (names: readonly AcmeIdentifier[]) =>
    [...new Set(names.map(({ type, value }) => `${type} ${value}`))].sort().join("\n");
  return print(one) === print(other);
}
