import type { Database } from "better-sqlite3";
import type { Labelled, Tag } from "#shared/model/label.ts";
import type { LabelledRow, TagOfThing } from "./label-reader.ts";

type TaggedSql = { list: string; add: string; remove: string };

/** Made of constants of this program alone: `where` finds a thing in its table, and `values` are those of `columns`. */
const writeTagged = (table: string, where: string, columns: string, values: string): TaggedSql => ({
  list: `SELECT tag.name, tag.owner, tag.environment FROM ${table} JOIN tag ON tag.id = tag
    WHERE ${table}.${where} ORDER BY tag.name`,
  add: `INSERT INTO ${table} (${columns}, tag) VALUES (${values}, @tag) ON CONFLICT DO NOTHING`,
  remove: `DELETE FROM ${table} WHERE ${table}.${where} AND tag = @tag`,
});

const writeNamed = (kind: "key" | "endpoint" | "issuer", name = "@name"): TaggedSql =>
  writeTagged(
    "tagged_thing",
    `kind = '${kind}' AND tagged_thing.name = ${name}`,
    "kind, name",
    `'${kind}', ${name}`,
  );

const TAGGED: Record<Labelled["kind"], TaggedSql> = {
  host: writeTagged("tagged_host", "name = @id", "name", "@id"),
  account: writeTagged(
    "tagged_account",
    "account = @id AND tagged_account.uid = @uid",
    "account, uid",
    "@id, @uid",
  ),
  certificate: writeTagged("tagged_certificate", "certificate = @id", "certificate", "@id"),
  key: writeNamed("key"),
  endpoint: writeNamed("endpoint", "@name || ' ' || @host || ':' || @port"),
  issuer: writeNamed("issuer"),
};

/** Which tags a thing of one kind has. */
export function tagsOf(db: Database, kind: Labelled["kind"]) {
  const sql = TAGGED[kind];
  const list = db.prepare<LabelledRow, TagOfThing>(sql.list);
  const add = db.prepare<LabelledRow & { tag: number }>(sql.add);
  const remove = db.prepare<LabelledRow & { tag: number }>(sql.remove);
  return {
    list: (row: LabelledRow): TagOfThing[] => list.all(row),
    add: (row: LabelledRow, tag: number): void => void add.run({ ...row, tag }),
    remove: (row: LabelledRow, tag: number): void => void remove.run({ ...row, tag }),
  };
}

/** What is set of a tag; what is left out stays as it is. */
export type TagPatch = {
  duePercent?: number | null | undefined;
  owner?: string | null | undefined;
  environment?: string | null | undefined;
};

/** The tags themselves. */
export function tagTable(db: Database) {
  const find = db.prepare<[string], number>("SELECT id FROM tag WHERE name = ?").pluck();
  const add = db.prepare("INSERT INTO tag (name) VALUES (?)");
  const list = db.prepare<[], Tag>(`
    SELECT name, due_percent AS duePercent, owner, environment,
      (SELECT count(*) FROM tagged_host WHERE tag = tag.id) AS hostCount,
      (SELECT count(*) FROM tagged_certificate WHERE tag = tag.id) AS certificateCount,
      (SELECT count(*) FROM tagged_account AS tagged JOIN account ON account.id = tagged.account
       WHERE tagged.tag = tag.id AND tagged.uid = account.uid) AS accountCount,
      (SELECT count(*) FROM tagged_thing WHERE tag = tag.id) AS otherCount
    FROM tag ORDER BY name`);
  const owners = db
    .prepare<[], string>(`
      SELECT owner FROM host_name WHERE owner IS NOT NULL
      UNION SELECT owner FROM certificate WHERE is_seen = 1 AND owner <> ''
      UNION SELECT owner FROM label WHERE owner IS NOT NULL
      UNION SELECT owner FROM tag WHERE owner IS NOT NULL ORDER BY 1`)
    .pluck();
  const environments = db
    .prepare<[], string>(`
      SELECT environment FROM label WHERE environment IS NOT NULL
      UNION SELECT environment FROM tag WHERE environment IS NOT NULL ORDER BY 1`)
    .pluck();
  const read = db.prepare<[number], Required<TagPatch>>(
    "SELECT due_percent AS duePercent, owner, environment FROM tag WHERE id = ?",
  );
  const write = db.prepare(
    "UPDATE tag SET due_percent = @duePercent, owner = @owner, environment = @environment WHERE id = @id",
  );

  return {
    idOf,
    list: (): Tag[] => list.all(),
    owners: (): string[] => owners.all(),
    environments: (): string[] => environments.all(),

    /** Which of its settings are others than before. */
    set(id: number, patch: TagPatch): { isDueOtherwise: boolean; namesOtherwise: boolean } {
      const before = read.get(id) ?? { duePercent: null, owner: null, environment: null };
      const {
        duePercent = before.duePercent,
        owner = before.owner,
        environment = before.environment,
      } = patch;
      const isDueOtherwise = duePercent !== before.duePercent;
      const namesOtherwise = owner !== before.owner || environment !== before.environment;
      if (isDueOtherwise || namesOtherwise) write.run({ id, duePercent, owner, environment });
      return { isDueOtherwise, namesOtherwise };
    },
  };

  function idOf(name: string): number {
    return find.get(name) ?? Number(add.run(name).lastInsertRowid);
  }
}
