import type { Database } from "better-sqlite3";
import type { ImportedPeopleSource, PeopleSourceKind } from "#shared/model/access/person.ts";
import type { Instant } from "#shared/model/instant.ts";
import { foldName } from "#shared/text/fold-name.ts";

/** A person in a people source that was just read. */
export type ListedPerson = {
  /** Distinguishes the people of one people source. */
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

/** People sources, and the people in each. Who is still there is settled afterwards: see `personTable`. */
export function peopleSourceTable(db: Database) {
  const put = db
    .prepare<object, number>(`
      INSERT INTO people_source (name, kind, is_whole, read_at) VALUES (@name, @kind, @isWhole, @at)
      ON CONFLICT (name) DO UPDATE SET kind = @kind, is_whole = @isWhole, read_at = @at
      RETURNING id`)
    .pluck();
  const find = db.prepare<[string], number>("SELECT id FROM people_source WHERE name = ?").pluck();
  const list = db.prepare<[], Omit<ImportedPeopleSource, "isWhole"> & { isWhole: number }>(`
    SELECT name, kind, is_whole AS isWhole, read_at AS readAt,
      (SELECT count(*) FROM person WHERE source = people_source.id) AS people,
      (SELECT count(*) FROM person JOIN person_key ON person = person.id WHERE source = people_source.id) AS keys
    FROM people_source
    ORDER BY name`);
  const briefs = db.prepare<[], { name: string; people: number; readAt: Instant }>(`
    SELECT name, read_at AS readAt, (SELECT count(*) FROM person WHERE source = people_source.id) AS people
    FROM people_source
    ORDER BY name`);
  const miss = db.prepare("UPDATE person SET is_missing = 1 WHERE source = ?");
  const count = db.prepare<[string], { gone: number; missing: number }>(`
    SELECT count(iif(standing = 'gone', 1, NULL)) AS gone, count(iif(is_missing = 1, 1, NULL)) AS missing
    FROM person JOIN people_source ON people_source.id = person.source
    WHERE people_source.name = ?`);
  const forget = [
    "DELETE FROM person_key WHERE person IN (SELECT id FROM person WHERE source = ?)",
    "DELETE FROM person_login WHERE person IN (SELECT id FROM person WHERE source = ?)",
    "DELETE FROM person WHERE source = ?",
    "DELETE FROM people_source WHERE id = ?",
  ].map((sql) => db.prepare(sql));
  const write = entryWriter(db);

  return {
    list: (): ImportedPeopleSource[] => list.all().map((row) => ({ ...row, isWhole: row.isWhole === 1 })),

    /** As verdicts name them: without the count of keys, which takes time in proportion to them. */
    listBriefly: () => briefs.all(),

    replace({ people, isWhole, ...reading }: Reading): void {
      const source = put.get({ ...reading, isWhole: Number(isWhole) }) ?? 0;
      miss.run(source);
      for (const person of people) write(source, person, reading.at);
    },

    /** How many of its people have left, and how many were in an earlier reading and are not in the newest. */
    count: (name: string) => count.get(name) ?? { gone: 0, missing: 0 },

    /** False where there was none. */
    remove(name: string): boolean {
      const source = find.get(name);
      if (source === undefined) return false;
      for (const statement of forget) statement.run(source);
      return true;
    },
  };
}

/** Writes the entry of a person, in place of the one that the source had before. */
function entryWriter(db: Database) {
  const put = db
    .prepare<object, number>(`
      INSERT INTO person (source, handle, name, called, email, said, left_on, read_at, standing)
      VALUES (@source, @handle, @name, @called, @email, @said, @leftOn, @at, 'known')
      ON CONFLICT (source, handle) DO UPDATE
      SET name = @name, called = @called, email = @email, said = @said, left_on = @leftOn, read_at = @at, is_missing = 0
      RETURNING id`)
    .pluck();
  // Until it is settled who is one person, each entry is one.
  const lead = db.prepare("UPDATE person SET lead = id WHERE id = ? AND lead IS NULL");
  const dropLogins = db.prepare("DELETE FROM person_login WHERE person = ?");
  const addLogin = db.prepare(
    "INSERT INTO person_login (login, person) VALUES (?, ?) ON CONFLICT DO NOTHING",
  );
  const keysOf = db.prepare<[number], string>("SELECT fingerprint FROM person_key WHERE person = ?").pluck();
  const addKey = db.prepare(`
    INSERT INTO person_key (fingerprint, person, lead, key_type)
    SELECT @fingerprint, id, ifnull(lead, id), @keyType FROM person WHERE id = @id
    ON CONFLICT DO NOTHING`);
  const dropKey = db.prepare("DELETE FROM person_key WHERE fingerprint = ? AND person = ?");

  return (source: number, { logins, keys, ...person }: ListedPerson, at: Instant): void => {
    const id = put.get({ ...person, called: foldName(person.name), source, at }) ?? 0;
    lead.run(id);
    dropLogins.run(id);
    for (const login of logins) addLogin.run(login, id);
    const listed = new Set(keys.map(({ fingerprint }) => fingerprint));
    for (const known of keysOf.all(id)) if (!listed.has(known)) dropKey.run(known, id);
    for (const { fingerprint, keyType } of keys) addKey.run({ fingerprint, keyType, id });
  };
}
