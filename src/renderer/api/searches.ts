/**
 * What the address of each screen holds: filter, sort and the thing that is open, so that Back works and an
 * address can be shared. What cannot be read is dropped: an old or mistyped address shows the whole list.
 */

import { z } from "zod";
import { AccountKind, RootStanding } from "#shared/model/access/account.ts";
import { ChangeKind, ChangeWhat } from "#shared/model/access/change.ts";
import { EntryMethod, LoginRule } from "#shared/model/access/login.ts";
import { ReviewItemState } from "#shared/model/access/review.ts";
import { LoadBy } from "#shared/model/certificates/forecast.ts";
import { ServedState } from "#shared/model/certificates/served.ts";
import { RuleId, Severity } from "#shared/model/finding.ts";
import { HostKeyState } from "#shared/model/hosts/host-key.ts";
import { ProbeState } from "#shared/model/hosts/probe.ts";
import { ScanState } from "#shared/model/hosts/scan.ts";
import { Lens, LensItem } from "#shared/model/lens.ts";
import { RowLink, ScreenName } from "#shared/model/row-link.ts";
import { PlanKind } from "#shared/model/runs/plan.ts";
import { RunState } from "#shared/model/runs/run.ts";

const optional = <Schema extends z.ZodType>(schema: Schema) => schema.optional().catch(undefined);
const text = optional(z.string().min(1).max(300));
const sorted = <const Columns extends readonly [string, ...string[]]>(columns: Columns) => ({
  sort: optional(z.enum(columns)),
  descending: optional(z.boolean()),
});

export const CertificatesSearch = z.object({
  search: text,
  within: optional(z.int().min(0).max(36_500)),
  role: optional(z.enum(["leaf", "authority"])),
  location: optional(z.enum(["endpoint", "file"])),
  host: text,
  spki: optional(z.string().regex(/^[0-9a-f]{64}$/)),
  violation: optional(z.int()),
  /** Empty: without an owner. */
  owner: optional(z.string().max(200)),
  owned: optional(z.literal(true)),
  tag: text,
  type: text,
  issuer: text,
  ...sorted(["notAfter", "subject", "issuer", "keyType", "locationCount"]),
  open: optional(z.string().regex(/^[0-9a-f]{64}$/)),
  tab: optional(
    z.enum(["summary", "chain", "locations", "findings", "revocation", "history", "asn1", "raw"]),
  ),
});
export type CertificatesSearch = z.infer<typeof CertificatesSearch>;

export const AccessSearch = z.object({
  search: text,
  host: text,
  account: text,
  fingerprint: text,
  type: text,
  effective: optional(z.enum(["yes", "no", "unknown"])),
  owner: optional(z.enum(["known", "gone", "unknown"])),
  use: optional(z.enum(["used", "unused", "unknown"])),
  orphaned: optional(z.literal(true)),
  privateKeyNotFound: optional(z.literal(true)),
  unapproved: optional(z.literal(true)),
  ...sorted(["host", "account", "fingerprint", "keyType", "effective", "comment"]),
  open: optional(z.int()),
});

export const AccountsSearch = z.object({
  search: text,
  host: text,
  kind: optional(AccountKind),
  root: optional(RootStanding),
  /** Empty: without an owner. */
  owner: optional(z.string().max(200)),
  /** Empty: it is not known. */
  environment: optional(z.string().max(64)),
  lacksPurpose: optional(z.literal(true)),
  unapproved: optional(z.literal(true)),
  ...sorted(["host", "name", "kind", "root", "grantCount", "lastLoginAt", "risk"]),
  open: optional(z.int()),
});

export const LoginsSearch = z.object({
  search: text,
  host: text,
  account: text,
  from: text,
  method: optional(EntryMethod),
  since: optional(z.iso.date()),
  until: optional(z.iso.date()),
  /** Those that stand out, in place of all. */
  observed: optional(z.literal(true)),
  accepted: optional(z.literal(true)),
  rule: optional(LoginRule),
  ...sorted(["severity", "lastAt"]),
  open: optional(z.int()),
});

/** Without a review: all of them. */
export const ReviewsSearch = z.object({
  review: text,
  search: text,
  reviewer: text,
  state: optional(ReviewItemState),
  open: optional(z.int().positive()),
});

export const PeopleSearch = z.object({
  search: text,
  standing: optional(z.enum(["known", "gone"])),
  ...sorted(["name", "standing"]),
  open: optional(z.int()),
});

export const ChangesSearch = z.object({
  search: text,
  from: optional(z.int().min(0)),
  to: optional(z.int().min(0)),
  days: optional(z.int().min(1).max(36_500)),
  host: text,
  kind: optional(ChangeKind),
  what: optional(ChangeWhat),
  open: optional(z.int()),
});

/** The id of the open row is the name of a thing. */
export const GraphSearch = z.object({
  search: text,
  /** Instead of steps: pairs of hosts that trust each other, or keys that several hold. */
  list: optional(z.enum(["mutual", "shared"])),
  kind: optional(z.enum(["people", "hosts"])),
  start: optional(z.string().min(1).max(600)),
  direction: optional(z.literal("to")),
  by: optional(z.enum(["key-file", "this-computer", "person", "authority", "account"])),
  person: optional(z.string().min(1).max(600)),
  standing: optional(z.enum(["known", "gone"])),
  host: text,
  certain: optional(z.literal(true)),
  root: optional(z.literal(true)),
  view: optional(z.literal("diagram")),
  open: optional(z.string().min(1).max(2_000)),
});

export const HostsSearch = z.object({
  search: text,
  state: optional(ProbeState),
  ...sorted(["host", "os", "state", "grantCount", "accountCount", "lastSeen"]),
  open: optional(z.int()),
});

export const HostKeysSearch = z.object({
  search: text,
  state: optional(HostKeyState),
  host: text,
  shared: optional(z.literal(true)),
  weak: optional(z.literal(true)),
  ...sorted(["name", "state", "keyType", "fingerprint"]),
  open: optional(z.string().regex(/^[0-9a-f]{32}$/)),
});

export const ServedSearch = z.object({
  search: text,
  state: optional(ServedState),
  host: text,
  ...sorted(["state", "host"]),
  open: optional(z.int()),
});

export const AuditLogSearch = z.object({
  search: text,
  descending: optional(z.boolean()),
  open: optional(z.int().positive()),
});

export const FindingsSearch = z.object({
  search: text,
  severity: optional(Severity),
  rule: optional(RuleId),
  item: optional(LensItem),
  host: text,
  accepted: optional(z.literal(true)),
  ...sorted(["severity", "rule", "host", "label", "firstSeen"]),
  open: text,
});

export const StandardsSearch = z.object({ lens: optional(Lens) });

/** Whose load is shown, and how it is split. Empty: without an owner, or self-issued. */
const load = {
  by: optional(LoadBy),
  issuer: optional(z.string().max(300)),
  owner: optional(z.string().max(200)),
};

export const ForecastSearch = z.object(load);
export const TimelineSearch = z.object({ ...load, weeks: optional(z.int().min(1).max(520)) });

export const ScansSearch = z.object({
  search: text,
  state: optional(ScanState),
  /** Those that plans have made, too. */
  plans: optional(z.literal(true)),
  ...sorted(["startedAt", "total", "failed"]),
  open: optional(z.int().positive()),
});

export const RunsSearch = z.object({
  search: text,
  state: optional(RunState),
  kind: optional(PlanKind),
  ...sorted(["startedAt", "title", "state"]),
  open: optional(z.int().positive()),
  tab: optional(z.enum(["steps", "journal"])),
});

export const PlanSearch = z.object({ id: optional(z.int().positive()) });

/**
 * The router's destination for a link. Each screen reads its own search by its own schema, so the type names one of
 * them for all. Ids that are numbers are numbers in an address.
 */
export function toAddress({ screen, open }: RowLink) {
  const id = open !== null && HAS_NUMBERS.has(screen) ? Number(open) : open;
  return {
    to: screen === "today" ? "/" : `/${screen}`,
    search: open === null ? {} : { open: id },
  } as { to: "/hosts"; search: { open?: number } };
}

const HAS_NUMBERS: ReadonlySet<ScreenName> = new Set([
  "access",
  "accounts",
  "audit-log",
  "hosts",
  "logins",
  "people",
  "runs",
  "scans",
  "served",
]);

/** The link to what an address shows: its screen, and the row that is open. Null for an address of no screen. */
export function toRowLink({ pathname, search }: { pathname: string; search: object }): RowLink | null {
  const screen = ScreenName.safeParse(pathname === "/" ? "today" : pathname.slice(1)).data;
  const open = "open" in search && search.open !== undefined ? String(search.open) : null;
  return RowLink.safeParse({ screen, open }).data ?? null;
}
