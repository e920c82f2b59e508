import type { ChainReason, Client, Evaluation, Profile } from "../model/chain.ts";

const CLIENTS: Record<Client, string> = { openssl: "OpenSSL", go: "Go" };

/** "OpenSSL and Go". */
export const formatClients = (clients: readonly Client[]): string =>
  clients.map((client) => CLIENTS[client]).join(" and ");

/** The document that a profile goes by. */
export const PROFILES: Record<Profile, string> = {
  rfc5280: "RFC 5280",
  webpki: "the Baseline Requirements",
  clients: "what clients accept",
};

/** A judgement in one line, its profile named: "valid for OpenSSL and Go, against RFC 5280". */
export function formatVerdict({
  profile,
  state,
  acceptedBy,
}: Pick<Evaluation, "profile" | "state" | "acceptedBy">): string {
  if (state === "valid-for-clients")
    return `valid for ${formatClients(acceptedBy)}, against ${PROFILES[profile]}`;
  if (state === "unsupported") return state;
  return profile === "clients" ? `${state} for clients` : `${state} by ${PROFILES[profile]}`;
}

/** A reason with the section of its rule. What certificates hold stands in it as it is written there. */
export function formatReason(reason: ChainReason): string {
  const rule = formatRule(reason);
  return rule === null ? reason.sentence : `${reason.sentence} (${rule})`;
}

/** The section of the rule that a reason goes back to, and who passes over it; null for path validation itself. */
function formatRule({ rule, acceptedBy = [] }: ChainReason): string | null {
  if (!rule) return null;
  return acceptedBy.length === 0
    ? rule.section
    : `${rule.section}; ${formatClients(acceptedBy)} accept${acceptedBy.length === 1 ? "s" : ""} it`;
}
