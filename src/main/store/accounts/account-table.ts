import type { Database } from "better-sqlite3";
import {
  type AccountDetail,
  AccountKind,
  AccountRow,
  KindReason,
  RootStanding,
} from "#shared/model/access/account.ts";
import { Approval } from "#shared/model/access/change.ts";
import { Workload } from "#shared/model/access/workload.ts";
import { type FindingBrief, Severity } from "#shared/model/finding.ts";
import type { KeyLogins } from "#shared/model/hosts/host-use.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import {
  formatNewAccount,
  formatReturnedAccount,
  NEW_ACCOUNT_SEVERITY,
  type ReturnedAccount,
} from "#shared/text/findings/account-finding.ts";
import {
  formatOwnerLeft,
  formatOwnerless,
  formatPurposeless,
  formatReviewOverdue,
  OWNER_LEFT_SEVERITY,
  PURPOSELESS_SEVERITY,
  REPLACED,
  REPLACED_SEVERITY,
  REVIEW_SEVERITY,
} from "#shared/text/findings/identity-finding.ts";
import { RISK_COLUMNS, type RiskRow, readRisk, riskReasonReader } from "#store/accounts/account-risk.ts";
import { ACCOUNTS_BY_FIRST_SCAN, IS_UNAPPROVED_ACCOUNT } from "#store/changes/account-approvals.ts";
import { ENTERED_BY, IS_RETURNED_ACCOUNT, RETURNED_ACCOUNT_SEVERITY } from "#store/changes/returned.ts";
import type { FindingBriefs } from "#store/findings/finding-briefs.ts";
import { AS_ROOT, IS_PURPOSELESS, IS_REPLACED } from "#store/findings/identity-sources.ts";
import { IS_ACCOUNT_OWNER_GONE } from "#store/findings/label-sources.ts";
import { hostProgramsTable } from "#store/hosts/host-parts.ts";
import { reachReader, trustedAuthorityReader } from "#store/hosts/reach-tables.ts";
import { IS_LABEL_OF } from "#store/labels/label-reader.ts";
import type { Listed, Lists, Window } from "#store/lists/lists.ts";
import type { Part } from "#store/lists/order.ts";
import { searchIn } from "#store/lists/word-search.ts";
import { baselineReader } from "#store/logins/login-store.ts";
import { loginTable } from "#store/logins/login-table.ts";
import { ACCOUNT_TEXT } from "./account-memory.ts";

type Column = "host" | "name" | "kind" | "root" | "grantCount" | "lastLoginAt" | "risk";

type AccountQuery = Window & {
  search: string;
  host: string | null;
  kind: AccountKind | null;
  root: RootStanding | null;
  owner: string | null;
  environment: string | null;
  lacksPurpose: boolean;
  unapproved: boolean;
  sort: { by: Column; descending: boolean };
};

type Row = RiskRow & {
  id: number;
  host: number;
  host_name: string;
  port: number;
  name: string;
  uid: number;
  shell: string;
  home: string;
  groups: string;
  password_state: string;
  password_age: string | null;
  authority_count: number;
  kind: string;
  reasons: string;
  workloads: string;
  workload_count: number;
  grant_count: number;
  last_login_at: string | null;
  is_by_root: number;
  evaluated_at: string;
  purpose: string;
  environment: string;
  review_on: string | null;
  approved: string | null;
  first_seen: string;
  last_seen: string;
  gone_scan: number | null;
  is_returned: number;
  is_unapproved: number | null;
  is_purposeless: number;
  own_review_on: string | null;
  machine_rank: number | null;
  returned_severity: Severity;
  entered: ReturnedAccount["entered"];
  is_owner_gone: number;
  is_replaced: number;
};

/** What is read of one account alone. */
type WholeRow = Row & { risk_reasons: string; is_keys_read: number };

const COLUMNS = `id, host, host_name, port, name, uid, shell, password_state, password_age, kind, reasons, root, workload_count,
  grant_count, (
    SELECT count(DISTINCT trusted.fingerprint) FROM trusted_authority AS trusted
    WHERE trusted.host = account.host AND trusted.account = account.name AND trusted.gone_scan IS NULL
  ) AS authority_count, last_login_at, is_by_root, owner, purpose, environment, review_on, ${RISK_COLUMNS}, gone_scan,
  (${IS_RETURNED_ACCOUNT}) AS is_returned, ${RETURNED_ACCOUNT_SEVERITY} AS returned_severity, ${ENTERED_BY} AS entered, (${IS_UNAPPROVED_ACCOUNT}) AS is_unapproved,
  (${IS_PURPOSELESS}) AS is_purposeless, machine_rank,
  (SELECT label.review_on FROM label WHERE ${IS_LABEL_OF.account}) AS own_review_on, (${IS_ACCOUNT_OWNER_GONE}) AS is_owner_gone, (${IS_REPLACED}) AS is_replaced,
  (SELECT started_at FROM scan WHERE scan.id = evaluated_scan) AS evaluated_at,
  (SELECT started_at FROM scan WHERE scan.id = first_scan) AS first_seen,
  (SELECT started_at FROM scan WHERE scan.id = last_scan) AS last_seen`;

const SORTED_BY: Record<Column, readonly string[]> = {
  host: ["host_name", "port", "uid", "id"],
  name: ["substr(name, 1, 64)", "id"],
  kind: ["kind", "id"],
  root: ["root_rank", "id"],
  grantCount: ["grant_count", "id"],
  lastLoginAt: ["ifnull(last_login_at, '')", "id"],
  risk: ["risk_order", "id"],
};

const STANDS_NOW: Part = { sql: "gone_scan IS NULL", values: [] };

const UNAPPROVED: Part = {
  sql: `id IN (SELECT id FROM ${ACCOUNTS_BY_FIRST_SCAN} WHERE ${IS_UNAPPROVED_ACCOUNT})`,
  values: [],
  walk: { sql: IS_UNAPPROVED_ACCOUNT, values: [] },
};

type Deps = { lists: Lists; briefs: FindingBriefs; now: () => Date };

/** The logins of all hosts, as their last readings left them. */
export function accountList(db: Database, { lists, briefs, now }: Deps) {
  const findId = db
    .prepare<{ host: string; port: number; name: string }, number>(`
      SELECT account.id FROM host JOIN account ON account.host = host.id
      WHERE host.host = @host AND host.port = @port AND account.name = @name`)
    .pluck();
  const findRow = db.prepare<[number], Row>(`SELECT ${COLUMNS} FROM account WHERE id = ?`);
  const count = () => lists.sum("account", [STANDS_NOW]);
  const search = searchIn(lists, { ...ACCOUNT_TEXT, size: count });

  return {
    list(query: AccountQuery): Listed<AccountRow> {
      const { search: words, host, kind, root, owner, environment, lacksPurpose, unapproved } = query;
      const { sort, after, limit } = query;
      const page = { after, limit };
      const matches = search(words);
      const filters = [
        ...equal("host_name", host),
        ...equal("kind", kind),
        ...equal("root_rank", root && RootStanding.options.indexOf(root)),
        ...equal("owner", owner),
        // So that the index of those that have one is used.
        ...(environment ? [{ sql: "environment <> ''", values: [] }] : []),
        ...equal("environment", environment),
        ...equal("purpose", lacksPurpose ? "" : null),
        ...(unapproved ? [UNAPPROVED] : []),
      ];
      const isSearched = words.trim() !== "";
      return lists.list(
        {
          select: COLUMNS,
          from: "account",
          where: [STANDS_NOW, ...matches.where, ...filters],
          sort: { name: sort.by, columns: SORTED_BY[sort.by], descending: sort.descending },
          ...page,
          size: count,
          ...(isSearched ? { idColumn: "id" } : {}),
          ...(isSearched && filters.length === 0 && matches.total !== null
            ? { total: () => matches.total ?? 0 }
            : {}),
          found: matches.found,
        },
        (row: Row) => toRow(row, { briefs, now: toInstant(now()) }),
      );
    },

    /** The row of the account that is called so on a host, also when it is no longer there. */
    findId: (account: { host: string; port: number; name: string }): number | null =>
      findId.get(account) ?? null,

    /** An account as the list has it, also when it is no longer there. */
    findRow(id: number): AccountRow | null {
      const row = findRow.get(id);
      return row ? toRow(row, { briefs, now: toInstant(now()) }) : null;
    },

    find: accountReader(db, { briefs, now }),
  };
}

/** Reads an account, also when it is no longer there; null where there never was one. */
function accountReader(
  db: Database,
  { briefs, now }: { briefs: FindingBriefs; now: () => Date },
): (id: number) => AccountDetail | null {
  const find = db.prepare<[number], WholeRow>(
    `SELECT ${COLUMNS}, home, groups, workloads, risk_reasons, is_keys_read,
       (SELECT json_object('owner', given.owner, 'purpose', purpose, 'reviewOn', given.review_on, 'approvedAt', approved_at)
        FROM account_approval AS given WHERE given.id = account.approval) AS approved
     FROM account WHERE id = ?`,
  );
  const reach = reachReader(db);
  const logins = loginTable(db);
  const programs = hostProgramsTable(db);
  const authorities = trustedAuthorityReader(db);
  const baselineOf = baselineReader(db);
  const reasonsOf = riskReasonReader(db);

  return (id) => {
    const row = find.get(id);
    if (!row) return null;
    const { escalations, agents } = reach.of(row.host);
    const use = logins.of(row.host);
    const own = programs.of(row.host);
    return {
      ...toRow(row, { briefs, now: toInstant(now()) }),
      hostId: row.host,
      isGone: row.gone_scan !== null,
      approval: row.approved === null ? null : Approval.parse(JSON.parse(row.approved)),
      home: row.home,
      groups: JSON.parse(row.groups) as string[],
      workloads: Workload.array().parse(JSON.parse(row.workloads)),
      setuidPrograms:
        own?.setuidPrograms.filter(({ owner, isSetuid }) => isSetuid && owner === row.name) ?? [],
      isSetuidWhole: own?.isSetuidWhole ?? false,
      keytabs: row.uid === 0 ? (own?.keytabs ?? null) : [],
      becomes: escalations.get(row.name) ?? [],
      becomeIt: [...escalations.values()].flat().filter(({ target }) => target === row.name),
      agents: agents.get(row.name) ?? [],
      authorities: authorities.of(row.host, row.name).map((authority) => {
        const login = use.logins.find(
          ({ account, fingerprint, isAuthority }) =>
            isAuthority && account === row.name && fingerprint === authority.fingerprint,
        );
        return { ...authority, ...(login ? toLast(login) : NO_LOGIN) };
      }),
      logins: use.logins
        .filter(({ account }) => account === row.name)
        .map(({ fingerprint, isAuthority, ...login }) => ({ fingerprint, isAuthority, ...toLast(login) }))
        .toSorted(latestFirst),
      others: logins
        .othersOf(row.host)
        .filter(({ account }) => account === row.name)
        .map(({ method, by, ...login }) => ({ method, by, ...toLast(login) }))
        .toSorted(latestFirst),
      logWindows: use.windows,
      baseline: baselineOf(row.host, { account: row.name, uid: row.uid }, "journal"),
      riskReasons: reasonsOf({ ...row, recorded: row.risk_reasons, isKeysRead: row.is_keys_read }),
    };
  };
}

type Counted = Pick<KeyLogins, "lastAt" | "lastFrom" | "days">;

const NO_LOGIN = { lastAt: null, lastFrom: null, count: 0 };

const toLast = ({ lastAt, lastFrom, days }: Counted) => ({
  lastAt,
  lastFrom,
  count: days.reduce((sum, [, times]) => sum + times, 0),
});

const latestFirst = (one: { lastAt: string }, other: { lastAt: string }): number =>
  other.lastAt.localeCompare(one.lastAt);

const equal = (column: string, value: string | number | null): Part[] =>
  value === null
    ? []
    : [{ sql: `${column} = ?`, values: [value], walk: { sql: `+${column} = ?`, values: [value] } }];

const toRow = (row: Row, { briefs, now }: { briefs: FindingBriefs; now: Instant }): AccountRow =>
  AccountRow.parse({
    ...row,
    host: row.host_name,
    passwordState: row.password_state,
    passwordAge: row.password_age === null ? null : JSON.parse(row.password_age),
    authorityCount: row.authority_count,
    reasons: KindReason.array().parse(JSON.parse(row.reasons)),
    workloadCount: row.workload_count,
    grantCount: row.grant_count,
    lastLoginAt: row.last_login_at,
    reviewOn: row.review_on,
    isByRoot: row.is_by_root === 1,
    evaluatedAt: row.evaluated_at,
    firstSeen: row.first_seen,
    lastSeen: row.last_seen,
    risk: readRisk(row),
    isUnapproved: row.is_unapproved === 1,
    findings: [
      ...briefs.computed({ kind: "account", about: row.id }, findComputed(row, now)),
      ...briefs.about({ kind: "account", id: row.id }),
    ],
  });

const findComputed = (row: Row, now: Instant): FindingBrief[] => [
  ...(row.is_unapproved === 1 ? [briefUnapproved(row)] : []),
  ...(row.is_returned === 1 ? [briefReturned(row)] : []),
  ...(row.is_replaced === 1
    ? [{ rule: "account-replaced" as const, severity: REPLACED_SEVERITY, sentence: REPLACED }]
    : []),
  ...(row.owner === "" && row.machine_rank !== null && row.gone_scan === null ? [briefOwnerless(row)] : []),
  ...(row.is_purposeless === 1
    ? [
        {
          rule: "identity-without-purpose" as const,
          severity: PURPOSELESS_SEVERITY,
          sentence: formatPurposeless(AccountKind.parse(row.kind)),
        },
      ]
    : []),
  ...(row.own_review_on !== null && row.own_review_on <= now && row.gone_scan === null
    ? [
        {
          rule: "identity-review-overdue" as const,
          severity: REVIEW_SEVERITY,
          sentence: formatReviewOverdue("account", row.own_review_on),
        },
      ]
    : []),
  ...(row.is_owner_gone === 1
    ? [
        {
          rule: "identity-owner-left" as const,
          severity: OWNER_LEFT_SEVERITY,
          sentence: formatOwnerLeft("account"),
        },
      ]
    : []),
];

function briefUnapproved({ grant_count: count, password_state: password }: Row): FindingBrief {
  const isEntered = count > 0 || password !== "locked";
  return {
    rule: "account-since-baseline",
    severity: NEW_ACCOUNT_SEVERITY[isEntered ? "entered" : "shut"],
    sentence: formatNewAccount(isEntered),
  };
}

const briefOwnerless = ({ kind, root, machine_rank: rank }: Row): FindingBrief => ({
  rule: "identity-without-owner",
  severity: Severity.options[rank ?? 0] ?? "info",
  sentence: formatOwnerless({ kind: AccountKind.parse(kind), isRoot: AS_ROOT.has(root) }),
});

const briefReturned = ({ returned_severity: severity, entered }: Row): FindingBrief => ({
  rule: "account-returned",
  severity,
  sentence: formatReturnedAccount(entered),
});
