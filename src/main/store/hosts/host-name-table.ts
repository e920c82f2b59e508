import type { Database } from "better-sqlite3";

export type HostNames = ReturnType<typeof hostNameTable>;

/** The names and addresses under which hosts and endpoints are known. */
export function hostNameTable(db: Database) {
  const find = db.prepare<[string], number>("SELECT id FROM host_name WHERE name = ?").pluck();
  const add = db.prepare("INSERT INTO host_name (name) VALUES (?)");

  return {
    idOf: (name: string): number => find.get(name) ?? Number(add.run(name).lastInsertRowid),
  };
}
