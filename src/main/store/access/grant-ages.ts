import type { Database } from "better-sqlite3";
import type { Instant } from "#shared/model/instant.ts";

/** A line as it stood at every visit: in whatever place of the file. */
type Line = { account: string; file: string; text: string };

/** From when on scans have seen each line that stands on a host now; null for one that none has seen. */
export function grantAges(db: Database) {
  const lines = db.prepare<[string, number], Line & { since: Instant }>(`
    SELECT account, file, text, min(started_at) AS since
    FROM grant_line
    JOIN host ON host.id = grant_line.host
    JOIN scan ON scan.id = first_scan
    WHERE host.host = ? AND host.port = ? AND gone_scan IS NULL
    GROUP BY account, file, text`);

  return ({ host, port }: { host: string; port: number }): ((line: Line) => Instant | null) => {
    const known = new Map(lines.all(host, port).map(({ since, ...line }) => [nameOf(line), since]));
    return (line) => known.get(nameOf(line)) ?? null;
  };
}

const nameOf = ({ account, file, text }: Line): string => JSON.stringify([account, file, text]);
