import type { Database } from "better-sqlite3";
import type { Neighbour, PlaceSpan } from "#shared/model/place-history.ts";

/** More places than this nobody reads one by one. */
const MOST_SPANS = 500;

type Row = Omit<PlaceSpan, "before" | "after"> & {
  endpoint: number | null;
  onHost: number | null;
  path: string | null;
  firstScan: number;
  goneScan: number | null;
};

/** Where one certificate stood and stands, and what took its place. */
export function placeHistory(db: Database): (sha256: string) => PlaceSpan[] {
  const spans = db.prepare<{ sha256: string; limit: number }, Row>(`
    SELECT iif(place.path IS NULL, 'endpoint', 'file') AS kind, host_name.name AS host,
      ifnull(place.path, endpoint.port || iif(endpoint.server_name = '', '', ' as ' || endpoint.server_name)) AS "where",
      position, begun.started_at AS "from", gone.started_at AS until,
      place.endpoint AS endpoint, place.host AS onHost, place.path AS path, first_scan AS firstScan,
      gone_scan AS goneScan
    FROM place
    JOIN host_name ON host_name.id = place.name
    JOIN scan AS begun ON begun.id = first_scan
    LEFT JOIN scan AS gone ON gone.id = gone_scan
    LEFT JOIN endpoint ON endpoint.id = place.endpoint
    WHERE place.id IN (
      SELECT id FROM place WHERE certificate = (SELECT id FROM certificate WHERE sha256 = @sha256) AND gone_scan IS NULL
      UNION ALL
      SELECT id FROM place WHERE certificate = (SELECT id FROM certificate WHERE sha256 = @sha256) AND gone_scan IS NOT NULL)
    ORDER BY first_scan DESC, place.id
    LIMIT @limit`);
  const neighbours = neighbourFinder(db);

  return (sha256) =>
    spans.all({ sha256, limit: MOST_SPANS }).map((row) => {
      const { endpoint: _, onHost: __, path: ___, firstScan: ____, goneScan: _____, ...span } = row;
      return { ...span, ...neighbours(row) };
    });
}

/** A place of an endpoint is found by the endpoint, one in a file by the file. */
function neighbourFinder(db: Database) {
  const SELECT = `
    SELECT sha256, subject, not_after AS notAfter
    FROM place JOIN certificate ON certificate.id = place.certificate`;
  const AT_ENDPOINT = "endpoint = @endpoint AND position = @position";
  const IN_FILE = "place.host = @onHost AND path = @path AND position = @position";
  const before = {
    endpoint: db.prepare<object, Neighbour>(`${SELECT}
      WHERE ${AT_ENDPOINT} AND gone_scan = @firstScan ORDER BY place.id DESC LIMIT 1`),
    file: db.prepare<object, Neighbour>(`${SELECT}
      WHERE ${IN_FILE} AND gone_scan = @firstScan ORDER BY place.id DESC LIMIT 1`),
  };
  const after = {
    endpoint: db.prepare<object, Neighbour>(`${SELECT}
      WHERE ${AT_ENDPOINT} AND first_scan = @goneScan ORDER BY place.id LIMIT 1`),
    file: db.prepare<object, Neighbour>(`${SELECT}
      WHERE ${IN_FILE} AND first_scan = @goneScan ORDER BY place.id LIMIT 1`),
  };
  return (row: Row): Pick<PlaceSpan, "before" | "after"> => ({
    before: before[row.kind].get(row) ?? null,
    after: row.goneScan === null ? null : (after[row.kind].get(row) ?? null),
  });
}
