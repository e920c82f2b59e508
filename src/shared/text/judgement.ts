import type { ChainReason, Client, Judgement, Profile } from "../model/chain.ts";

const CLIENTS: Record<Client, string> = { openssl: "OpenSSL", go: "Go" };

/** "OpenSSL and Go". */
export const sayClients = (clients: readonly Client[]): string =>
  clients.map((client) => CLIENTS[client]).join(" and ");

/** The document that a profile goes by. */
export const PROFILES: Record<Profile, string> = {
  rfc5280: "RFC 5280",
  webpki: "the Baseline Requirements",
  clients: "what clients accept",
};

/** A judgement in one line, its profile named: "valid for OpenSSL and Go, against RFC 5280". */
export function sayVerdict({
  profile,
  state,
  acceptedBy,
}: Pick<Judgement, "profile" | "state" | "acceptedBy">): string {
  if (state === "valid-for-clients")
    return `valid for ${sayClients(acceptedBy)}, against ${PROFILES[profile]}`;
  if (state === "unsupported") return state;
  return profile === "clients" ? `${state} for clients` : `${state} by ${PROFILES[profile]}`;
}

/** A reason with the section of its rule. What certificates hold stands in it as it is written there. */
export function sayReason(reason: ChainReason): string {
  const rule = sayRule(reason);
  return rule === null ? reason.sentence : `${reason.sentence} (${rule})`;
}

/** The section of the rule that a reason goes back to, and who passes over it; null for path validation itself. */
function sayRule({ rule, acceptedBy = [] }: ChainReason): string | null {
  if (!rule) return null;
  return acceptedBy.length === 0
    ? rule.section
    : `${rule.section}; ${sayClients(acceptedBy)} accept${acceptedBy.length === 1 ? "s" : ""} it`;
}
