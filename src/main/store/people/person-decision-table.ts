import type { Database } from "better-sqlite3";
import type { PersonDecision } from "#shared/model/access/person.ts";
import type { Instant } from "#shared/model/instant.ts";

type Named = { source: string; handle: string };
type Row = { kind: "join" | "split"; entry: number; other: number | null };

/** The entry of a decision; decisions outlive the entries that they are about. */
const ENTRY = (source: string, handle: string) =>
  `(SELECT person.id FROM person JOIN people_source ON people_source.id = person.source
    WHERE people_source.name = ${source} AND person.handle = ${handle})`;

const LIST = `
  SELECT kind, ${ENTRY("person_decision.source", "person_decision.handle")} AS entry,
    ${ENTRY("other_source", "other_handle")} AS other
  FROM person_decision
  ORDER BY id`;

/** What the user says of entries of people sources: which are of one person, and which of nobody else. */
export function personDecisionTable(db: Database) {
  const list = db.prepare<[], Row>(LIST);
  const nameOf = db.prepare<[number], Named>(`
    SELECT people_source.name AS source, handle FROM person JOIN people_source ON people_source.id = person.source
    WHERE person.id = ?`);
  const add = db.prepare(`
    INSERT INTO person_decision (kind, source, handle, other_source, other_handle, decided_at)
    VALUES (@kind, @source, @handle, @otherSource, @otherHandle, @at)
    ON CONFLICT DO NOTHING`);
  const drop = db.prepare<Named>(`
    DELETE FROM person_decision
    WHERE source = @source AND handle = @handle OR other_source = @source AND other_handle = @handle`);

  return {
    /** Those about entries that are there now. */
    list: (): PersonDecision[] =>
      list.all().flatMap(({ kind, entry, other }): PersonDecision[] => {
        if (entry === null) return [];
        if (kind === "split") return [{ kind, entry }];
        return other === null ? [] : [{ kind, entry, other }];
      }),

    /** False where an entry is not there. */
    join(entry: number, other: number, at: Instant): boolean {
      const [one, two] = [nameOf.get(entry), nameOf.get(other)];
      if (!one || !two) return false;
      add.run({ kind: "join", ...one, otherSource: two.source, otherHandle: two.handle, at });
      return true;
    },

    split(entry: number, at: Instant): boolean {
      const named = nameOf.get(entry);
      if (!named) return false;
      drop.run(named);
      add.run({ kind: "split", ...named, otherSource: "", otherHandle: "", at });
      return true;
    },

    /** How many decisions about the entry there were. */
    withdraw(entry: number): number {
      const named = nameOf.get(entry);
      return named ? drop.run(named).changes : 0;
    },
  };
}
