import type { Database } from "better-sqlite3";
import { byKey, followSpans, type Look } from "#store/spans.ts";

/** Where certificates are seen: at an endpoint (no path) or in files of a host, under the name of either. */
export type Spot = { name: number; endpoint: number } | { name: number; host: number };

export type SeenPlace = { certificate: number; path: string | null; position: number };
type Row = SeenPlace & { id: number };

/** Where certificates are seen, as spans. */
export function placeTable(db: Database) {
  const at = {
    endpoint: db.prepare<[number], Row>(`
      SELECT id, certificate, path, position FROM place WHERE endpoint = ? AND gone_scan IS NULL`),
    host: db.prepare<[number], Row>(`
      SELECT id, certificate, path, position FROM place WHERE host = ? AND gone_scan IS NULL`),
  };
  const extend = db.prepare("UPDATE place SET last_scan = ? WHERE id = ?");
  const end = db.prepare("UPDATE place SET gone_scan = ? WHERE id = ?");
  const begin = db.prepare(`
    INSERT INTO place (certificate, name, endpoint, host, path, position, first_scan, last_scan)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)`);

  return {
    /** `stays`: certificates that are not gone though they were not seen. */
    follow(
      spot: Spot,
      seen: readonly SeenPlace[],
      { scanId, couldSee, stays }: Look & { stays?: ReadonlySet<number> },
    ): void {
      const endpoint = "endpoint" in spot ? spot.endpoint : null;
      const host = "host" in spot ? spot.host : null;
      const known = currentAt(spot);
      const rowOf = new Map(known.map((row) => [keyOf(row), row]));
      followSpans({
        current: new Map(known.map((row) => [keyOf(row), row.id])),
        seen: byKey(seen, keyOf),
        isGone: (key) => {
          const row = rowOf.get(key);
          return couldSee(row?.path ?? "") && !(row && stays?.has(row.certificate));
        },
        begin: ({ certificate, path, position }) =>
          Number(
            begin.run(certificate, spot.name, endpoint, host, path, position, scanId, scanId).lastInsertRowid,
          ),
        extend: (id) => extend.run(scanId, id),
        end: (id) => end.run(scanId, id),
      });
    },
  };

  function currentAt(spot: Spot): Row[] {
    return "endpoint" in spot ? at.endpoint.all(spot.endpoint) : at.host.all(spot.host);
  }
}

const keyOf = ({ certificate, path, position }: SeenPlace): string =>
  `${certificate} ${position} ${path ?? ""}`;
