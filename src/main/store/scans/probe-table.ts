import type { Database, Statement } from "better-sqlite3";
import {
  type HostKeyView,
  Probe,
  type ProbeState,
  type Transport,
  TransportRequest,
} from "#shared/model/hosts/probe.ts";
import type { ScanId } from "#shared/model/hosts/scan.ts";
import { type ProxyUrl, Target } from "#shared/model/hosts/target.ts";
import type { Listed, Lists } from "#store/lists/lists.ts";
import type { Part } from "#store/lists/order.ts";
import { eachWordOfHost } from "#store/lists/search.ts";
import type { EndpointProbe } from "#store/probe-record.ts";

type Row = {
  id: number;
  kind: string;
  host: string;
  port: number;
  user: string | null;
  server_name: string | null;
  protocol: string | null;
  state: string;
  outcome: string;
  message: string;
  at: string;
  took_ms: number;
  key_type: string | null;
  key_fingerprint: string | null;
  jump_host: string | null;
  jump_port: number | null;
  transport: string | null;
};

type NewProbe = Omit<EndpointProbe, "target" | "presented"> &
  Pick<Probe, "jumpHost"> & {
    target: Target;
    hostKey: HostKeyView | null;
    transport?: Transport;
    /** Nothing was probed: the host stays on the list of those that are still to be probed. */
    isOffline?: boolean;
  };

type ProbeQuery = {
  scanId: ScanId;
  state: ProbeState | null;
  search: string;
  after: string | null;
  limit: number;
};

const COLUMNS = `id, kind, host, port, user, server_name, protocol, state, outcome, message, at, took_ms, key_type,
  key_fingerprint, jump_host, jump_port, transport`;

const FAILED_FIRST = { name: "failed", columns: ["state <> 'failed'", "id"], descending: false };

/** The text that a search of probes reads. */
export const PROBE_TEXT =
  "host || char(10) || ifnull(user, '') || char(10) || ifnull(jump_host, '') || char(10) || outcome || char(10) || message";

export const PROBED_HOST = { sql: "host", has: "names" } as const;

export function probeTable(db: Database, lists: Lists) {
  const add = db.prepare(`
    INSERT INTO probe (scan, kind, host, port, user, server_name, protocol, state, outcome, message, at, took_ms, key_type,
      key_fingerprint, jump_host, jump_port, transport)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const unprobed = unprobedTable(db);
  const count: Record<ProbeState, Statement> = {
    ok: db.prepare("UPDATE scan SET ok = ok + 1 WHERE id = ?"),
    failed: db.prepare("UPDATE scan SET failed = failed + 1 WHERE id = ?"),
    partial: db.prepare("UPDATE scan SET partial = partial + 1 WHERE id = ?"),
  };

  return {
    record(probe: NewProbe): void {
      add.run(...toRow(probe));
      count[probe.state].run(probe.scanId);
      if (!probe.isOffline) unprobed.strike(probe.target);
    },

    /** Failed probes first, then in the order in which they ended. */
    list({ scanId, state, search, ...page }: ProbeQuery): Listed<Probe> {
      const where: Part[] = [
        { sql: "scan = ?", values: [scanId] },
        ...(state ? [{ sql: "state = ?", values: [state] }] : []),
        ...eachWordOfHost(search, PROBE_TEXT, { ...lists, column: PROBED_HOST }),
      ];
      return lists.list({ select: COLUMNS, from: "probe", where, sort: FAILED_FIRST, ...page }, fromRow);
    },
  };
}

/** By position: named parameters cost half as much again. */
const toRow = ({ target, hostKey, jumpHost, ...probe }: NewProbe) => [
  probe.scanId,
  target.kind,
  target.host,
  target.port,
  target.kind === "ssh" ? target.user : null,
  target.kind === "tls" ? target.serverName : null,
  target.kind === "tls" ? target.protocol : null,
  probe.state,
  probe.outcome,
  probe.message,
  probe.at,
  probe.tookMs,
  hostKey?.keyType ?? null,
  hostKey?.fingerprint ?? null,
  jumpHost?.host ?? null,
  jumpHost?.port ?? null,
  probe.transport ?? null,
];

const fromRow = (row: Row): Probe =>
  Probe.parse({
    ...row,
    target: { ...row, serverName: row.server_name, protocol: row.protocol ?? "tls" },
    tookMs: row.took_ms,
    jumpHost: row.jump_host === null ? null : { host: row.jump_host, port: row.jump_port },
    hostKey: row.key_type === null ? null : { keyType: row.key_type, fingerprint: row.key_fingerprint },
  });

/** What a scan is to probe. */
export type RequestedTarget = {
  target: Target;
  useSudo: boolean;
  /** The transport for its login. */
  transport?: TransportRequest;
  /** The proxy through which an endpoint is reached; absent: directly. */
  route?: ProxyUrl;
};

type UnprobedRow = {
  kind: string;
  host: string;
  port: number;
  user: string;
  server_name: string;
  protocol: string;
  use_sudo: number;
  transport: string;
  route: string;
};

/** What scans have still to probe. */
export function unprobedTable(db: Database) {
  const add = db.prepare(`
    INSERT INTO unprobed (kind, host, port, user, server_name, protocol, use_sudo, transport, route, scan)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE
    SET scan = excluded.scan, use_sudo = excluded.use_sudo, transport = excluded.transport, route = excluded.route`);
  const strike = db.prepare(`
    DELETE FROM unprobed
    WHERE kind = ? AND host = ? AND port = ? AND user = ? AND server_name = ? AND protocol = ?`);
  const ofStopped = db.prepare<[], UnprobedRow>(`
    SELECT kind, host, port, user, server_name, protocol, use_sudo, transport, route
    FROM unprobed
    WHERE scan = (
      SELECT max(unprobed.scan)
      FROM unprobed JOIN scan ON scan.id = unprobed.scan
      WHERE scan.state IN ('cancelled', 'interrupted'))
    ORDER BY kind, host, port, user, server_name, protocol`);

  return {
    plan(scanId: ScanId, requested: readonly RequestedTarget[]): void {
      for (const { target, useSudo, transport = "auto", route = "" } of requested)
        add.run(...toKey(target), Number(useSudo), transport, route, scanId);
    },

    /** Removes a target that was probed, whichever scan planned it. */
    strike: (target: Target): void => void strike.run(...toKey(target)),

    /** What the last scan that was cancelled or interrupted did not come to, and no scan since has. */
    listUnfinished: (): RequestedTarget[] => ofStopped.all().map(fromUnprobedRow),
  };
}

/** By position, for it is bound for each probe: named parameters cost half as much again. */
const toKey = (target: Target) => [
  target.kind,
  target.host,
  target.port,
  (target.kind === "ssh" && target.user) || "",
  (target.kind === "tls" && target.serverName) || "",
  target.kind === "tls" ? target.protocol : "tls",
];

const fromUnprobedRow = ({
  user,
  server_name,
  use_sudo,
  transport,
  route,
  ...row
}: UnprobedRow): RequestedTarget => ({
  target: Target.parse({ ...row, user: user || null, serverName: server_name || null }),
  useSudo: use_sudo === 1,
  transport: TransportRequest.parse(transport),
  route,
});
