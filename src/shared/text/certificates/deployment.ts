import { assertNever } from "../../model/assert-never.ts";
import type { ServedRow, ServedState } from "../../model/certificates/served.ts";
import { Protocol } from "../../model/hosts/target.ts";
import type {
  DeploymentFile,
  NamedCertificate,
  ReloadEndpoint,
  ReloadedServer,
  VerificationEndpoint,
} from "../../model/runs/deployment.ts";
import { formatEndpoint } from "../hosts/target.ts";

const HOLDS: Record<DeploymentFile["holds"], string> = {
  chain: "the certificate and what leads to its root",
  leaf: "the certificate alone",
  intermediates: "what leads to its root",
  key: "the private key",
  "key+chain": "the private key, the certificate and what leads to its root",
  pkcs12: "a keystore (PKCS#12)",
  jks: "a keystore (JKS)",
};

export const formatHolds = ({ holds }: Pick<DeploymentFile, "holds">): string => HOLDS[holds];

/**
 * `web1:443/shop.example (smtp, 192.0.2.1, from its host)`: where a handshake is made, with which server name, and
 * after which STARTTLS negotiation.
 */
export function formatServedVerification(endpoint: VerificationEndpoint): string {
  const { startTls, addresses = [], from } = endpoint;
  const how = [
    ...(startTls === null ? [] : [startTls]),
    ...addresses,
    ...(from === "host" ? [FROM_HOST] : []),
  ];
  return `${formatVerificationEndpoint(endpoint)}${how.length === 0 ? "" : ` (${how.join(", ")})`}`;
}

const FROM_HOST = "from its host";

export const formatVerificationEndpoint = ({
  address,
  port,
  serverName,
}: Pick<VerificationEndpoint, "address" | "port" | "serverName">): string =>
  `${address.includes(":") ? `[${address}]` : address}:${port}${serverName === null ? "" : `/${serverName}`}`;

const STATES: Record<ServedState, string> = {
  "not-reloaded": "not reloaded",
  "other-process": "another program listens",
  "other-listed": "another one of the host's",
  differs: "differs",
  unknown: "cannot be decided",
  "not-seen": "not seen",
  agrees: "as configured",
  "never-served": "never served",
};

/** The deployment status, in a few words. */
export const formatServedState = (state: ServedState): string => STATES[state];

/** `nginx *:443 shop.example`, `postfix 192.0.2.1:25`: a listener and the server name. */
export function formatListener({
  address,
  port,
  name,
}: Pick<ServedRow, "address" | "port" | "name">): string {
  const listener =
    address === null ? `*:${port}` : `${address.includes(":") ? `[${address}]` : address}:${port}`;
  return name === null ? listener : `${listener} ${name}`;
}

/** The endpoint whose scan shows what is served there; null: none is known. */
export function formatHandshake({
  port,
  protocol,
  shownBy,
}: Pick<ServedRow, "port" | "protocol" | "shownBy">): string | null {
  const { data: startTls } = Protocol.safeParse(protocol);
  if (startTls === undefined || shownBy?.kind !== "scan") return null;
  const { host, serverName } = shownBy;
  return formatEndpoint({ host, port, serverName, protocol: startTls });
}

/** Why no scan shows what is served there, as a phrase; null: one may. */
export const formatWhyUnseen = ({ shownBy }: Pick<ServedRow, "shownBy">): string | null =>
  shownBy === null || shownBy.kind === "scan" ? null : shownBy.why;

export const formatFileLine = ({ file, line }: { file: string; line: number }): string => `${file}:${line}`;

/** `CN=shop.example, until 2027-01-01 (4f3a12c09b7e)`. */
export function formatNamedCertificate({ sha256, subject, notAfter }: NamedCertificate): string {
  const until = notAfter === null ? "" : `, until ${notAfter.slice(0, 10)}`;
  return `${subject || "a certificate"}${until} (${sha256.slice(0, 12)})`;
}

/**
 * What an endpoint of a server that is reloaded presents now, and afterwards: `stays` if that is the same. Null: it is
 * not known.
 */
export type PresentedChange = {
  now: NamedCertificate | null;
  next: NamedCertificate[];
  stays: boolean;
  whyUnknown: string | null;
};

export function toPresentedChange(
  { before, after }: ReloadEndpoint,
  { certificates }: ReloadedServer,
): PresentedChange {
  const named = (leaf: NamedCertificate["sha256"]): NamedCertificate =>
    certificates.find(({ sha256 }) => sha256 === leaf) ?? { sha256: leaf, subject: "", notAfter: null };
  const leaves = after.kind === "known" ? after.leaves : [];
  return {
    now: before === null ? null : named(before),
    next: leaves.map(named),
    stays: before !== null && leaves.includes(before),
    whyUnknown: after.kind === "unknown" ? after.why : null,
  };
}

/** What a server tries before it is reloaded. */
export function formatOwnTest({ tested }: ReloadedServer): string {
  switch (tested) {
    case "configuration":
      return "its own configuration test; if that fails, it is not reloaded";
    case "certificates":
      return "its certificates alone: its configuration could not be tested";
    case "nothing":
      return "it could not be tested";
    default:
      return assertNever(tested);
  }
}

/** `serves A -> B`, on one line. */
export function formatPresentedChange({ now, next, stays, whyUnknown }: PresentedChange): string {
  const before = now === null ? "unknown" : formatNamedCertificate(now);
  if (whyUnknown !== null) return `${before}; what is served afterwards is not known: ${whyUnknown}`;
  if (stays) return `${before}, unchanged`;
  return `${before} -> ${next.map(formatNamedCertificate).join(" or ")}`;
}
