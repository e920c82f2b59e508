import type { Database } from "better-sqlite3";
import type { Instant } from "#shared/model/instant.ts";
import type { PeopleSourceKind, Roster } from "#shared/model/person.ts";

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
