import type { Database } from "better-sqlite3";
import type { PersonDetail, PersonRow } from "#shared/model/access/person.ts";
import { toInstant } from "#shared/model/instant.ts";
import { formatStanding, type PeopleSourceEntry } from "#shared/text/access/owner.ts";
import { acceptedFor } from "#store/findings/finding-source.ts";
import type { Listed, Lists, Window } from "#store/lists/lists.ts";
import { eachWord } from "#store/lists/search.ts";
import { personBelongings } from "./person-belongings.ts";

type Column = "name" | "standing";

type PeopleQuery = Window & {
  search: string;
  standing: PersonRow["standing"] | null;
  sort: { by: Column; descending: boolean };
};

/** The entry of a person, from which the caller settles who is still there. */
type Entry = Omit<PeopleSourceEntry, "name"> & {
  id: number;
  source: number;
  sourceIsWhole: boolean;
  logins: readonly string[];
  isNamed: boolean;
  standing: PersonRow["standing"];
  decidedBy: number | null;
  lead: number | null;
};

type EntryRow = Omit<Entry, "isMissing" | "sourceIsWhole" | "logins" | "isNamed"> & {
  name: string;
  isMissing: number;
  sourceIsWhole: number;
};

type Row = {
  id: number;
  name: string;
  email: string | null;
  standing: PersonRow["standing"];
  read_at: string;
} & DecidingRow;

/** The columns of `DECIDING`. */
type DecidingRow = {
  by_name: string;
  by_source: string;
  by_said: PeopleSourceEntry["said"];
  by_left_on: string | null;
  by_is_missing: number;
  by_read_at: string;
};

/**
 * Joins people with the entry that decides about them, and the sources of both. `people` is the table that finds them:
 * SQLite's planner would begin with the sources, which are few, and read everybody.
 */
export const withDeciders = (people: string): string => `${people}
  CROSS JOIN people_source ON people_source.id = person.source
  CROSS JOIN person AS decider ON decider.id = coalesce(person.decided_by, person.lead, person.id)
  CROSS JOIN people_source AS deciding ON deciding.id = decider.source`;

export const DECIDING = `decider.name AS by_name, deciding.name AS by_source, decider.said AS by_said,
  decider.left_on AS by_left_on, decider.is_missing AS by_is_missing, decider.read_at AS by_read_at`;

/**
 * The name is that of the deciding entry: a table of people knows more of a name than a file of keys, which is named by
 * a login.
 */
export const toDeciding = (row: DecidingRow): PeopleSourceEntry => ({
  name: row.by_name,
  source: row.by_source,
  said: row.by_said,
  leftOn: row.by_left_on,
  isMissing: row.by_is_missing === 1,
  readAt: row.by_read_at,
});

const SORTED_BY: Record<Column, readonly string[]> = {
  name: ["substr(person.name, 1, 120)"],
  standing: ["person.standing"],
};

/** The entries of one person. */
const ENTRIES = "person AS entry INDEXED BY person_of_lead";

/** The grants of the keys of a person, by the id of their lead. With a column's affinity the index of an expression would not be used. */
const IN_GRANT = `ifnull(fingerprint, '') IN (
    SELECT +person_key.fingerprint FROM ${ENTRIES} JOIN person_key ON person_key.person = entry.id WHERE entry.lead = ?)
  AND gone_scan IS NULL`;

/** What a search reads of a person: all that any entry says. */
const TEXT = `(SELECT group_concat(entry.name || char(10) || ifnull(entry.email, '') || char(10)
    || (SELECT people_source.name FROM people_source WHERE people_source.id = entry.source) || char(10)
    || ifnull((SELECT group_concat(login, char(10)) FROM person_login WHERE person_login.person = entry.id), ''), char(10))
  FROM ${ENTRIES} WHERE entry.lead = person.id)`;

const COLUMNS = `person.id, person.name, person.standing,
  (SELECT min(email) FROM ${ENTRIES} WHERE entry.lead = person.id) AS email,
  (SELECT max(read_at) FROM ${ENTRIES} WHERE entry.lead = person.id) AS read_at, ${DECIDING}`;

/** So many of the accounts of somebody who has left are named. */
const MOST_ACCOUNTS = 3;

type FormerRow = { id: number; name: string; accountCount: number; yes: number; unknown: number };
type FormerPerson = Omit<FormerRow, "yes" | "unknown"> & {
  login: "yes" | "unknown" | "dormant";
  accounts: string[];
};

/** Grants that log in, may, or would, but for those whose finding somebody has accepted. */
const STILL_OPEN = `(effective <> 'no' OR is_dormant = 1) AND NOT (${acceptedFor("grant-orphaned", "grant", "grant_line.id")})`;

const FORMER = `
  SELECT lead.id, lead.name, count(DISTINCT grant_line.account || ' ' || grant_line.host) AS accountCount,
    count(iif(effective = 'yes', 1, NULL)) AS yes, count(iif(effective = 'unknown', 1, NULL)) AS unknown
  FROM person AS lead INDEXED BY person_by_standing
  CROSS JOIN ${ENTRIES} ON entry.lead = lead.id
  CROSS JOIN person_key ON person_key.person = entry.id
  CROSS JOIN grant_line INDEXED BY grant_by_fingerprint
    ON ifnull(grant_line.fingerprint, '') = +person_key.fingerprint AND gone_scan IS NULL
  WHERE lead.standing = 'gone' AND lead.lead = lead.id AND ${STILL_OPEN}
  GROUP BY lead.id
  ORDER BY yes > 0 DESC, unknown > 0 DESC, accountCount DESC, lead.id
  LIMIT ?`;

/** Those that log in first. */
const ACCOUNTS = `
  SELECT account || ' on ' || host_name AS account FROM grant_line
  WHERE ${IN_GRANT} AND ${STILL_OPEN}
  GROUP BY account, host_name
  ORDER BY max(effective = 'yes') DESC, max(effective = 'unknown') DESC, 1
  LIMIT ${MOST_ACCOUNTS}`;

const FIND = `SELECT ${COLUMNS} FROM ${withDeciders("person")} WHERE person.id = ?`;

/** The people of all sources, each once however many entries they have. */
export function personTable(db: Database, lists: Lists) {
  const entries = db.prepare<[], EntryRow>(`
    SELECT person.id, person.source, said, left_on AS leftOn, is_missing AS isMissing, person.read_at AS readAt,
      people_source.is_whole AS sourceIsWhole, standing, decided_by AS decidedBy, lead, person.name
    FROM person
    JOIN people_source ON people_source.id = person.source
    ORDER BY person.id`);
  const allLogins = db
    .prepare<[], [number, string]>("SELECT person, login FROM person_login ORDER BY person")
    .raw();
  const settle = db.prepare(
    "UPDATE person SET standing = @standing, decided_by = @decidedBy, lead = @lead WHERE id = @id",
  );
  const leadOf = db.prepare<[number], number>("SELECT ifnull(lead, id) FROM person WHERE id = ?").pluck();
  const find = db.prepare<[number], Row>(FIND);
  const toPerson = personRows(db);
  const detail = personDetails(db);

  return {
    list({ search, standing, sort, after, limit }: PeopleQuery): Listed<PersonRow> {
      const where = [
        { sql: "person.lead = person.id", values: [] },
        ...eachWord(search, TEXT),
        ...(standing === null ? [] : [{ sql: "person.standing = ?", values: [standing] }]),
      ];
      const columns = [...SORTED_BY[sort.by], "person.id"];
      return lists.list(
        {
          select: COLUMNS,
          from: withDeciders("person"),
          where,
          after,
          limit,
          sort: { name: sort.by, columns, descending: sort.descending },
        },
        toPerson,
      );
    },

    /** The person of an entry, by any entry of theirs. */
    find(id: number): PersonDetail | null {
      const lead = leadOf.get(id);
      const row = lead === undefined ? undefined : find.get(lead);
      return row ? { ...toPerson(row), ...detail(row.id) } : null;
    },

    /** People who have left and whose keys are in grants that log in, may, or would; those who can log in first. */
    former(now: Date, limit: number): FormerPerson[] {
      const at = { now: toInstant(now) };
      return lists.read<FormerRow>(FORMER, [limit], at).map(({ yes, unknown, ...person }) => ({
        ...person,
        login: yes > 0 ? "yes" : unknown > 0 ? "unknown" : "dormant",
        accounts: lists.read<{ account: string }>(ACCOUNTS, [person.id], at).map(({ account }) => account),
      }));
    },

    entries(): Entry[] {
      const logins = Map.groupBy(allLogins.all(), ([person]) => person);
      return entries.all().map(({ name, ...row }) => {
        const own = logins.get(row.id)?.map(([, login]) => login) ?? [];
        return {
          ...row,
          isMissing: row.isMissing === 1,
          sourceIsWhole: row.sourceIsWhole === 1,
          logins: own,
          isNamed: !own.includes(name.toLowerCase()),
        };
      });
    },

    /** Stores who is one person, who is still there, and whose entry says so. */
    settle(settled: readonly Pick<Entry, "id" | "standing" | "decidedBy" | "lead">[]): void {
      for (const { id, standing, decidedBy, lead } of settled) settle.run({ id, standing, decidedBy, lead });
    },
  };
}

const MOST_FINGERPRINTS = 20;

/** Fills the rows of people with the keys and grants of all their entries. */
function personRows(db: Database): (row: Row) => PersonRow {
  const logins = db
    .prepare<[number], string>(`
      SELECT DISTINCT login FROM ${ENTRIES} JOIN person_login ON person_login.person = entry.id
      WHERE entry.lead = ? ORDER BY login`)
    .pluck();
  const sources = db
    .prepare<[number], string>(`
      SELECT DISTINCT people_source.name FROM ${ENTRIES} JOIN people_source ON people_source.id = entry.source
      WHERE entry.lead = ? ORDER BY people_source.name`)
    .pluck();
  const keyCount = db
    .prepare<[number], number>(`
      SELECT count(DISTINCT fingerprint) FROM ${ENTRIES} JOIN person_key ON person_key.person = entry.id
      WHERE entry.lead = ?`)
    .pluck();
  const fingerprints = db
    .prepare<[number, number], string>(`
      SELECT DISTINCT fingerprint FROM ${ENTRIES} JOIN person_key ON person_key.person = entry.id
      WHERE entry.lead = ? ORDER BY fingerprint LIMIT ?`)
    .pluck();
  const grantCount = db
    .prepare<[number], number>(`SELECT count(*) FROM grant_line WHERE ${IN_GRANT}`)
    .pluck();
  return (row) => ({
    id: row.id,
    name: row.name,
    email: row.email,
    logins: logins.all(row.id).filter((login) => login !== row.email?.toLowerCase()),
    sources: sources.all(row.id),
    standing: row.standing,
    why: formatStanding(row.standing, toDeciding(row)),
    keyCount: keyCount.get(row.id) ?? 0,
    fingerprints: fingerprints.all(row.id, MOST_FINGERPRINTS),
    grantCount: grantCount.get(row.id) ?? 0,
    readAt: row.read_at,
  });
}

/** So many people who are listed with a key of somebody are named. */
const MOST_ALIKE = 20;

type DetailEntryRow = {
  id: number;
  source: string;
  name: string;
  email: string | null;
  logins: string;
  keyCount: number;
  isSplit: number;
  isJoined: number;
};

/** The entries of a person, and others that may be theirs, too. */
function personDetails(db: Database): (lead: number) => Omit<PersonDetail, keyof PersonRow> {
  const entries = db.prepare<[number], DetailEntryRow>(`
    SELECT entry.id, people_source.name AS source, entry.name, email,
      (SELECT json_group_array(login) FROM person_login WHERE person_login.person = entry.id) AS logins,
      (SELECT count(*) FROM person_key WHERE person_key.person = entry.id) AS keyCount,
      EXISTS (
        SELECT 1 FROM person_decision
        WHERE kind = 'split' AND person_decision.source = people_source.name AND person_decision.handle = entry.handle) AS isSplit,
      EXISTS (
        SELECT 1 FROM person_decision
        WHERE kind = 'join' AND person_decision.source = people_source.name AND person_decision.handle = entry.handle
          OR other_source = people_source.name AND other_handle = entry.handle) AS isJoined
    FROM ${ENTRIES} JOIN people_source ON people_source.id = entry.source
    WHERE entry.lead = ? ORDER BY entry.id`);
  const keys = db
    .prepare<[number], string>(`
      SELECT DISTINCT fingerprint FROM ${ENTRIES} JOIN person_key ON person_key.person = entry.id
      WHERE entry.lead = ? ORDER BY fingerprint`)
    .pluck();
  const grants = db
    .prepare<[string], number>(`
      SELECT id FROM grant_line INDEXED BY grant_by_fingerprint
      WHERE ifnull(fingerprint, '') = CAST(? AS TEXT) AND gone_scan IS NULL ORDER BY id`)
    .pluck();
  const alsoOf = db
    .prepare<[string, number], string>(`
      SELECT DISTINCT other.name FROM person_key JOIN person ON person.id = person_key.person
      JOIN person AS other ON other.id = person.lead
      WHERE fingerprint = ? AND person.lead <> ? AND other.standing = 'known' ORDER BY other.name LIMIT 5`)
    .pluck();
  const alike = db.prepare<{ lead: number }, { id: number; name: string }>(`
    SELECT DISTINCT lead.id, lead.name
    FROM ${ENTRIES} JOIN person_key AS own ON own.person = entry.id
    JOIN person_key AS same ON same.fingerprint = own.fingerprint
    JOIN person AS other ON other.id = same.person
    JOIN person AS lead ON lead.id = other.lead
    WHERE entry.lead = @lead AND other.lead <> @lead
    ORDER BY lead.name LIMIT ${MOST_ALIKE}`);
  const belongings = personBelongings(db);
  return (lead) => {
    const theirs = toGrants(lead);
    return {
      entries: entries.all(lead).map((row) => ({
        ...row,
        isSplit: row.isSplit === 1,
        isJoined: row.isJoined === 1,
        logins: JSON.parse(row.logins) as string[],
      })),
      ...theirs,
      ...belongings(lead, theirs.grants),
      alike: alike.all({ lead }),
    };
  };

  /** A key that somebody who is there is listed with, too, is told apart: to revoke it shuts them out. */
  function toGrants(lead: number): Pick<PersonDetail, "grants" | "sharedKeys"> {
    const found = keys.all(lead).map((fingerprint) => ({
      fingerprint,
      grants: grants.all(fingerprint),
      people: alsoOf.all(fingerprint, lead),
    }));
    return {
      grants: found.flatMap((key) => (key.people.length === 0 ? key.grants : [])),
      sharedKeys: found.filter((key) => key.people.length > 0 && key.grants.length > 0),
    };
  }
}
