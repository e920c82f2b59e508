import type {
  Authorities,
  Capability,
  CertificateTimestamp,
  EndpointAddress,
  EndpointFacts,
} from "../../model/hosts/endpoint.ts";
import type { Outcome } from "../../model/hosts/probe.ts";
import { formatCount } from "../count.ts";

const WORDS: Record<Outcome, string> = {
  presented: "presented",
  collected: "read",
  refused: "refused the connection",
  "timed-out": "timed out",
  "no-such-name": "no such name",
  "not-tls": "not TLS",
  alert: "TLS alert",
  reset: "connection reset",
  "host-key-unknown": "unknown host key",
  "host-key-not-accepted": "host key not accepted",
  "host-key-changed": "host key changed",
  "login-refused": "login refused",
  throttled: "throttled",
  "jump-failed": "jump host failed",
  "proxy-failed": "proxy failed",
  "not-supported": "not supported",
  "restricted-shell": "restricted shell",
  flooded: "too much output",
  truncated: "cut short",
  "no-starttls": "no STARTTLS",
  "starttls-refused": "STARTTLS refused",
  "other-protocol": "another protocol",
  injected: "plain text injected",
};

/** An outcome, in a few words. */
export const formatOutcome = (outcome: Outcome): string => WORDS[outcome];

/**
 * What an endpoint sent beside its chain, as names and values for people, the values in lines. Partly a stranger's
 * words.
 */
type SaidFact = { name: string; lines: readonly string[] };

/** Facts with a text of their own below, which replaces what was noted. */
const SAID_BELOW = new Set(["ocsp stapled", "sct", "client certificate requested"]);

/** So many authorities, and logs, are named; the others are counted. */
const MOST_NAMED = 10;

export function describeEndpointFacts(known: EndpointFacts): SaidFact[] {
  const noted = Object.entries(known.facts).filter(([name]) => !SAID_BELOW.has(name));
  return [
    ...noted.map(([name, value]) => ({ name, lines: [value] })),
    { name: "client certificate", lines: formatAuthorities(known.authorities) },
    { name: "ocsp staple", lines: [formatStaple(known.stapleBytes)] },
    { name: "timestamps", lines: formatTimestamps(known) },
    ...describeCapabilities(known),
    ...(known.addresses.length > 0
      ? [{ name: "addresses", lines: known.addresses.map(formatAddressOf) }]
      : []),
  ];
}

function formatAuthorities(authorities: Authorities | null): string[] {
  if (!authorities) return ["not requested"];
  const { names, total } = authorities;
  if (total === 0) return ["asked for, of no authority in particular"];
  const named = names.slice(0, MOST_NAMED);
  const more = total - named.length;
  return [
    `asked for, of ${formatCount(total, "authority", "authorities")}:`,
    ...named,
    ...(more > 0 ? [`and ${more} more`] : []),
  ];
}

const formatStaple = (bytes: number | null): string =>
  bytes === null ? "none came" : `${bytes.toLocaleString("en")} bytes`;

function formatTimestamps({ timestamps, facts }: EndpointFacts): string[] {
  if (timestamps.length > 0) return timestamps.slice(0, MOST_NAMED).map(formatTimestamp);
  return [facts.sct === "not requested" ? "none in the certificate; the server was not asked" : "none came"];
}

const FROM: Record<CertificateTimestamp["from"], string> = {
  certificate: "in the certificate",
  staple: "in the ocsp staple",
  handshake: "in the handshake",
};

const formatTimestamp = ({ logId, at, from }: CertificateTimestamp): string =>
  `log ${logId.slice(0, 16)} at ${at ?? "a time that cannot be read"}, ${FROM[from]}`;

function describeCapabilities({ capabilities }: EndpointFacts): SaidFact[] {
  if (!capabilities) return [];
  const lowest = capabilities.versions.findLast(({ state }) => state === "accepted");
  return [
    {
      name: "versions",
      lines: [...formatStates(capabilities.versions), ...(lowest ? [`lowest accepted: ${lowest.name}`] : [])],
    },
    { name: "groups", lines: formatStates(capabilities.groups) },
  ];
}

/** Capabilities that are accepted or refused, and those that are not known. */
function formatStates(capabilities: readonly Capability[]): string[] {
  const of = (state: Capability["state"]) =>
    capabilities.filter((capability) => capability.state === state).map(({ name }) => name);
  const said = (["accepted", "refused", "unknown"] as const).map((state) => [state, of(state)] as const);
  return said.flatMap(([state, names]) => (names.length > 0 ? [`${state}: ${names.join(", ")}`] : []));
}

const formatAddressOf = ({ address, outcome, leaf, message }: EndpointAddress): string => {
  const shown = leaf === null ? "" : ` ${leaf.slice(0, 16)}`;
  return outcome === "presented"
    ? `${address} serves${shown || " a leaf that cannot be read"}`
    : `${address} ${formatOutcome(outcome)}: ${message}`;
};
