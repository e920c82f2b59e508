import type { Database } from "better-sqlite3";
import { KeysGap } from "#shared/model/access/keys-reading.ts";
import type { ReviewedAccount, ReviewedGrant, ReviewSelection } from "#shared/model/access/review.ts";
import { Workload } from "#shared/model/access/workload.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { ReadPrograms } from "#shared/model/hosts/host-programs.ts";
import type { LoginMethod, LogWindow } from "#shared/model/hosts/host-use.ts";
import type { Instant } from "#shared/model/instant.ts";
import { namesOfEnvironment } from "#shared/model/label.ts";
import { foldName } from "#shared/text/fold-name.ts";
import { hostProgramsTable } from "#store/hosts/host-parts.ts";

type Range = { after: number; limit: number };

/** `isChosen`: null where the environment is not known by which it would be chosen. */
type Chosen<Candidate> = Candidate & { isChosen: boolean | null };

/** What holds for an account by its labels, or for its host where the account was not read. */
const ACCOUNT_OWNER = "ifnull(account.owner, ifnull(home.owner, ''))";
const ACCOUNT_ENVIRONMENT = "ifnull(account.environment, ifnull(home.environment, ''))";

type Condition = { grants: string; accounts: string };

const HAS_TAG = `(
  EXISTS (
    SELECT 1 FROM tagged_host JOIN tag ON tag.id = tagged_host.tag
    WHERE tagged_host.name = host.name AND tag.name = @tag)
  OR EXISTS (
    SELECT 1 FROM tagged_account JOIN tag ON tag.id = tagged_account.tag
    WHERE tagged_account.account = account.id AND tagged_account.uid = account.uid AND tag.name = @tag))`;

/**
 * Whether it is in one of the environments that are chosen; null where nobody has said in which it is. Tags that name several
 * put it in each of them.
 */
const IN_ENVIRONMENT = `CASE
  WHEN @environments = '[]' THEN 1
  WHEN ${ACCOUNT_ENVIRONMENT} <> '' THEN ${ACCOUNT_ENVIRONMENT} IN (SELECT value FROM json_each(@environments))
  ELSE ifnull(
    (SELECT max(tag.environment IN (SELECT value FROM json_each(@environments)))
     FROM tagged_account JOIN tag ON tag.id = tagged_account.tag
     WHERE tagged_account.account = account.id AND tagged_account.uid = account.uid),
    (SELECT max(tag.environment IN (SELECT value FROM json_each(@environments)))
     FROM tagged_host JOIN tag ON tag.id = tagged_host.tag WHERE tagged_host.name = host.name)) END`;

/** Root itself may be entered by more than keys. */
const IS_NO_ITEM = "account.kind = 'system' AND account.uid <> 0";

/** `@tag` and `@owner` are empty where nothing is chosen by them. */
const ROOT: Condition = {
  grants: `ifnull(account.root, iif(grant_line.uid = 0, 'is-root', 'unknown')) <> 'no' AND (@tag = '' OR ${HAS_TAG})`,
  accounts: `account.root <> 'no' AND NOT (${IS_NO_ITEM}) AND (@tag = '' OR ${HAS_TAG})`,
};

/** The keys that are theirs: by a label, an approval of a line, or as a people source has them. */
const THEIR_KEYS = `
  SELECT label.name FROM label WHERE label.kind = 'key' AND label.owner = @owner
  UNION
  SELECT line.fingerprint FROM approval AS given JOIN grant_line AS line ON line.approval = given.id
  WHERE given.owner = @owner AND given.withdrawn_at IS NULL
  UNION
  SELECT person_key.fingerprint FROM json_each(@people) AS one JOIN person_key ON person_key.lead = one.value`;

const OWNED: Condition = {
  grants: `(${ACCOUNT_OWNER} = @owner OR grant_line.fingerprint IN (${THEIR_KEYS}))`,
  accounts: `account.owner = @owner AND NOT (${IS_NO_ITEM})`,
};

const UNOWNED: Condition = {
  grants: `(grant_line.owner <> 'known' OR ${ACCOUNT_OWNER} = '')`,
  accounts: `account.owner = '' AND NOT (${IS_NO_ITEM})`,
};

const OTHER_LOGINS = 5;
const WINDOWS = 20;
const BECOMERS = 10;
const PROGRAMS = 10;

/** What a review of a selection may be about, as it is now. In the order of ids, so that it is read piece by piece. */
export function reviewCandidates(db: Database) {
  const people = reviewPeople(db);
  const root = openSelection(db, ROOT);
  const owned = openSelection(db, OWNED);
  const unowned = openSelection(db, UNOWNED);
  const complete = accountReader(db);
  const isThere = db
    .prepare<AccountOf, number>(`
      SELECT 1 FROM host JOIN account ON account.host = host.id
      WHERE host.host = @host AND host.port = @port AND account.name = @account AND account.uid = @uid
        AND account.gone_scan IS NULL`)
    .pluck();

  function statementsOf(selection: ReviewSelection) {
    switch (selection.kind) {
      case "root": {
        const names = selection.environment === null ? [] : namesOfEnvironment(selection.environment);
        const values = { ...NOTHING, tag: selection.tag ?? "", environments: JSON.stringify(names) };
        return { found: root, values };
      }
      case "owner": {
        const ids = people.named(selection.owner).map(({ id }) => id);
        return { found: owned, values: { ...NOTHING, owner: selection.owner, people: JSON.stringify(ids) } };
      }
      case "no-owner":
        return { found: unowned, values: NOTHING };
      default:
        return assertNever(selection);
    }
  }

  return {
    /** Whether the account is still there, and not somebody else under its name. */
    isThere: ({ host, port, account, uid }: AccountOf): boolean =>
      isThere.get({ host, port, account, uid }) === 1,

    grants(selection: ReviewSelection, range: Range): Chosen<ReviewedGrant>[] {
      const { found, values } = statementsOf(selection);
      return found.grants.all({ ...range, ...values }).map(toChosen);
    },

    accounts(selection: ReviewSelection, range: Range): Chosen<ReviewedAccount>[] {
      const { found, values } = statementsOf(selection);
      return found.accounts.all({ ...range, ...values }).map((row) => {
        const { isChosen, ...account } = toChosen(row);
        return { ...complete(account), isChosen };
      });
    },
  };
}

type AccountOf = { host: string; port: number; account: string; uid: number };

const toChosen = <Row extends { chosen: number | null }>({ chosen, ...row }: Row) => ({
  ...row,
  isChosen: chosen === null ? null : chosen === 1,
});

const NOTHING = { tag: "", environments: "[]", owner: "", people: "[]" };

function openSelection(db: Database, condition: Condition) {
  return {
    grants: prepareGrants(db, condition.grants),
    accounts: prepareAccounts(db, condition.accounts),
  };
}

/** The person whose keys alone open an account. */
const PERSON = `(
  SELECT reason.value ->> '$.person' FROM json_each(account.reasons) AS reason
  WHERE reason.value ->> '$.what' = 'one-person' LIMIT 1)`;

const prepareGrants = (db: Database, sql: string) =>
  db.prepare<Range & typeof NOTHING, ReviewedGrant & { chosen: number | null }>(`
    SELECT grant_line.id, grant_line.uid, ${ACCOUNT_OWNER} AS owner, host.last_read AS readAt,
      ifnull(account.root, iif(grant_line.uid = 0, 'is-root', 'unknown')) AS root,
      ifnull(account.kind, 'unknown') AS kind, ${PERSON} AS person, ${IN_ENVIRONMENT} AS chosen
    FROM grant_line
    JOIN host ON host.id = grant_line.host
    JOIN host_name_label AS home ON home.id = host.name
    LEFT JOIN account ON account.host = grant_line.host AND account.name = grant_line.account
      AND account.gone_scan IS NULL
    WHERE grant_line.id > @after AND grant_line.gone_scan IS NULL
      AND (grant_line.effective <> 'no' OR grant_line.is_dormant = 1) AND ${sql}
    ORDER BY grant_line.id
    LIMIT @limit`);

type AccountRow = {
  id: number;
  hostId: number;
  name: string;
  uid: number;
  person: string | null;
  readAt: Instant | null;
  home: string;
  groups: string;
  workloads: string;
  gap: string | null;
  hasReading: number;
};

const prepareAccounts = (db: Database, sql: string) =>
  db.prepare<Range & typeof NOTHING, AccountRow & { chosen: number | null }>(`
    SELECT account.id, account.host AS hostId, account.name, account.uid, ${PERSON} AS person, host.last_read AS readAt,
      account.home, account.groups, account.workloads, reading.gap, reading.uid IS NOT NULL AS hasReading,
      ${IN_ENVIRONMENT} AS chosen
    FROM account
    JOIN host ON host.id = account.host
    JOIN host_name_label AS home ON home.id = host.name
    LEFT JOIN keys_reading AS reading ON reading.host = account.host AND reading.uid = account.uid
    WHERE account.id > @after AND account.gone_scan IS NULL AND ${sql}
    ORDER BY account.id
    LIMIT @limit`);

type Becomer = ReviewedAccount["becomers"][number];

/** What else is known of an account: who becomes it, what starts as it, and who has logged in without a key. */
function accountReader(db: Database): (account: AccountRow) => ReviewedAccount {
  const otherLogins = db.prepare<[number, string], { method: LoginMethod; by: string; lastAt: Instant }>(`
    SELECT method, became_by AS by, last_at AS lastAt FROM other_login
    WHERE host = ? AND account = ? ORDER BY last_at DESC LIMIT ${OTHER_LOGINS}`);
  const windows = db.prepare<[number], LogWindow>(`
    SELECT source, from_at AS "from", to_at AS "to" FROM log_window
    WHERE host = ? ORDER BY source, from_at DESC LIMIT ${WINDOWS}`);
  const becomers = db.prepare<[number, string], Omit<Becomer, "isCertain"> & { isCertain: number }>(`
    SELECT account, by, is_certain AS isCertain FROM escalation
    WHERE host = ? AND target = ? AND gone_scan IS NULL ORDER BY account, by LIMIT ${BECOMERS}`);
  const becomerCount = db
    .prepare<[number, string], number>(
      "SELECT count(*) FROM escalation WHERE host = ? AND target = ? AND gone_scan IS NULL",
    )
    .pluck();
  const programs = hostProgramsTable(db);
  // Accounts of one host follow each other.
  let last: { host: number; programs: ReadPrograms | null } | null = null;
  const programsOf = (host: number): ReadPrograms | null => {
    if (last?.host !== host) last = { host, programs: programs.of(host) };
    return last.programs;
  };

  return ({ hostId, name, uid, groups, workloads, gap, hasReading, ...account }) => {
    const own = programsOf(hostId);
    const isRead = own?.isByRoot === true && own.isSetuidWhole;
    const setuid = own?.setuidPrograms.filter(({ owner, isSetuid }) => isSetuid && owner === name) ?? [];
    return {
      ...account,
      groups: JSON.parse(groups) as string[],
      workloads: Workload.array().parse(JSON.parse(workloads)),
      keysGap: toGap(gap, hasReading === 1),
      becomers: becomers.all(hostId, name).map((one) => ({ ...one, isCertain: one.isCertain === 1 })),
      becomerCount: becomerCount.get(hostId, name) ?? 0,
      setuidPrograms:
        uid === 0
          ? []
          : isRead || setuid.length > 0
            ? setuid.slice(0, PROGRAMS).map(({ path }) => path)
            : null,
      principals:
        uid === 0 ? (own?.keytabs?.flatMap(({ principals }) => principals).slice(0, PROGRAMS) ?? null) : [],
      otherLogins: otherLogins.all(hostId, name),
      logs: windows.all(hostId),
    };
  };
}

/** What was never read has the same gap as what root has not. */
function toGap(gap: string | null, hasReading: boolean): KeysGap | null {
  if (!hasReading) return { why: "not-root" };
  return gap === null ? null : KeysGap.parse(JSON.parse(gap));
}

/** A person by the entry that leads. */
export type Reviewer = { id: number; name: string; standing: "known" | "gone" };

const LEAD = `
  SELECT DISTINCT lead.id, lead.name, lead.standing
  FROM person JOIN person AS lead ON lead.id = ifnull(person.lead, person.id)`;

/** Who people sources mean by a name, and who has a key. */
export function reviewPeople(db: Database) {
  const named = db.prepare<{ called: string; login: string }, Reviewer>(`
    ${LEAD} WHERE substr(person.called, 1, 120) = substr(@called, 1, 120) AND person.called = @called
    UNION
    ${LEAD} WHERE person.id IN (SELECT person FROM person_login WHERE login IN (@called, @login))`);
  const isEmpty = db.prepare<[], number>("SELECT NOT EXISTS (SELECT 1 FROM person)").pluck();
  const ofKey = db.prepare<[string], Reviewer>(`
    ${LEAD} WHERE person.id IN (SELECT person FROM person_key WHERE fingerprint = ?)`);
  return {
    /** By name, login or address, in whatever case. Two people who are called so are both named. */
    named: (word: string): Reviewer[] => named.all({ called: foldName(word), login: word.toLowerCase() }),
    ofKey: (fingerprint: string): Reviewer[] => ofKey.all(fingerprint),
    /** Whether no people source has anybody. */
    isEmpty: (): boolean => isEmpty.get() === 1,
  };
}
