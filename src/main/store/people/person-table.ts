import type { Database } from "better-sqlite3";
import type { PeopleSourceKind, PersonRow, Roster } from "#shared/model/access/person.ts";
import type { Instant } from "#shared/model/instant.ts";
import { formatStanding, type PeopleSourceEntry } from "#shared/text/access/owner.ts";
import type { Listed, Lists, Window } from "#store/lists/lists.ts";
import { eachWord } from "#store/lists/search.ts";

type Column = "name" | "standing";

type Wanted = Window & {
  search: string;
  standing: PersonRow["standing"] | null;
  sort: { by: Column; descending: boolean };
};

/** What the rosters say of a person, for somebody to settle who is still there. */
type Entry = Omit<PeopleSourceEntry, "name" | "roster"> & {
  id: number;
  roster: number;
  rosterIsWhole: boolean;
  logins: readonly string[];
  standing: PersonRow["standing"];
  decidedBy: number | null;
};

type EntryRow = Omit<Entry, "isMissing" | "rosterIsWhole" | "logins"> & {
  isMissing: number;
  rosterIsWhole: number;
};

type Row = {
  id: number;
  name: string;
  email: string | null;
  roster: string;
  standing: PersonRow["standing"];
  read_at: string;
} & DecidingRow;

/** The columns of `DECIDING`. */
type DecidingRow = {
  by_name: string;
  by_roster: string;
  by_said: PeopleSourceEntry["said"];
  by_left_on: string | null;
  by_is_missing: number;
  by_read_at: string;
};

/**
 * People beside the entry that decides about them, and the rosters of both. `people` is what they are found by: the planner
 * would begin with the rosters, which are few, and look at everybody.
 */
export const withDeciders = (people: string): string => `${people}
  CROSS JOIN roster ON roster.id = person.roster
  CROSS JOIN person AS decider ON decider.id = ifnull(person.decided_by, person.id)
  CROSS JOIN roster AS deciding ON deciding.id = decider.roster`;

export const DECIDING = `decider.name AS by_name, deciding.name AS by_roster, decider.said AS by_said,
  decider.left_on AS by_left_on, decider.is_missing AS by_is_missing, decider.read_at AS by_read_at`;

/** A table of people knows more of a name than a file of keys, which is named by a login. */
export const toDeciding = (row: DecidingRow): PeopleSourceEntry => ({
  name: row.by_name,
  roster: row.by_roster,
  said: row.by_said,
  leftOn: row.by_left_on,
  isMissing: row.by_is_missing === 1,
  readAt: row.by_read_at,
});

const SORTED_BY: Record<Column, readonly string[]> = {
  name: ["substr(person.name, 1, 120)"],
  standing: ["person.standing"],
};

const TEXT = `person.name || char(10) || ifnull(person.email, '') || char(10) || roster.name || char(10)
  || ifnull((SELECT group_concat(login, char(10)) FROM person_login WHERE person = person.id), '')`;

const SELECT = `person.id, person.name, person.email, roster.name AS roster, person.standing, person.read_at, ${DECIDING}`;

/** The people of all rosters. */
export function personTable(db: Database, lists: Lists) {
  const entries = db.prepare<[], EntryRow>(`
    SELECT person.id, person.roster, said, left_on AS leftOn, is_missing AS isMissing, person.read_at AS readAt,
      roster.is_whole AS rosterIsWhole, standing, decided_by AS decidedBy
    FROM person
    JOIN roster ON roster.id = person.roster
    ORDER BY person.id`);
  const allLogins = db
    .prepare<[], [number, string]>("SELECT person, login FROM person_login ORDER BY person")
    .raw();
  const settle = db.prepare("UPDATE person SET standing = @standing, decided_by = @decidedBy WHERE id = @id");
  const toPerson = personRows(db);

  return {
    list({ search, standing, sort, after, limit }: Wanted): Listed<PersonRow> {
      const where = [
        ...eachWord(search, TEXT),
        ...(standing === null ? [] : [{ sql: "person.standing = ?", values: [standing] }]),
      ];
      const columns = [...SORTED_BY[sort.by], "person.id"];
      return lists.list(
        {
          select: SELECT,
          from: withDeciders("person"),
          where,
          after,
          limit,
          sort: { name: sort.by, columns, descending: sort.descending },
        },
        toPerson,
      );
    },

    entries(): Entry[] {
      const logins = Map.groupBy(allLogins.all(), ([person]) => person);
      return entries.all().map((row) => ({
        ...row,
        isMissing: row.isMissing === 1,
        rosterIsWhole: row.rosterIsWhole === 1,
        logins: logins.get(row.id)?.map(([, login]) => login) ?? [],
      }));
    },

    /** Who is still there, and whose entry says so. */
    settle(settled: readonly Pick<Entry, "id" | "standing" | "decidedBy">[]): void {
      for (const { id, standing, decidedBy } of settled) settle.run({ id, standing, decidedBy });
    },
  };
}

const MOST_FINGERPRINTS = 20;

/** How the rows of people are filled with what is to be said of them. */
function personRows(db: Database): (row: Row) => PersonRow {
  const loginsOf = db.prepare<[number], string>("SELECT login FROM person_login WHERE person = ?").pluck();
  const keyCount = db.prepare<[number], number>("SELECT count(*) FROM person_key WHERE person = ?").pluck();
  const fingerprints = db
    .prepare<[number, number], string>(
      "SELECT fingerprint FROM person_key WHERE person = ? ORDER BY fingerprint LIMIT ?",
    )
    .pluck();
  const grantCount = db
    .prepare<[number], number>(`
      SELECT count(*) FROM person_key
      JOIN grant_line ON ifnull(grant_line.fingerprint, '') = person_key.fingerprint AND gone_scan IS NULL
      WHERE person = ?`)
    .pluck();
  return (row) => ({
    id: row.id,
    name: row.name,
    email: row.email,
    logins: loginsOf.all(row.id).filter((login) => login !== row.email?.toLowerCase()),
    roster: row.roster,
    standing: row.standing,
    why: formatStanding(row.standing, toDeciding(row)),
    keyCount: keyCount.get(row.id) ?? 0,
    fingerprints: fingerprints.all(row.id, MOST_FINGERPRINTS),
    grantCount: grantCount.get(row.id) ?? 0,
    readAt: row.read_at,
  });
}

/** A person as a roster that was just read tells of them. */
export type ListedPerson = {
  /** Tells the people of one roster apart. */
  handle: string;
  name: string;
  email: string | null;
  /** Logins and addresses, in lower case. */
  logins: readonly string[];
  said: "active" | "gone" | "nothing";
  leftOn: string | null;
  keys: readonly { fingerprint: string; keyType: string | null }[];
};

type Reading = {
  name: string;
  kind: PeopleSourceKind;
  isWhole: boolean;
  at: Instant;
  people: readonly ListedPerson[];
};

/** Rosters, and what each says of its people. Who stands how is settled afterwards: see `personTable`. */
export function peopleSourceTable(db: Database) {
  const put = db
    .prepare<object, number>(`
      INSERT INTO roster (name, kind, is_whole, read_at) VALUES (@name, @kind, @isWhole, @at)
      ON CONFLICT (name) DO UPDATE SET kind = @kind, is_whole = @isWhole, read_at = @at
      RETURNING id`)
    .pluck();
  const find = db.prepare<[string], number>("SELECT id FROM roster WHERE name = ?").pluck();
  const list = db.prepare<[], Omit<Roster, "isWhole"> & { isWhole: number }>(`
    SELECT name, kind, is_whole AS isWhole, read_at AS readAt,
      (SELECT count(*) FROM person WHERE roster = roster.id) AS people,
      (SELECT count(*) FROM person JOIN person_key ON person = person.id WHERE roster = roster.id) AS keys
    FROM roster
    ORDER BY name`);
  const briefs = db.prepare<[], { name: string; people: number; readAt: Instant }>(`
    SELECT name, read_at AS readAt, (SELECT count(*) FROM person WHERE roster = roster.id) AS people
    FROM roster
    ORDER BY name`);
  const miss = db.prepare("UPDATE person SET is_missing = 1 WHERE roster = ?");
  const count = db.prepare<[string], { gone: number; missing: number }>(`
    SELECT count(iif(standing = 'gone', 1, NULL)) AS gone, count(iif(is_missing = 1, 1, NULL)) AS missing
    FROM person JOIN roster ON roster.id = person.roster
    WHERE roster.name = ?`);
  const forget = [
    "DELETE FROM person_key WHERE person IN (SELECT id FROM person WHERE roster = ?)",
    "DELETE FROM person_login WHERE person IN (SELECT id FROM person WHERE roster = ?)",
    "DELETE FROM person WHERE roster = ?",
    "DELETE FROM roster WHERE id = ?",
  ].map((sql) => db.prepare(sql));
  const write = entryWriter(db);

  return {
    list: (): Roster[] => list.all().map((row) => ({ ...row, isWhole: row.isWhole === 1 })),

    /** As verdicts name them: keys are not counted, which takes as long as there are many. */
    listBriefly: () => briefs.all(),

    replace({ people, isWhole, ...reading }: Reading): void {
      const roster = put.get({ ...reading, isWhole: Number(isWhole) }) ?? 0;
      miss.run(roster);
      for (const person of people) write(roster, person, reading.at);
    },

    /** How many of its people have left, and how many were in an earlier reading and are not in the newest. */
    count: (name: string) => count.get(name) ?? { gone: 0, missing: 0 },

    /** Answers whether there was one. */
    remove(name: string): boolean {
      const roster = find.get(name);
      if (roster === undefined) return false;
      for (const statement of forget) statement.run(roster);
      return true;
    },
  };
}

/** What a roster says of a person takes the place of what it said before. */
function entryWriter(db: Database) {
  const put = db
    .prepare<object, number>(`
      INSERT INTO person (roster, handle, name, email, said, left_on, read_at, standing)
      VALUES (@roster, @handle, @name, @email, @said, @leftOn, @at, 'known')
      ON CONFLICT (roster, handle) DO UPDATE
      SET name = @name, email = @email, said = @said, left_on = @leftOn, read_at = @at, is_missing = 0
      RETURNING id`)
    .pluck();
  const dropLogins = db.prepare("DELETE FROM person_login WHERE person = ?");
  const addLogin = db.prepare(
    "INSERT INTO person_login (login, person) VALUES (?, ?) ON CONFLICT DO NOTHING",
  );
  const keysOf = db.prepare<[number], string>("SELECT fingerprint FROM person_key WHERE person = ?").pluck();
  const addKey = db.prepare(`
    INSERT INTO person_key (fingerprint, person, key_type) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`);
  const dropKey = db.prepare("DELETE FROM person_key WHERE fingerprint = ? AND person = ?");

  return (roster: number, { logins, keys, ...person }: ListedPerson, at: Instant): void => {
    const id = put.get({ ...person, roster, at }) ?? 0;
    dropLogins.run(id);
    for (const login of logins) addLogin.run(login, id);
    const listed = new Set(keys.map(({ fingerprint }) => fingerprint));
    for (const known of keysOf.all(id)) if (!listed.has(known)) dropKey.run(known, id);
    for (const { fingerprint, keyType } of keys) addKey.run(fingerprint, id, keyType);
  };
}
