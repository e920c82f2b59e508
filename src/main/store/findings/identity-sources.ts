import type { Database } from "better-sqlite3";
import type { AccountKind } from "#shared/model/access/account.ts";
import type { Severity } from "#shared/model/finding.ts";
import {
  describeOwnerless,
  describePurposeless,
  describeReplaced,
  PURPOSELESS_SEVERITY,
  REPLACED_SEVERITY,
} from "#shared/text/findings/identity-finding.ts";
import { aboutAccount } from "./account-sources.ts";
import { type FindingSource, type FindingText, rankOf } from "./finding-source.ts";

/** The condition for an account to have the name of another one, of which something was said, and nothing of this. */
export const IS_REPLACED = `gone_scan IS NULL AND replaced_scan IS NOT NULL
  AND EXISTS (SELECT 1 FROM labelled_account AS said WHERE said.id = account.id)
  AND NOT EXISTS (SELECT 1 FROM labelled_account AS said WHERE said.id = account.id AND said.uid = account.uid)`;

const replaced = (): FindingSource => {
  const { columns, ...common } = aboutAccount("account-replaced", REPLACED_SEVERITY);
  return {
    ...common,
    name: "replaced",
    from: "account INDEXED BY account_replaced",
    unordered: ["host", "label_start", "first_seen"],
    where: [IS_REPLACED],
    columns: {
      ...columns,
      first_seen: { sql: "(SELECT started_at FROM scan WHERE scan.id = replaced_scan)" },
      since: { sql: "replaced_scan" },
    },
  };
};

/** The severities of a machine's account without an owner, as the column `machine_rank` has them. */
const OWNERLESS_SEVERITIES = ["medium", "low", "info"] as const satisfies readonly Severity[];

/** What an account is that is as good as root for certain. */
export const AS_ROOT: ReadonlySet<string> = new Set(["is-root", "becomes-root"]);

const IS_OWNERLESS = "gone_scan IS NULL AND owner = '' AND machine_rank IS NOT NULL";

/** The scans that have begun such accounts: one seek in the index each. */
const ownerlessScans = (rank: number): string => {
  const first = (after: string) => `SELECT min(first_scan) FROM account INDEXED BY account_ownerless
    WHERE ${IS_OWNERLESS} AND machine_rank = ${rank} ${after}`;
  return `
    WITH RECURSIVE begun (scan) AS (
      ${first("")}
      UNION ALL SELECT (${first("AND first_scan > begun.scan")}) FROM begun WHERE begun.scan IS NOT NULL)
    SELECT id, started_at AS startedAt FROM scan WHERE id IN (SELECT scan FROM begun)`;
};

/** Machines' accounts that nobody answers for, nor for their hosts. */
const ownerless = (severity: (typeof OWNERLESS_SEVERITIES)[number]): FindingSource => {
  const { columns, ...common } = aboutAccount("identity-without-owner", severity);
  const rank = rankOf(severity);
  return {
    ...common,
    name: "ownerless",
    from: "account INDEXED BY account_ownerless",
    walk: {
      host: "account INDEXED BY account_by_host",
      label_start: "account INDEXED BY account_by_name",
    },
    unordered: ["first_seen"],
    scans: ownerlessScans(rank),
    where: [IS_OWNERLESS, `machine_rank = ${rank}`],
    cachedCount: `(SELECT ifnull(sum(count), 0) FROM cached_count WHERE what = 'ownerless account ${rank}')`,
    columns: {
      ...columns,
      first_seen: { sql: "(SELECT started_at FROM scan WHERE scan.id = first_scan)" },
      since: { sql: "first_scan" },
    },
  };
};

/** The condition for an account to be found without a purpose: somebody has turned the rule on. */
export const IS_PURPOSELESS = `gone_scan IS NULL AND purpose = '' AND machine_rank IS NOT NULL
  AND EXISTS (SELECT 1 FROM enabled_rule WHERE rule = 'identity-without-purpose')`;

const purposeless = (): FindingSource => {
  const { columns, ...common } = aboutAccount("identity-without-purpose", PURPOSELESS_SEVERITY);
  return {
    ...common,
    name: "purposeless",
    from: "account INDEXED BY account_purposeless",
    walk: {
      host: "account INDEXED BY account_by_host",
      label_start: "account INDEXED BY account_by_name",
    },
    unordered: ["first_seen"],
    where: [IS_PURPOSELESS],
    columns: {
      ...columns,
      first_seen: { sql: "(SELECT started_at FROM scan WHERE scan.id = first_scan)" },
      since: { sql: "first_scan" },
    },
  };
};

export const IDENTITY_SOURCES: readonly FindingSource[] = [
  ...OWNERLESS_SEVERITIES.map(ownerless),
  replaced(),
  purposeless(),
];

type AccountRow = {
  name: string;
  host: string;
  kind: AccountKind;
  root: string;
  grantCount: number;
  firstSeen: string;
};

/** So many numbers that something was said of are named. */
const MOST_NUMBERS = 5;

/** Describes what nobody, or nobody any more, answers for. */
export function identityDescriber(db: Database) {
  const account = db.prepare<[number], AccountRow>(`
    SELECT name, host_name AS host, kind, root, grant_count AS grantCount,
      (SELECT started_at FROM scan WHERE scan.id = first_scan) AS firstSeen
    FROM account
    WHERE id = ?`);
  const replacedAccount = db.prepare<[number], { uid: number; firstSeen: string }>(`
    SELECT uid, (SELECT started_at FROM scan WHERE scan.id = replaced_scan) AS firstSeen FROM account WHERE id = ?`);
  const saidOf = db.prepare<[number], { uid: number; owner: string | null }>(`
    SELECT DISTINCT said.uid, (
      SELECT label.owner FROM label
      WHERE label.kind = 'account' AND label.name = account.name AND label.host = account.host_name
        AND label.port = account.port AND label.uid = said.uid) AS owner
    FROM account JOIN labelled_account AS said ON said.id = account.id
    WHERE account.id = ? ORDER BY 1 LIMIT ${MOST_NUMBERS}`);

  return {
    replaced(id: number): FindingText {
      const row = replacedAccount.get(id);
      if (!row) throw new Error(`there is no account ${id}`);
      const before = saidOf.all(id);
      return {
        ...describeReplaced({ uid: row.uid, before }),
        ...toAbout(id, { ...findAccount(id), firstSeen: row.firstSeen }),
      };
    },

    ownerless(id: number): FindingText {
      const row = findAccount(id);
      return {
        ...describeOwnerless({ ...row, isRoot: AS_ROOT.has(row.root) }),
        ...toAbout(id, row),
      };
    },

    purposeless(id: number): FindingText {
      const row = findAccount(id);
      return { ...describePurposeless({ ...row, isRoot: false }), ...toAbout(id, row) };
    },
  };

  function findAccount(id: number): AccountRow {
    const row = account.get(id);
    if (!row) throw new Error(`there is no account ${id}`);
    return row;
  }
}

const toAbout = (
  id: number,
  { name, host, firstSeen }: AccountRow,
): Pick<FindingText, "object" | "label" | "host" | "firstSeen"> => ({
  object: { kind: "account", id },
  label: name,
  host,
  firstSeen,
});
