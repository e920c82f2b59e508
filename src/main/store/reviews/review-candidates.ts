import type { Database } from "better-sqlite3";
import { KindReason } from "#shared/model/access/account.ts";
import type { ReviewedAccount, ReviewedGrant, ReviewSelection } from "#shared/model/access/review.ts";
import { Workload } from "#shared/model/access/workload.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { LoginMethod, LogWindow } from "#shared/model/hosts/host-use.ts";
import type { Instant } from "#shared/model/instant.ts";

type AccountRow = Omit<ReviewedAccount, "reasons" | "groups" | "workloads" | "otherLogins" | "logs"> & {
  hostId: number;
  reasons: string;
  groups: string;
  workloads: string;
};

type Range = { after: number; limit: number };

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

/** `@tag`, `@environment` and `@owner` are empty where nothing is chosen by them. */
const ROOT: Condition = {
  grants: `ifnull(account.root, iif(grant_line.uid = 0, 'is-root', 'unknown')) <> 'no'
    AND (@tag = '' OR ${HAS_TAG}) AND (@environment = '' OR ${ACCOUNT_ENVIRONMENT} = @environment)`,
  accounts: `account.root <> 'no'
    AND (@tag = '' OR ${HAS_TAG}) AND (@environment = '' OR account.environment = @environment)`,
};

const OWNED: Condition = { grants: `${ACCOUNT_OWNER} = @owner`, accounts: "account.owner = @owner" };

const UNOWNED: Condition = {
  grants: `(grant_line.owner <> 'known' OR ${ACCOUNT_OWNER} = '')`,
  accounts: "account.owner = ''",
};

const OTHER_LOGINS = 5;
const WINDOWS = 20;

/** What a review of a selection is about, as it is now. In the order of ids, so that it is read piece by piece. */
export function reviewCandidates(db: Database) {
  const otherLogins = db.prepare<[number, string], { method: LoginMethod; by: string; lastAt: Instant }>(`
    SELECT method, became_by AS by, last_at AS lastAt FROM other_login
    WHERE host = ? AND account = ? ORDER BY last_at DESC LIMIT ${OTHER_LOGINS}`);
  const windows = db.prepare<[number], LogWindow>(`
    SELECT source, from_at AS "from", to_at AS "to" FROM log_window
    WHERE host = ? ORDER BY source, from_at DESC LIMIT ${WINDOWS}`);

  const root = openSelection(db, ROOT);
  const owned = openSelection(db, OWNED);
  const unowned = openSelection(db, UNOWNED);

  function statementsOf(selection: ReviewSelection) {
    switch (selection.kind) {
      case "root":
        return {
          found: root,
          values: { ...NOTHING, tag: selection.tag ?? "", environment: selection.environment ?? "" },
        };
      case "owner":
        return { found: owned, values: { ...NOTHING, owner: selection.owner } };
      case "no-owner":
        return { found: unowned, values: NOTHING };
      default:
        return assertNever(selection);
    }
  }

  return {
    grants(selection: ReviewSelection, range: Range): ReviewedGrant[] {
      const { found, values } = statementsOf(selection);
      return found.grants.all({ ...range, ...values });
    },

    accounts(selection: ReviewSelection, range: Range): ReviewedAccount[] {
      const { found, values } = statementsOf(selection);
      return found.accounts
        .all({ ...range, ...values })
        .map(({ hostId, reasons, groups, workloads: runs, ...row }) => ({
          ...row,
          reasons: KindReason.array().parse(JSON.parse(reasons)),
          groups: JSON.parse(groups) as string[],
          workloads: Workload.array().parse(JSON.parse(runs)),
          otherLogins: otherLogins.all(hostId, row.name),
          logs: windows.all(hostId),
        }));
    },
  };
}

const NOTHING = { tag: "", environment: "", owner: "" };

function openSelection(db: Database, condition: Condition) {
  return {
    grants: prepareGrants(db, condition.grants),
    accounts: prepareAccounts(db, condition.accounts),
  };
}

const prepareGrants = (db: Database, sql: string) =>
  db.prepare<Range & typeof NOTHING, ReviewedGrant>(`
    SELECT grant_line.id, grant_line.uid, ${ACCOUNT_OWNER} AS owner, host.last_read AS readAt,
      ifnull(account.root, iif(grant_line.uid = 0, 'is-root', 'unknown')) AS root
    FROM grant_line
    JOIN host ON host.id = grant_line.host
    JOIN host_name_label AS home ON home.id = host.name
    LEFT JOIN account ON account.host = grant_line.host AND account.name = grant_line.account
      AND account.gone_scan IS NULL
    WHERE grant_line.id > @after AND grant_line.gone_scan IS NULL
      AND (grant_line.effective <> 'no' OR grant_line.is_dormant = 1) AND ${sql}
    ORDER BY grant_line.id
    LIMIT @limit`);

const prepareAccounts = (db: Database, sql: string) =>
  db.prepare<Range & typeof NOTHING, AccountRow>(`
    SELECT account.id, account.host AS hostId, account.host_name AS host, account.port, account.name, account.uid,
      account.kind, reasons, shell, home, groups, password_state AS passwordState, account.root, workloads,
      workload_count AS workloadCount, account.grant_count AS grantCount, last_login_at AS lastLoginAt, account.owner,
      host.last_read AS readAt, (SELECT started_at FROM scan WHERE scan.id = account.first_scan) AS firstSeen,
      (SELECT started_at FROM scan WHERE scan.id = account.last_scan) AS lastSeen
    FROM account
    JOIN host ON host.id = account.host
    WHERE account.id > @after AND account.gone_scan IS NULL AND account.kind <> 'system' AND ${sql}
    ORDER BY account.id
    LIMIT @limit`);

/** A person by the entry that leads. */
export type Reviewer = { id: number; name: string; standing: "known" | "gone" };

const LEAD = `
  SELECT DISTINCT lead.id, lead.name, lead.standing
  FROM person JOIN person AS lead ON lead.id = ifnull(person.lead, person.id)`;

/** Who people sources mean by a name, and who has a key. */
export function reviewPeople(db: Database) {
  const named = db.prepare<{ word: string }, Reviewer>(`
    ${LEAD} WHERE substr(person.name, 1, 120) = substr(@word, 1, 120) AND person.name = @word
    UNION
    ${LEAD} WHERE person.id IN (SELECT person FROM person_login WHERE login = lower(@word))`);
  const ofKey = db.prepare<[string], Reviewer>(`
    ${LEAD} WHERE person.id IN (SELECT person FROM person_key WHERE fingerprint = ?)`);
  return {
    /** By name, login or address. Two people who are called so are both named. */
    named: (word: string): Reviewer[] => named.all({ word }),
    ofKey: (fingerprint: string): Reviewer[] => ofKey.all(fingerprint),
  };
}
