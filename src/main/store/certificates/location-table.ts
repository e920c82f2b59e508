import type { Database } from "better-sqlite3";
import { revisionWriter } from "#store/changes/revision-writer.ts";
import { byKey, followSpans, type ScanCoverage } from "#store/spans.ts";

/** Where certificates are seen: at an endpoint (no path) or in files of a host, under the name of either. */
export type Spot = { name: number; endpoint: number } | { name: number; host: number };

export type SeenLocation = { certificate: number; path: string | null; position: number };
type Row = SeenLocation & { id: number };

/**
 * The certificate that was there before: the last at the same position of a chain, or of a file, that ended and was not
 * continued yet.
 */
const BEFORE = `
  SELECT thing FROM location INDEXED BY location_gone_at_endpoint CROSS JOIN gone_revision ON kind = 'certificate' AND about = location.id
  WHERE endpoint = CAST(? AS INTEGER) AND position = CAST(? AS INTEGER) AND location.gone_scan IS NOT NULL
  ORDER BY certificate = CAST(? AS INTEGER) DESC, location.gone_scan DESC
  LIMIT 1`;

const BEFORE_IN_FILE = `
  SELECT thing FROM location INDEXED BY location_gone_on_host CROSS JOIN gone_revision ON kind = 'certificate' AND about = location.id
  WHERE host = CAST(? AS INTEGER) AND path = CAST(? AS TEXT) AND position = CAST(? AS INTEGER) AND location.gone_scan IS NOT NULL
  ORDER BY certificate = CAST(? AS INTEGER) DESC, location.gone_scan DESC
  LIMIT 1`;

/** Writes where certificates are seen, as spans. */
export function locationTable(db: Database) {
  const at = {
    endpoint: db.prepare<[number], Row>(`
      SELECT id, certificate, path, position FROM location WHERE endpoint = ? AND gone_scan IS NULL`),
    host: db.prepare<[number], Row>(`
      SELECT id, certificate, path, position FROM location WHERE host = ? AND gone_scan IS NULL`),
  };
  const extend = db.prepare("UPDATE location SET last_scan = ? WHERE id = ?");
  const end = db.prepare("UPDATE location SET gone_scan = ? WHERE id = ?");
  const begin = db.prepare(`
    INSERT INTO location (certificate, name, endpoint, host, path, position, first_scan, last_scan)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)`);
  const findBefore = db.prepare<[number, number, number], number>(BEFORE).pluck();
  const findBeforeInFile = db
    .prepare<[number, string | null, number, number], number>(BEFORE_IN_FILE)
    .pluck();
  const revisions = revisionWriter(db);

  return {
    /** `stays`: certificates that are not gone though they were not seen. */
    follow(
      spot: Spot,
      seen: readonly SeenLocation[],
      { scanId, couldSee, stays }: ScanCoverage & { stays?: ReadonlySet<number> },
    ): void {
      const known = currentAt(spot);
      const rowOf = new Map(known.map((row) => [keyOf(row), row]));
      followSpans({
        current: new Map(known.map((row) => [keyOf(row), row.id])),
        seen: byKey(seen, keyOf),
        isGone: (key) => {
          const row = rowOf.get(key);
          return couldSee(row?.path ?? "") && !(row && stays?.has(row.certificate));
        },
        begin: (location) => beginAt(spot, location, scanId),
        extend: (id) => extend.run(scanId, id),
        end: (id) => {
          end.run(scanId, id);
          revisions.end(toThing(id), scanId);
        },
      });
    },
  };

  function beginAt(spot: Spot, { certificate, path, position }: SeenLocation, scanId: number): number {
    const { name } = spot;
    const endpoint = "endpoint" in spot ? spot.endpoint : null;
    const host = "host" in spot ? spot.host : null;
    const added = begin.run(certificate, name, endpoint, host, path, position, scanId, scanId);
    const id = Number(added.lastInsertRowid);
    const origin =
      "endpoint" in spot
        ? findBefore.get(spot.endpoint, position, certificate)
        : findBeforeInFile.get(spot.host, path, position, certificate);
    revisions.begin(toThing(id), { scanId, name, state: null, origin: origin ?? null });
    return id;
  }

  function currentAt(spot: Spot): Row[] {
    return "endpoint" in spot ? at.endpoint.all(spot.endpoint) : at.host.all(spot.host);
  }
}

const toThing = (id: number) => ({ kind: "certificate" as const, about: id, label: null });

const keyOf = ({ certificate, path, position }: SeenLocation): string =>
  `${certificate} ${position} ${path ?? ""}`;
