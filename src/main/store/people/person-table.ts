import type { Database } from "better-sqlite3";
import type { PersonRow } from "#shared/model/person.ts";
import { formatStanding, type PeopleSourceEntry } from "#shared/text/standing.ts";
import type { Listed, Lists, Window } from "#store/lists/lists.ts";
import { eachWord } from "#store/lists/search.ts";

type Column = "name" | "standing";

type Wanted = Window & {
  search: string;
  standing: PersonRow["standing"] | null;
  sort: { by: Column; descending: boolean };
};

/** What the rosters say of a person, for somebody to settle who is still there. */
export type Entry = Omit<PeopleSourceEntry, "name" | "roster"> & {
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
