import type { Database } from "better-sqlite3";
import type { Pin } from "#shared/model/host.ts";
import { Refusal } from "#shared/model/refusal.ts";

type Row = { key_type: string; fingerprint: string; blob: Uint8Array; source: string; pinned_at: string };

export type StoredPin = Pin & { blob: Uint8Array };
type NewPin = StoredPin & { host: string; port: number };

export function pinTable(db: Database) {
  const put = db.prepare(`
    INSERT INTO pin (host, port, key_type, fingerprint, blob, source, pinned_at)
    VALUES (@host, @port, @keyType, @fingerprint, @blob, @source, @pinnedAt)
    ON CONFLICT DO NOTHING`);
  const find = db.prepare<[string, number], Row>(`
    SELECT key_type, fingerprint, blob, source, pinned_at
    FROM pin
    WHERE host = ? AND port = ?`);
  const remove = db.prepare("DELETE FROM pin WHERE host = ? AND port = ?");
  const count = db.prepare<[], number>("SELECT count(*) FROM pin").pluck();

  return {
    find: (host: string, port: number): StoredPin | null => fromRow(find.get(host, port)),

    /** A host that has another pin is refused: a pin is only ever dropped on purpose. */
    put(pin: NewPin): void {
      if (put.run({ ...pin, blob: Buffer.from(pin.blob) }).changes > 0) return;
      if (find.get(pin.host, pin.port)?.fingerprint === pin.fingerprint) return;
      throw new Refusal("conflict", `${pin.host} port ${pin.port} has a pin already; forget that one first`);
    },

    remove: (host: string, port: number): boolean => remove.run(host, port).changes > 0,
    count: (): number => count.get() ?? 0,
  };
}

const fromRow = (row: Row | undefined): StoredPin | null =>
  row
    ? {
        keyType: row.key_type,
        fingerprint: row.fingerprint,
        blob: new Uint8Array(row.blob),
        source: row.source === "accepted" ? "accepted" : "known_hosts",
        pinnedAt: row.pinned_at,
      }
    : null;
