import ipaddr from "ipaddr.js";
import { decodePem, findPemBlocks } from "#codec/pem.ts";
import { readRequest } from "#domain/issuing/read-request.ts";
import { openCertificate, type PathCertificate } from "#domain/x509/path/path-certificate.ts";
import type { AcmeIdentifier, ChallengeType } from "#shared/model/issuers/issuer.ts";
import { type AcmeProblem, readProblemFields } from "./fault.ts";
import { type Broken, broken, eachOf, fieldsOf, openJson, textOf, urlAt } from "./json.ts";

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

const ORDER_STATUSES = new Set<unknown>(["pending", "ready", "processing", "valid", "invalid"]);

/** More names than an authority takes. */
const MOST_NAMES = 1_000;

export function readOrder(origin: string, bytes: Uint8Array): AcmeOrder | Broken {
  const fields = openJson(bytes);
  if (!fields) return broken("the order is no JSON object");
  const { status } = fields;
  const identifiers = eachOf(fields.identifiers, MOST_NAMES, readIdentifier);
  const authorizations = eachOf(fields.authorizations, MOST_NAMES, (url) => urlAt(origin, url));
  const finalize = urlAt(origin, fields.finalize);
  if (!ORDER_STATUSES.has(status)) return broken("the order has no state that is known");
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

function readIdentifier(value: unknown): AcmeIdentifier | null {
  const fields = fieldsOf(value);
  const name = textOf(fields?.value, 255);
  const type = fields?.type;
  return name !== null && (type === "dns" || type === "ip") ? { type, value: name.toLowerCase() } : null;
}

/** What an order needs next, by its state alone (RFC 8555, section 7.1.6). */
type OrderMove =
  | { kind: "authorize" }
  | { kind: "finalize" }
  | { kind: "wait" }
  | { kind: "download"; url: string }
  | { kind: "over"; problem: AcmeProblem | null };

/** `isAuthorized`: every name is authorized, so a pending order is only slow. */
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

/**
 * The identifiers to order so that the certificate has the names of a request; a sentence if ACME has none for one of
 * them.
 */
export function identifiersOf(csr: Uint8Array): AcmeIdentifier[] | string {
  const request = readRequest(csr);
  if (!request) return "the request cannot be read";
  const found = new Map<string, AcmeIdentifier>();
  for (const name of request.extensions.names) {
    const identifier = identifierOf(name);
    if (!identifier)
      return `the request asks for ${name.slice(0, 260)}, and ACME has host names and addresses only`;
    found.set(`${identifier.type} ${identifier.value}`, identifier);
  }
  return found.size > 0 ? [...found.values()] : "the request asks for no name";
}

function identifierOf(name: string): AcmeIdentifier | null {
  if (name.startsWith("DNS:")) return { type: "dns", value: name.slice(4).toLowerCase().replace(/\.$/, "") };
  const address = name.startsWith("IP:") ? name.slice(3) : "";
  if (!ipaddr.isValid(address)) return null;
  const parsed = ipaddr.parse(address);
  // RFC 8738, section 3: as RFC 5952 writes it.
  return {
    type: "ip",
    value: parsed.kind() === "ipv6" ? (parsed as ipaddr.IPv6).toRFC5952String() : address,
  };
}

/** One challenge that an authority offers for a name, and its state. */
export type OfferedChallenge = {
  type: ChallengeType;
  url: string;
  status: "pending" | "processing" | "valid" | "invalid";
  /** Letters, digits, - and _ alone: it becomes the name of a file. */
  token: string;
  problem: AcmeProblem | null;
};

export type Authorization = {
  /** Without `*.`, which `isWildcard` says. */
  identifier: AcmeIdentifier;
  isWildcard: boolean;
  status: "pending" | "valid" | "invalid" | "deactivated" | "expired" | "revoked";
  /** Those of kinds that are known here. */
  challenges: OfferedChallenge[];
};

const TYPES = new Set<unknown>(["http-01", "dns-01", "tls-alpn-01"]);
const AUTHORIZATION_STATUSES = new Set<unknown>([
  "pending",
  "valid",
  "invalid",
  "deactivated",
  "expired",
  "revoked",
]);
const CHALLENGE_STATUSES = new Set<unknown>(["pending", "processing", "valid", "invalid"]);
const MOST_CHALLENGES = 32;
const TOKEN = /^[A-Za-z0-9_-]{1,256}$/;

export function readAuthorization(origin: string, bytes: Uint8Array): Authorization | Broken {
  const fields = openJson(bytes);
  const identifier = readIdentifier(fields?.identifier);
  if (!fields || !identifier) return broken("an authorization does not say for which name it is");
  if (!AUTHORIZATION_STATUSES.has(fields.status))
    return broken(`the authorization of ${identifier.value} has no state that is known`);
  const offered = Array.isArray(fields.challenges) ? fields.challenges.slice(0, MOST_CHALLENGES) : [];
  const challenges: OfferedChallenge[] = [];
  for (const value of offered) {
    const challenge = readChallenge(origin, value);
    if (challenge === "broken")
      return broken(`a challenge for ${identifier.value} has no address at ${origin}, or no usable token`);
    if (challenge !== "unknown") challenges.push(challenge);
  }
  return {
    identifier,
    isWildcard: fields.wildcard === true,
    status: fields.status as Authorization["status"],
    challenges,
  };
}

function readChallenge(origin: string, value: unknown): OfferedChallenge | "unknown" | "broken" {
  const fields = fieldsOf(value);
  if (!fields || !TYPES.has(fields.type)) return "unknown";
  const url = urlAt(origin, fields.url);
  const token = textOf(fields.token, 256);
  if (!url || !token || !TOKEN.test(token) || !CHALLENGE_STATUSES.has(fields.status)) return "broken";
  return {
    type: fields.type as ChallengeType,
    url,
    token,
    status: fields.status as OfferedChallenge["status"],
    problem: readProblemFields(fields.error),
  };
}

/** No server sends a longer chain. */
const MOST_CERTIFICATES = 10;

/**
 * The issued chain: the leaf first, in the order in which it was sent, without a root at its end. Each is whole DER.
 */
export function readChain(bytes: Uint8Array): { chain: Uint8Array[] } | Broken {
  const blocks = findPemBlocks(Buffer.from(bytes).toString("latin1"));
  if (blocks.length === 0) return broken("what it issued is no certificate in PEM");
  if (blocks.length > MOST_CERTIFICATES)
    return broken(
      `what it issued has ${blocks.length} certificates, where ${MOST_CERTIFICATES} are a long chain`,
    );
  const chain: PathCertificate[] = [];
  for (const { label, lines, problem, line } of blocks) {
    const der = label === "CERTIFICATE" && problem === null ? decodePem(lines) : null;
    const certificate = der && openCertificate(der);
    if (!certificate || certificate.der.length !== der.length)
      return broken(`what it issued holds something at line ${line} that is no certificate`);
    chain.push(certificate);
  }
  const isRoot = (certificate: PathCertificate | undefined) => certificate?.isSelfIssued === true;
  const sent = chain.length > 1 && isRoot(chain.at(-1)) ? chain.slice(0, -1) : chain;
  return { chain: sent.map(({ der }) => der) };
}
