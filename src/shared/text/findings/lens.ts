import type { RuleId, Severity } from "../../model/finding.ts";
import type { EndpointGap, HostGap, Lens, LensItem, LensItemReport, RuleGap } from "../../model/lens.ts";
import { formatCount, formatNumber } from "../count.ts";

/** What an item is called, what it demands, and what of it no scan can see. */
type ItemText = { title: string; demand: string; unseen: string };

const LENSES: Record<Lens, string> = {
  "owasp-nhi": "OWASP Non-Human Identities Top 10 (2025)",
  "nist-ir-7966": "NIST IR 7966 (2015), access by SSH",
};

export const formatLens = (lens: Lens): string => LENSES[lens];

const ITEMS: Record<LensItem, ItemText> = {
  NHI1: {
    title: "Improper offboarding",
    demand: "An identity that is no longer needed is switched off and removed, and its keys with it.",
    unseen: "Tokens and accounts of cloud services; a use that is older than the logs of a host.",
  },
  NHI2: {
    title: "Secret leakage",
    demand: "Only the program that needs a secret can read it.",
    unseen: "Secrets in source code, images, chats and environment variables: their values are never read.",
  },
  NHI3: {
    title: "Vulnerable third-party NHI",
    demand: "A third party has no more of our secrets than its work needs, and can be cut off.",
    unseen: "Which third party has a key or a token of ours: nothing on a host shows it.",
  },
  NHI4: {
    title: "Insecure authentication",
    demand: "Machines log in, and show who they are, by methods that are neither weak nor out of date.",
    unseen: "How applications log in to databases, queues and services of others.",
  },
  NHI5: {
    title: "Overprivileged NHI",
    demand: "An identity may do what its work needs, and no more.",
    unseen: "What an identity may do within an application, a database or a cloud, and what it needs.",
  },
  NHI6: {
    title: "Insecure cloud deployment configurations",
    demand: "What deploys to a cloud has no static secret, and rights for its own work alone.",
    unseen: "Pipelines, their secrets and whom a cloud trusts: none of it stands on a host that is scanned.",
  },
  NHI7: {
    title: "Long-lived secrets",
    demand: "A secret expires, and is replaced before it is old.",
    unseen: "When an SSH key was made: nothing in it shows that. Tokens and API keys.",
  },
  NHI8: {
    title: "Environment isolation",
    demand: "Test and production have identities of their own.",
    unseen: "Environments of a cloud; hosts and accounts whose environment nobody has named.",
  },
  NHI9: {
    title: "NHI reuse",
    demand: "Each program has an identity of its own.",
    unseen: "Programs that share a password or a token; copies of a key on machines that are not scanned.",
  },
  NHI10: {
    title: "Human use of NHI",
    demand: "People do not work as an identity of a machine.",
    unseen: "Who typed: a log has an account, an address and a key, and no person.",
  },
  "ssh-implementation": {
    title: "Vulnerable SSH implementation",
    demand: "Servers and clients are up to date, and obsolete protocols and kinds of keys are off.",
    unseen: "Known vulnerabilities of a release of OpenSSH or of another server.",
  },
  "ssh-access-controls": {
    title: "Improperly configured access controls",
    demand: "No setting, account or file gives access to more people than it should.",
    unseen: "Firewalls, gateways and directory services between a client and a host.",
  },
  "ssh-unterminated-keys": {
    title: "Stolen, leaked, derived and unterminated keys",
    demand: "A key that others may have opens nothing, and access ends when nobody needs it any more.",
    unseen: "Copies of a private key on machines that are not scanned; a use that is older than the logs.",
  },
  "ssh-unaudited-keys": {
    title: "Backdoors: keys that nobody audits",
    demand: "Somebody has approved each key that opens an account.",
    unseen: "Keys that a command of the server supplies: it is named, and never run.",
  },
  "ssh-unintended-use": {
    title: "Unintended use of keys",
    demand: "A key does what it was meant for: one account, one command, known addresses.",
    unseen: "What somebody does after a login.",
  },
  "ssh-pivoting": {
    title: "Pivoting",
    demand: "Whoever gets into one host cannot get into the next one with what lies there.",
    unseen: "Paths over machines that are not scanned. Those that are known: latchkey graph.",
  },
  "ssh-human-error": {
    title: "Human errors",
    demand: "Whoever manages access knows how, and mistakes are noticed.",
    unseen: "Training, written rules, and who knows them.",
  },
};

export const describeItem = (item: LensItem): ItemText => ITEMS[item];

/** NIST's have no numbers of theirs that are shown (0080). */
export const formatItem = (item: LensItem): string =>
  item.startsWith("NHI") ? `${item} ${ITEMS[item].title}` : ITEMS[item].title;

const GAPS: Record<RuleGap, string> = {
  "nothing-scanned": "nothing was scanned yet",
  "no-host-read": "no host was read, endpoints alone were",
  "no-certificate-read": "no endpoint and no certificate was read",
  "no-endpoint-read": "no endpoint was read",
  "no-capabilities": "no endpoint was asked what it takes; latchkey scan --capabilities asks",
  "no-logs": "no log that was read shows logins",
  "short-logs": "no log that was read reaches back 90 days",
  "no-people-source": "no people source says who has left",
  "no-baseline": "nobody has set a baseline",
  "no-environments": "fewer than two environments are named",
  "inventory-incomplete": "the inventory is not marked complete, or was not read completely",
  "turned-off": "nobody has turned it on",
};

const HOST_GAPS: Record<HostGap["why"], string> = {
  "not-whole": "was not read whole as root",
  "no-logs": "has no log that shows logins",
  "short-logs": "has no log that reaches back 90 days",
};

const formatHostGap = ({ why, hosts, of }: HostGap): string =>
  `${formatNumber(hosts)} of ${formatCount(of, "host")} ${hosts === 1 ? HOST_GAPS[why] : HOST_GAPS[why].replace(/^was/, "were").replace(/^has/, "have")}`;

function formatEndpointGap({ why, endpoints, of }: EndpointGap): string {
  const isOne = endpoints === 1;
  const what = why === "not-read" ? "read" : `asked what ${isOne ? "it takes" : "they take"}`;
  return `${formatNumber(endpoints)} of ${formatCount(of, "endpoint")} ${isOne ? "was" : "were"} not ${what}`;
}

function reasonOf({ gap, hostGap, endpointGap }: LensItemReport["rules"][number]): string | null {
  if (gap !== null) return GAPS[gap];
  if (hostGap !== null) return formatHostGap(hostGap);
  return endpointGap && formatEndpointGap(endpointGap);
}

/** The rules of an item that may find more than they do, by the reason for it, a line each. */
export function formatRuleGaps({ rules }: LensItemReport, nameRule: (rule: RuleId) => string): string[] {
  return [...Map.groupBy(rules, reasonOf)].flatMap(([reason, less]) => {
    if (reason === null) return [];
    const isAll = less.length === rules.length && less.length > 1;
    return [`${isAll ? "all of them" : less.map(({ rule }) => nameRule(rule)).join(", ")} (${reason})`];
  });
}

/** That nothing is found means that nothing is there: all rules of the item have read all that they need. */
export const isClear = ({ rules, found }: LensItemReport): boolean =>
  found.length === 0 &&
  rules.length > 0 &&
  rules.every(({ gap, hostGap, endpointGap }) => gap === null && hostGap === null && endpointGap === null);

/** How many findings of each severity an item has, the most severe first; severities without any are left out. */
export function countBySeverity({ found }: LensItemReport): [Severity, number][] {
  const sums = new Map<Severity, number>();
  for (const { severity, count } of found) sums.set(severity, (sums.get(severity) ?? 0) + count);
  return [...sums];
}

/** What is found for an item, in words. That nothing is found is no word for an item that no rule covers. */
export function formatFound(report: LensItemReport): string {
  if (report.rules.length === 0) return "not covered";
  const counts = countBySeverity(report);
  if (counts.length > 0)
    return counts.map(([severity, count]) => `${formatNumber(count)} ${severity}`).join(", ");
  if (report.rules.every(({ gap }) => gap !== null)) return "unknown";
  return isClear(report) ? "none found" : "none found where it was read";
}
