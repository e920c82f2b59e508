/**
 * The command line that shows what a list shows, and that of each of its rows; one function a list. What a command has no option for is asked by
 * `latchkey call`. Null where a word of it cannot be pasted into a terminal.
 */

import type { AccountRow } from "../model/access/account.ts";
import type { ChangeRow } from "../model/access/change.ts";
import type { GrantRow } from "../model/access/grant.ts";
import type { GraphLink } from "../model/access/graph.ts";
import type { LoginObservation, LoginRow } from "../model/access/login.ts";
import type { PersonRow } from "../model/access/person.ts";
import type { ReviewItem } from "../model/access/review.ts";
import type { CertificateRow } from "../model/certificates/certificate.ts";
import type { ServedRow } from "../model/certificates/served.ts";
import type { Finding } from "../model/finding.ts";
import type { HostRow } from "../model/hosts/host.ts";
import type { HostKeyRow } from "../model/hosts/host-key.ts";
import type { Scan } from "../model/hosts/scan.ts";
import type { LabelField, Labelled } from "../model/label.ts";
import type { RunRow } from "../model/runs/run.ts";
import { formatCall, formatCommand, formatWords, type Option } from "./command-line.ts";
import { formatLabelled } from "./hosts/target.ts";

/** How the rows of a list are shown by the command line; null where no line can be pasted. */
export type ListCommands<Row> = { view: string | null; ofRow: (row: Row) => string | null };

/** The filters of the lists, as their screens set them. */
type SearchFilter = { search: string };
type StateFilter = SearchFilter & { state: string | null };
type ScanFilter = StateFilter & { withPlans: boolean };
type PersonFilter = SearchFilter & { standing: string | null };
type ServedFilter = StateFilter & { host: string | null };
type RunFilter = StateFilter & { kind: string | null };
type ReviewItemFilter = SearchFilter & { review: string; reviewer: string | null; state: string | null };
type CertificateFilter = SearchFilter & {
  expiringWithinDays: number | null;
  role: string | null;
  location: string | null;
  host: string | null;
  spki: string | null;
  violation: number | null;
  owner: string | null;
  owned: boolean;
  tag: string | null;
  keyType: string | null;
  issuer: string | null;
};
type GrantFilter = SearchFilter & {
  host: string | null;
  account: string | null;
  fingerprint: string | null;
  keyType: string | null;
  effective: string | null;
  owner: string | null;
  use: string | null;
  orphaned: boolean;
  privateKeyNotFound: boolean;
  unapproved: boolean;
};
type AccountFilter = SearchFilter & {
  host: string | null;
  kind: string | null;
  root: string | null;
  owner: string | null;
  environment: string | null;
  lacksPurpose: boolean;
  unapproved: boolean;
};
type FindingFilter = SearchFilter & {
  severity: string | null;
  rule: string | null;
  item: string | null;
  host: string | null;
  accepted: boolean;
};
type LoginSourceFilter = SearchFilter & {
  host: string | null;
  account: string | null;
  from: string | null;
};
type LoginFilter = LoginSourceFilter & { method: string | null; since: string | null; until: string | null };
type ObservedFilter = LoginSourceFilter & { rule: string | null; accepted: boolean };
type HostKeyFilter = StateFilter & { host: string | null; shared: boolean; weak: boolean };
type ChangeFilter = SearchFilter & {
  host: string | null;
  kind: string | null;
  what: string | null;
  from: number | null;
  to: number | null;
  days: number | null;
};

export function formatCertificatesCommand(filter: CertificateFilter): string | null {
  if (filter.spki !== null || filter.violation !== null) return formatCall("certificates.list", filter);
  return formatCommand("certificates", filter.search, [
    ["--expiring", filter.expiringWithinDays],
    ["--role", filter.role],
    ["--location", filter.location],
    ["--host", filter.host],
    ["--owner", filter.owner === "" ? null : filter.owner],
    ["--no-owner", filter.owner === ""],
    ["--owned", filter.owned],
    ["--tag", filter.tag],
    ["--type", filter.keyType],
    ["--issuer", filter.issuer],
  ]);
}

export function formatAccessCommand(filter: GrantFilter): string | null {
  return formatCommand("access", `${filter.search} ${filter.fingerprint ?? ""}`, [
    ["--host", filter.host],
    ["--account", filter.account],
    ["--type", filter.keyType],
    ["--effective", filter.effective],
    ["--owner", filter.owner],
    ["--use", filter.use],
    ["--orphaned", filter.orphaned],
    ["--no-private-key", filter.privateKeyNotFound],
    ["--unapproved", filter.unapproved],
  ]);
}

export function formatAccountsCommand(filter: AccountFilter): string | null {
  const { search, host, kind, root, owner, environment, lacksPurpose, unapproved } = filter;
  return formatCommand("accounts", search, [
    ["--host", host],
    ["--kind", kind],
    ["--root", root],
    ["--owner", owner === "" ? null : owner],
    ["--no-owner", owner === ""],
    ["--environment", environment === "" ? null : environment],
    ["--no-environment", environment === ""],
    ["--no-purpose", lacksPurpose],
    ["--unapproved", unapproved],
  ]);
}

export const formatLoginsCommand = (filter: LoginFilter): string | null =>
  formatCommand("logins", filter.search, [
    ["--host", filter.host],
    ["--account", filter.account],
    ["--from", filter.from],
    ["--method", filter.method],
    ["--since", filter.since],
    ["--through", filter.until],
  ]);

export const formatObservedCommand = (filter: ObservedFilter): string | null =>
  formatCommand("logins", filter.search, [
    ["--observed", true],
    ["--host", filter.host],
    ["--account", filter.account],
    ["--from", filter.from],
    ["--rule", filter.rule],
    ["--accepted", filter.accepted],
  ]);

export const formatFindingsCommand = (filter: FindingFilter): string | null =>
  formatCommand("findings", filter.search, [
    ["--severity", filter.severity],
    ["--rule", filter.rule],
    ["--item", filter.item],
    ["--host", filter.host],
    ["--accepted", filter.accepted],
  ]);

export function formatReviewItemsCommand({
  review,
  search,
  reviewer,
  state,
}: ReviewItemFilter): string | null {
  if (search.trim() !== "") return formatCall("reviews.items", { review, search, reviewer, state });
  return formatWords(
    "reviews show",
    [review],
    [
      ["--reviewer", reviewer],
      ["--state", state],
    ],
  );
}

export const formatHostsCommand = ({ search, state }: StateFilter): string | null =>
  formatCommand("hosts", search, [["--state", state]]);

export function formatHostKeysCommand(filter: HostKeyFilter): string | null {
  if (filter.host !== null) return formatCall("hostKeys.list", filter);
  return formatCommand("host-keys", filter.search, [
    ["--state", filter.state],
    ["--shared", filter.shared],
    ["--weak", filter.weak],
  ]);
}

export const formatPeopleCommand = (filter: PersonFilter): string | null =>
  formatCommand("people list", filter.search, [["--standing", filter.standing]]);

export const formatServedCommand = (filter: ServedFilter): string | null =>
  formatCommand("served", filter.search, [
    ["--host", filter.host],
    ["--state", filter.state],
  ]);

export const formatRunsCommand = (filter: RunFilter): string | null =>
  formatCommand("runs list", filter.search, [
    ["--state", filter.state],
    ["--kind", filter.kind],
  ]);

export const formatScansCommand = (filter: ScanFilter): string | null => formatCall("scans.list", filter);

export const formatChangesCommand = (filter: ChangeFilter): string | null =>
  formatCommand("changes", filter.search, [
    ["--from", filter.from],
    ["--to", filter.to],
    ["--since", filter.days === null || filter.from !== null ? null : `${filter.days}d`],
    ["--host", filter.host],
    ["--kind", filter.kind],
    ["--what", filter.what],
  ]);

export const formatAuditLogCommand = (filter: SearchFilter): string | null =>
  formatCall("auditLog.list", filter);

type StepFilter = { search: string; host: string | null; onlyCertain: boolean; onlyRoot: boolean };
type LinkFilter = StepFilter & { by: string | null; person: string | null; standing: string | null };
type ReachFilter = StepFilter & { start: string; direction: "from" | "to" };

const narrowed = ({ host, onlyCertain, onlyRoot }: StepFilter): readonly Option[] => [
  ["--certain", onlyCertain],
  ["--root", onlyRoot],
  ["--host", host],
];

export const formatLinksCommand = (filter: LinkFilter): string | null =>
  formatCommand("graph list", filter.search, [
    ["--by", filter.by],
    ["--person", filter.person],
    ["--standing", filter.standing],
    ...narrowed(filter),
  ]);

export function formatReachCommand(filter: ReachFilter): string | null {
  if (filter.search.trim() !== "") return formatCall("graph.reach", filter);
  return formatWords(
    "graph reach",
    [filter.start],
    [["--to", filter.direction === "to"], ...narrowed(filter)],
  );
}

export const formatMutualCommand = (filter: Omit<StepFilter, "onlyRoot">): string | null =>
  formatCommand("graph mutual", filter.search, [
    ["--certain", filter.onlyCertain],
    ["--host", filter.host],
  ]);

export const formatSharedCommand = (filter: { search: string; kind: string | null }): string | null =>
  formatCommand("graph shared", filter.search, [["--kind", filter.kind]]);

/** A list with no command for one of its rows: that of the list shows the row, too. */
export const ofViewAlone = (view: string | null): ListCommands<unknown> => ({ view, ofRow: () => view });

export const certificateCommands = (filter: CertificateFilter): ListCommands<CertificateRow> => ({
  view: formatCertificatesCommand(filter),
  ofRow: ({ sha256 }) => formatCommand("certificates", sha256, []),
});

export const accessCommands = (filter: GrantFilter): ListCommands<GrantRow> => ({
  view: formatAccessCommand(filter),
  ofRow: ({ host, account, fingerprint, file, line }) =>
    formatCommand("access", fingerprint ?? `${file}:${line}`, [
      ["--host", host],
      ["--account", account],
    ]),
});

export const accountCommands = (filter: AccountFilter): ListCommands<AccountRow> => ({
  view: formatAccountsCommand(filter),
  ofRow: ({ host, name }) => formatCommand("accounts", name, [["--host", host]]),
});

export const loginCommands = (filter: LoginFilter): ListCommands<LoginRow> =>
  ofViewAlone(formatLoginsCommand(filter));

export const observedCommands = (filter: ObservedFilter): ListCommands<LoginObservation> => ({
  view: formatObservedCommand(filter),
  ofRow: ({ id }) => `latchkey logins show ${id}`,
});

export const findingCommands = (filter: FindingFilter): ListCommands<Finding> => ({
  view: formatFindingsCommand(filter),
  ofRow: ({ rule, host, label, acceptance }) =>
    formatCommand("findings", label, [
      ["--rule", rule],
      ["--host", host],
      ["--accepted", acceptance !== null],
      ["--details", true],
    ]),
});

export const reviewItemCommands = (filter: ReviewItemFilter): ListCommands<ReviewItem> => ({
  view: formatReviewItemsCommand(filter),
  ofRow: ({ item }) => formatWords("reviews show", [filter.review, String(item)], []),
});

export const hostCommands = (filter: StateFilter): ListCommands<HostRow> => ({
  view: formatHostsCommand(filter),
  ofRow: ({ host }) => formatCommand("hosts", host, []),
});

export const hostKeyCommands = (filter: HostKeyFilter): ListCommands<HostKeyRow> => ({
  view: formatHostKeysCommand(filter),
  ofRow: ({ name, fingerprint }) => formatCommand("host-keys", `${name} ${fingerprint}`, []),
});

export const personCommands = (filter: PersonFilter): ListCommands<PersonRow> => ({
  view: formatPeopleCommand(filter),
  ofRow: ({ name, logins }) => formatCommand("people list", logins[0] ?? name, []),
});

export const servedCommands = (filter: ServedFilter): ListCommands<ServedRow> => ({
  view: formatServedCommand(filter),
  ofRow: ({ host, state, certificate }) =>
    formatCommand("served", certificate?.path ?? "", [
      ["--host", host],
      ["--state", state],
    ]),
});

export const runCommands = (filter: RunFilter): ListCommands<RunRow> => ({
  view: formatRunsCommand(filter),
  ofRow: ({ id }) => formatWords("runs show", [String(id)], []),
});

export const scanCommands = (filter: ScanFilter): ListCommands<Scan> => ({
  view: formatScansCommand(filter),
  ofRow: ({ id }) => formatCall("scans.find", { scanId: id }),
});

export const changeCommands = (filter: ChangeFilter): ListCommands<ChangeRow> => ({
  view: formatChangesCommand(filter),
  ofRow: ({ host, kind, what, title }) =>
    formatChangesCommand({ ...filter, host, kind, what, search: title }),
});

/** Of a step, those to the same host with the same key, or from the same account. */
export const stepCommands = (view: string | null): ListCommands<GraphLink> => ({
  view,
  ofRow: ({ from, to, fingerprint }) =>
    formatCommand("graph list", fingerprint ?? ("account" in from ? from.account : ""), [
      ["--host", "host" in to ? to.host : null],
    ]),
});

/** What gives a thing this label; null where no line can be pasted. */
export function formatLabelCommand(thing: Labelled, field: LabelField, value: string): string | null {
  const what = formatLabelled(thing);
  const option: Option = [LABEL_OPTIONS[field], value];
  return thing.kind === "host"
    ? formatWords("label", [what], [option])
    : formatWords("label", [], [[`--${thing.kind}`, what], option]);
}

const LABEL_OPTIONS: Record<LabelField, string> = {
  owner: "--owner",
  purpose: "--purpose",
  environment: "--environment",
  reviewOn: "--review",
};
