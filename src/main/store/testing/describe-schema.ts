import type { Database } from "better-sqlite3";

/**
 * The content of a database's schema, however it was written: columns, keys and indexes of each table, and the SQL of
 * triggers, views and checks, without comments and line breaks. The order of columns does not matter.
 */
export function describeSchema(db: Database): Record<string, unknown> {
  const rows = db
    .prepare<[], { type: string; name: string; sql: string | null }>(
      "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name",
    )
    .all();
  return Object.fromEntries(
    rows.map(({ type, name, sql }) => [
      `${type} ${name}`,
      type === "table" ? describeTable(db, name, sql ?? "") : normalize(sql ?? ""),
    ]),
  );
}

function describeTable(db: Database, name: string, sql: string) {
  const read = (pragma: string): string[] =>
    db
      .prepare<[string], Record<string, unknown>>(`SELECT * FROM pragma_${pragma}(?)`)
      .all(name)
      .map(({ cid: _, seq: __, id: ___, ...fact }) => JSON.stringify(fact))
      .toSorted();
  const text = normalize(sql);
  return {
    columns: read("table_xinfo"),
    references: read("foreign_key_list"),
    indexes: read("index_list"),
    conditions: conditions(text).toSorted(),
    options: text.startsWith("CREATE VIRTUAL") ? text : text.slice(text.lastIndexOf(")")),
  };
}

/** Each `CHECK (...)` and `AS (...)`. */
function conditions(text: string): string[] {
  return Array.from(text.matchAll(/\b(?:CHECK|AS) \(/g), ({ index, 0: start }) => {
    let depth = 1;
    let end = index + start.length;
    for (; depth > 0; end++) depth += text[end] === "(" ? 1 : text[end] === ")" ? -1 : 0;
    return text.slice(index, end);
  });
}

const normalize = (sql: string): string =>
  sql
    .replaceAll(/--[^\n]*/g, "")
    .replaceAll(/\s+/g, " ")
    .replaceAll("( ", "(")
    .replaceAll(" )", ")")
    .trim();
