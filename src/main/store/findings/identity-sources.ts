import type { Database } from "better-sqlite3";
import type { AccountKind } from "#shared/model/access/account.ts";
import type { FindingObject, Severity } from "#shared/model/finding.ts";
import {
  describeOwnerLeft,
  describeOwnerless,
  describePurposeless,
  describeReplaced,
  OWNER_LEFT_SEVERITY,
  PURPOSELESS_SEVERITY,
  REPLACED_SEVERITY,
} from "#shared/text/findings/identity-finding.ts";
import type { Part } from "#store/lists/order.ts";
import { aboutAccount } from "./account-sources.ts";
import { acceptedFor, type FindingSource, type FindingText, HOST_ID, rankOf } from "./finding-source.ts";

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

/** The condition for a name to be one of somebody who has left; the same as `former_owner` has, of one name. */
const isFormer = (owner: string): string => {
  const named = (standing: string) => `
    (EXISTS (SELECT 1 FROM person INDEXED BY person_by_name
       WHERE substr(person.name, 1, 120) = substr(${owner}, 1, 120) AND person.name = ${owner} AND standing = '${standing}')
     OR EXISTS (SELECT 1 FROM person_login CROSS JOIN person ON person.id = person_login.person
       WHERE person_login.login = ${owner} AND standing = '${standing}'))`;
  return `(${named("gone")} AND NOT ${named("known")})`;
};

/** Who answers for a whole host is named there once, and not at each of its accounts. */
const IS_OF_ACCOUNT_ALONE = `account.owner IS NOT (
  SELECT host_name.owner FROM host JOIN host_name ON host_name.id = host.name WHERE host.id = account.host)`;

/** Whether the owner of an account has left: one that its host does not have. */
export const IS_ACCOUNT_OWNER_GONE = `gone_scan IS NULL AND account.owner <> '' AND ${isFormer("account.owner")}
  AND ${IS_OF_ACCOUNT_ALONE}`;

const accountOwnerLeft = (): FindingSource => {
  const { columns, ...common } = aboutAccount("identity-owner-left", OWNER_LEFT_SEVERITY);
  return {
    ...common,
    name: "owner-left",
    from: "account INDEXED BY account_by_owner",
    unordered: ["host", "label_start", "first_seen"],
    where: [
      "gone_scan IS NULL AND owner <> ''",
      "owner IN (SELECT former_owner.owner FROM former_owner)",
      isFormer("account.owner"),
      IS_OF_ACCOUNT_ALONE,
    ],
    columns: {
      ...columns,
      first_seen: { sql: "(SELECT started_at FROM scan WHERE scan.id = first_scan)" },
      since: { sql: "owner" },
    },
  };
};

const hostOwnerLeft: FindingSource = {
  name: "host-owner-left",
  from: "host",
  ofHost: null,
  walk: {},
  unordered: ["host", "label_start", "first_seen"],
  table: "host",
  where: [
    `name IN (
      SELECT host_name.id FROM host_name INDEXED BY host_name_with_owner
      WHERE host_name.owner IS NOT NULL AND host_name.owner IN (SELECT former_owner.owner FROM former_owner)
        AND ${isFormer("host_name.owner")})`,
  ],
  columns: {
    severity: { same: rankOf(OWNER_LEFT_SEVERITY) },
    rule: { same: "identity-owner-left" },
    host: { sql: "host" },
    label_start: { sql: "host" },
    first_seen: { sql: "last_seen" },
    since: { sql: "host" },
    tie: { sql: "id" },
  },
  isOnHost: `name = ${HOST_ID}`,
  text: "'identity-owner-left' || char(10) || host",
  isAbout: (object: FindingObject): Part | null =>
    object.kind === "host" ? { sql: "id = ?", values: [object.id] } : null,
  isAccepted: acceptedFor("identity-owner-left", "host", "id"),
};

export const IDENTITY_SOURCES: readonly FindingSource[] = [
  ...OWNERLESS_SEVERITIES.map(ownerless),
  replaced(),
  purposeless(),
  accountOwnerLeft(),
  hostOwnerLeft,
];

type AccountRow = {
  name: string;
  host: string;
  kind: AccountKind;
  root: string;
  grantCount: number;
  owner: string;
  firstSeen: string;
};

/** So many numbers that something was said of are named. */
const MOST_NUMBERS = 5;

/** Describes what nobody, or nobody any more, answers for. */
export function identityDescriber(db: Database) {
  const account = db.prepare<[number], AccountRow>(`
    SELECT name, host_name AS host, kind, root, grant_count AS grantCount, owner,
      (SELECT started_at FROM scan WHERE scan.id = first_scan) AS firstSeen
    FROM account
    WHERE id = ?`);
  const host = db.prepare<[number], { host: string; port: number; owner: string; lastSeen: string }>(`
    SELECT host, port, host_name.owner AS owner, last_seen AS lastSeen
    FROM host JOIN host_name ON host_name.id = host.name
    WHERE host.id = ?`);

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

    ownerLeft(id: number): FindingText {
      const row = findAccount(id);
      return { ...describeOwnerLeft("account", row.owner), ...toAbout(id, row) };
    },

    hostOwnerLeft(id: number): FindingText {
      const row = host.get(id);
      if (!row) throw new Error(`there is no host ${id}`);
      return {
        ...describeOwnerLeft("host", row.owner),
        object: { kind: "host", id },
        label: row.host,
        host: row.host,
        firstSeen: row.lastSeen,
      };
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
