import type { Database } from "better-sqlite3";
import type { AccountKind } from "#shared/model/access/account.ts";
import type { FindingObject, RuleId, Severity } from "#shared/model/finding.ts";
import {
  describeNewAccount,
  describeReturnedAccount,
  NEW_ACCOUNT_SEVERITY,
  type ReturnedAccount,
} from "#shared/text/findings/account-finding.ts";
import {
  ACCOUNTS_BY_FIRST_SCAN,
  IS_UNAPPROVED_ACCOUNT,
  MAY_BE_ENTERED,
  UNAPPROVED_ACCOUNT_SCANS,
  unapprovedAccountCount,
} from "#store/changes/account-approvals.ts";
import { ENTERED_BY, IS_RETURNED_ACCOUNT, RETURNED_ACCOUNT_SEVERITY } from "#store/changes/returned.ts";
import type { Part } from "#store/lists/order.ts";
import { acceptedFor, type FindingSource, type FindingText, rankOf } from "./finding-source.ts";

/** What sources about accounts have in common. */
export const aboutAccount = (rule: RuleId, severity: Severity) => ({
  table: "account" as const,
  ofHost: "account INDEXED BY account_by_host",
  walk: {},
  isOnHost: "host_name = ?",
  text: `'${rule}' || char(10) || search_text`,
  foundBy: "account" as const,
  isAbout: (object: FindingObject): Part | null =>
    object.kind === "account" ? { sql: "id = ?", values: [object.id] } : null,
  isAccepted: acceptedFor(rule, "account", "id"),
  columns: {
    severity: { same: rankOf(severity) },
    rule: { same: rule },
    host: { sql: "host_name" },
    label_start: { sql: "substr(name, 1, 64)" },
    tie: { sql: "id" },
  },
});

const returned = (severity: Severity): FindingSource => {
  const { columns, ...common } = aboutAccount("account-returned", severity);
  return {
    ...common,
    name: "returned-account",
    from: "account INDEXED BY account_returned",
    where: [IS_RETURNED_ACCOUNT, `${RETURNED_ACCOUNT_SEVERITY} = '${severity}'`],
    unordered: ["host", "label_start"],
    columns: { ...columns, first_seen: { sql: "returned_at" }, since: { sql: "returned_at" } },
  };
};

/** Accounts that are new since the baseline, and not approved. */
const unapproved = (entry: "entered" | "shut"): FindingSource => {
  const { columns, ...common } = aboutAccount("account-since-baseline", NEW_ACCOUNT_SEVERITY[entry]);
  return {
    ...common,
    name: "new-account",
    from: ACCOUNTS_BY_FIRST_SCAN,
    walk: {
      host: "account INDEXED BY account_by_host",
      label_start: "account INDEXED BY account_by_name",
    },
    unordered: ["first_seen"],
    where: [IS_UNAPPROVED_ACCOUNT, entry === "entered" ? MAY_BE_ENTERED : `NOT ${MAY_BE_ENTERED}`],
    cachedCount: unapprovedAccountCount(entry),
    scans: UNAPPROVED_ACCOUNT_SCANS,
    columns: {
      ...columns,
      first_seen: { sql: "(SELECT started_at FROM scan WHERE scan.id = first_scan)" },
      since: { sql: "first_scan" },
    },
  };
};

export const ACCOUNT_SOURCES: readonly FindingSource[] = [
  unapproved("entered"),
  unapproved("shut"),
  ...(["critical", "high", "medium"] as const).map(returned),
];

type NewRow = {
  name: string;
  host: string;
  kind: AccountKind;
  grantCount: number;
  isEntered: number;
  isFirstRead: number;
  baselineAt: string;
  firstSeen: string;
};

type ReturnedRow = {
  name: string;
  host: string;
  uid: number;
  grantCount: number;
  entered: ReturnedAccount["entered"];
  goneAt: string;
  returnedAt: string;
  stateBefore: string | null;
};

/** Describes what is wrong with accounts. */
export function accountDescriber(db: Database) {
  const returnedAccount = db.prepare<[number], ReturnedRow>(`
    SELECT name, host_name AS host, uid, grant_count AS grantCount, ${ENTERED_BY} AS entered,
      (SELECT started_at FROM scan WHERE scan.id = was_gone_scan) AS goneAt, returned_at AS returnedAt,
      (SELECT state FROM revision
       WHERE kind = 'account' AND about = account.host AND label = account.name AND gone_scan = was_gone_scan
       ORDER BY id DESC LIMIT 1) AS stateBefore
    FROM account
    WHERE id = ?`);

  const newAccount = db.prepare<[number], NewRow>(`
    SELECT name, host_name AS host, kind, grant_count AS grantCount, ${MAY_BE_ENTERED} AS isEntered,
      (SELECT started_at FROM scan WHERE scan.id = first_scan) AS firstSeen,
      (SELECT started_at FROM baseline JOIN scan ON scan.id = baseline.scan) AS baselineAt,
      ifnull((SELECT first_read_scan > (SELECT scan FROM baseline) FROM host WHERE host.id = account.host), 0)
        AS isFirstRead
    FROM account
    WHERE id = ?`);

  return {
    unapproved(id: number): FindingText {
      const row = newAccount.get(id);
      if (!row) throw new Error(`there is no account ${id}`);
      const { name: label, host, firstSeen } = row;
      const facts = { ...row, isEntered: row.isEntered === 1, isFirstRead: row.isFirstRead === 1 };
      return { ...describeNewAccount(facts), object: { kind: "account", id }, label, host, firstSeen };
    },

    returned(id: number): FindingText {
      const row = returnedAccount.get(id);
      if (!row) throw new Error(`there is no account ${id}`);
      const [uidBefore = null] = JSON.parse(row.stateBefore ?? "[]") as (number | null)[];
      return {
        ...describeReturnedAccount({ ...row, uidBefore }),
        object: { kind: "account", id },
        label: row.name,
        host: row.host,
        firstSeen: row.returnedAt,
      };
    },
  };
}
