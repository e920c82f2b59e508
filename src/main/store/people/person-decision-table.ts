import type { Database } from "better-sqlite3";
import type { PersonDecision } from "#shared/model/access/person.ts";
import type { Instant } from "#shared/model/instant.ts";

type Named = { source: string; handle: string };
type Row = { kind: "join" | "split"; entry: number; other: number | null };

/** The entry of a decision; decisions outlive the entries that they are about. */
const ENTRY = (source: string, handle: string) =>
  `(SELECT person.id FROM person JOIN people_source ON people_source.id = person.source
    WHERE people_source.name = ${source} AND person.handle = ${handle})`;

const ENTRY_OF_ROW = ENTRY("person_decision.source", "person_decision.handle");
const OTHER_OF_ROW = ENTRY("other_source", "other_handle");

const LIST = `
  SELECT kind, ${ENTRY_OF_ROW} AS entry, ${OTHER_OF_ROW} AS other
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

  const partners = db.prepare<Named, Named>(`
    SELECT other_source AS source, other_handle AS handle FROM person_decision
    WHERE kind = 'join' AND source = @source AND handle = @handle
    UNION
    SELECT source, handle FROM person_decision WHERE kind = 'join' AND other_source = @source AND other_handle = @handle`);
  const names = db.prepare<[], Named & { entry: number | null }>(`
    SELECT source, handle, ${ENTRY_OF_ROW} AS entry FROM person_decision
    UNION
    SELECT other_source, other_handle, ${OTHER_OF_ROW} FROM person_decision WHERE kind = 'join'`);

  /** Whoever was one person by way of this entry stays so without it. */
  function release(named: Named, at: Instant): number {
    const [first, ...others] = partners.all(named);
    const dropped = drop.run(named).changes;
    for (const other of others)
      if (first)
        add.run({ kind: "join", ...first, otherSource: other.source, otherHandle: other.handle, at });
    return dropped;
  }

  return {
    /** Entries that decisions are about and that no source has any more, as `handle in source`. */
    lost: (): string[] =>
      names.all().flatMap(({ source, handle, entry }) => (entry === null ? [`${handle} in ${source}`] : [])),

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
      release(named, at);
      add.run({ kind: "split", ...named, otherSource: "", otherHandle: "", at });
      return true;
    },

    /** How many decisions about the entry there were. */
    withdraw(entry: number, at: Instant): number {
      const named = nameOf.get(entry);
      return named ? release(named, at) : 0;
    },
  };
}
