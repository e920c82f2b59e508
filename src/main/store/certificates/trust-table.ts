import type { Database } from "better-sqlite3";
import type { TrustItem } from "#shared/model/certificates/chain.ts";

type Kind = TrustItem["kind"];

/** Roots and revocation lists that the user has provided. */
export function trustTable(db: Database) {
  const list = db.prepare<[], TrustItem>(`
    SELECT sha256, kind, label, source, added_at AS addedAt FROM trust_item ORDER BY kind DESC, id`);
  const ders = db
    .prepare<[Kind], Uint8Array>("SELECT der FROM trust_item WHERE kind = ? ORDER BY id")
    .pluck();
  const der = db.prepare<[string], Uint8Array>("SELECT der FROM trust_item WHERE sha256 = ?").pluck();
  const add = db.prepare(`
    INSERT INTO trust_item (sha256, kind, label, source, added_at, der)
    VALUES (@sha256, @kind, @label, @source, @addedAt, @der) ON CONFLICT (sha256) DO NOTHING`);
  const mark = db
    .prepare<[Kind], string>(
      "SELECT count(*) || ' ' || ifnull(max(id), 0) || ' ' || total(id) FROM trust_item WHERE kind = ?",
    )
    .pluck();
  const remove = db.prepare("DELETE FROM trust_item WHERE sha256 = ?");

  return {
    list: (): TrustItem[] => list.all(),
    /** In the order in which they were added. */
    ders: (kind: Kind): Uint8Array[] => ders.all(kind),
    der: (sha256: string): Uint8Array | null => der.get(sha256) ?? null,
    /** Another value whenever the items of this kind change. */
    mark: (kind: Kind): string => mark.get(kind) ?? "",
    /** False when it was there before. */
    add: (item: TrustItem & { der: Uint8Array }): boolean =>
      add.run({ ...item, der: Buffer.from(item.der) }).changes === 1,
    remove: (sha256: string): boolean => remove.run(sha256).changes === 1,
  };
}
