import type { Database } from "better-sqlite3";
import type { WayText } from "#shared/model/endpoint-way.ts";
import type { ScanId } from "#shared/model/scan.ts";
import { Target } from "#shared/model/target.ts";
import { TransportRequest } from "#shared/model/transport.ts";

/** What a scan is asked to visit. */
export type Asked = {
  target: Target;
  useSudo: boolean;
  /** What is to carry its login. */
  transport?: TransportRequest;
  /** How an endpoint is reached; absent: directly. */
  way?: WayText;
};

type Row = {
  kind: string;
  host: string;
  port: number;
  user: string;
  server_name: string;
  protocol: string;
  use_sudo: number;
  transport: string;
  way: string;
};

/** What scans have still to visit. */
export function unvisitedTable(db: Database) {
  const add = db.prepare(`
    INSERT INTO unvisited (kind, host, port, user, server_name, protocol, use_sudo, transport, way, scan)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE
    SET scan = excluded.scan, use_sudo = excluded.use_sudo, transport = excluded.transport, way = excluded.way`);
  const strike = db.prepare(`
    DELETE FROM unvisited
    WHERE kind = ? AND host = ? AND port = ? AND user = ? AND server_name = ? AND protocol = ?`);
  const ofStopped = db.prepare<[], Row>(`
    SELECT kind, host, port, user, server_name, protocol, use_sudo, transport, way
    FROM unvisited
    WHERE scan = (
      SELECT max(unvisited.scan)
      FROM unvisited JOIN scan ON scan.id = unvisited.scan
      WHERE scan.state IN ('cancelled', 'interrupted'))
    ORDER BY kind, host, port, user, server_name, protocol`);

  return {
    plan(scanId: ScanId, asked: readonly Asked[]): void {
      for (const { target, useSudo, transport = "auto", way = "" } of asked)
        add.run(...toKey(target), Number(useSudo), transport, way, scanId);
    },

    /** A visit strikes its target off, whichever scan planned it. */
    strike: (target: Target): void => void strike.run(...toKey(target)),

    /** What the last scan that was cancelled or interrupted did not come to, and no scan since. */
    listUnfinished: (): Asked[] => ofStopped.all().map(fromRow),
  };
}

/** By place, for it is bound for each visit: values by name cost half as much again. */
const toKey = (target: Target) => [
  target.kind,
  target.host,
  target.port,
  (target.kind === "ssh" && target.user) || "",
  (target.kind === "tls" && target.serverName) || "",
  target.kind === "tls" ? target.protocol : "tls",
];

const fromRow = ({ user, server_name, use_sudo, transport, way, ...row }: Row): Asked => ({
  target: Target.parse({ ...row, user: user || null, serverName: server_name || null }),
  useSudo: use_sudo === 1,
  transport: TransportRequest.parse(transport),
  way,
});
