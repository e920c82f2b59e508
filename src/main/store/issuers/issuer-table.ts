import type { Database } from "better-sqlite3";
import type { Instant } from "#shared/model/instant.ts";
import type { IssuerId, IssuerKind } from "#shared/model/issuer.ts";

export type IssuerRow = { id: IssuerId; name: string; kind: IssuerKind; createdAt: Instant; note: string };

const COLUMNS = "id, name, kind, created_at AS createdAt, note";

/** Who signs certificates for us, whatever their kind. */
export function issuerTable(db: Database) {
  const all = db.prepare<[], IssuerRow>(`SELECT ${COLUMNS} FROM issuer ORDER BY name COLLATE NOCASE`);
  const find = db.prepare<[number], IssuerRow>(`SELECT ${COLUMNS} FROM issuer WHERE id = ?`);
  const findByName = db.prepare<[string], IssuerRow>(`SELECT ${COLUMNS} FROM issuer WHERE name = ?`);
  const add = db.prepare(
    "INSERT INTO issuer (name, kind, created_at, note) VALUES (@name, @kind, @createdAt, @note)",
  );
  const setNote = db.prepare("UPDATE issuer SET note = ? WHERE id = ?");
  const forget = [
    "DELETE FROM issued_certificate WHERE issuer = ?",
    "DELETE FROM local_authority WHERE issuer = ?",
    "DELETE FROM acme_account WHERE issuer = ?",
    "DELETE FROM issuer WHERE id = ?",
  ].map((sql) => db.prepare(sql));

  return {
    all: (): IssuerRow[] => all.all(),
    find: (id: IssuerId): IssuerRow | null => find.get(id) ?? null,
    findByName: (name: string): IssuerRow | null => findByName.get(name) ?? null,
    add: (issuer: Omit<IssuerRow, "id">): IssuerId => Number(add.run(issuer).lastInsertRowid),
    setNote: (id: IssuerId, note: string): void => void setNote.run(note, id),
    /** With all that it has signed. */
    remove: (id: IssuerId): void => forget.forEach((statement) => void statement.run(id)),
  };
}
