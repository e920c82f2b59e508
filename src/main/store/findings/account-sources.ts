import type { Database } from "better-sqlite3";
import type { FindingObject, RuleId, Severity } from "#shared/model/finding.ts";
import { describeReturnedAccount, RETURNED_SEVERITY } from "#shared/text/findings/account-finding.ts";
import { IS_RETURNED_ACCOUNT } from "#store/changes/returned.ts";
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

/** Whether somebody gets into a returned account for certain: where its password was not read, somebody may. */
const IS_ENTERED = "(grant_count > 0 OR password_state <> 'unknown')";

const returned = (severity: Severity, where: string): FindingSource => {
  const { columns, ...common } = aboutAccount("account-returned", severity);
  return {
    ...common,
    name: "returned-account",
    from: "account INDEXED BY account_returned",
    where: [IS_RETURNED_ACCOUNT, where],
    unordered: ["host", "label_start"],
    columns: { ...columns, first_seen: { sql: "returned_at" }, since: { sql: "returned_at" } },
  };
};

export const ACCOUNT_SOURCES: readonly FindingSource[] = [
  returned(RETURNED_SEVERITY.certain, IS_ENTERED),
  returned(RETURNED_SEVERITY.uncertain, `NOT ${IS_ENTERED}`),
];

type ReturnedRow = {
  name: string;
  host: string;
  uid: number;
  grantCount: number;
  isCertain: number;
  goneAt: string;
  returnedAt: string;
  stateBefore: string | null;
};

/** Describes what is wrong with accounts. */
export function accountDescriber(db: Database) {
  const returnedAccount = db.prepare<[number], ReturnedRow>(`
    SELECT name, host_name AS host, uid, grant_count AS grantCount, ${IS_ENTERED} AS isCertain,
      (SELECT started_at FROM scan WHERE scan.id = was_gone_scan) AS goneAt, returned_at AS returnedAt,
      (SELECT state FROM revision
       WHERE kind = 'account' AND about = account.host AND label = account.name AND gone_scan = was_gone_scan
       ORDER BY id DESC LIMIT 1) AS stateBefore
    FROM account
    WHERE id = ?`);

  return {
    returned(id: number): FindingText {
      const row = returnedAccount.get(id);
      if (!row) throw new Error(`there is no account ${id}`);
      const [uidBefore = null] = JSON.parse(row.stateBefore ?? "[]") as (number | null)[];
      return {
        ...describeReturnedAccount({ ...row, uidBefore, isCertain: row.isCertain === 1 }),
        object: { kind: "account", id },
        label: row.name,
        host: row.host,
        firstSeen: row.returnedAt,
      };
    },
  };
}
