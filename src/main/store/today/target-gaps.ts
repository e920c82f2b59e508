import type { Database } from "better-sqlite3";
import { toInstant } from "#shared/model/instant.ts";
import { type TargetGap, type TodayCoverage, UnknownTarget } from "#shared/model/today.ts";
import { addTotals, type Total } from "#shared/model/total.ts";
import type { Lists } from "#store/lists/lists.ts";
import type { Part } from "#store/lists/order.ts";

type TargetKind = "ssh" | "tls";

type Row = {
  host: string;
  port: number;
  user: string | null;
  server_name: string;
  protocol: string;
  hostname: string | null;
  outcome: string;
  last_read: string | null;
};

const TABLES: Record<TargetKind, { from: string; columns: string }> = {
  ssh: {
    from: "host",
    columns: "host, port, user, '' AS server_name, 'ssh' AS protocol, hostname, outcome, last_read",
  },
  tls: {
    from: "endpoint",
    columns: `host, port, NULL AS user, server_name, protocol, NULL AS hostname, outcome,
      iif(state = 'failed', NULL, last_seen) AS last_read`,
  },
};

/** Targets of any kind that the user named, or a scan was to probe, and that none has come to. */
const NEVER_PROBED = `
  SELECT kind, host, port, server_name, protocol FROM unprobed
  UNION
  SELECT kind, host, port, server_name, protocol FROM target`;

/** Hosts and endpoints that are not known as they are now. One whose last reading was before `readSince` is stale. */
export function targetGaps(db: Database, lists: Lists) {
  const hostCount = db.prepare<[], number>("SELECT count(*) FROM host").pluck();
  const endpointCount = db.prepare<[], number>("SELECT count(*) FROM endpoint").pluck();
  const unprobedCount = db
    .prepare<[], number>(`
      SELECT count(*) FROM (${NEVER_PROBED}) AS named
      WHERE iif(kind = 'ssh',
        NOT EXISTS (SELECT 1 FROM host WHERE host.host = named.host AND host.port = named.port),
        NOT EXISTS (
          SELECT 1 FROM endpoint
          WHERE endpoint.host = named.host AND endpoint.port = named.port
            AND endpoint.server_name = named.server_name AND endpoint.protocol = named.protocol))`)
    .pluck();

  return { coverage, first, count };

  function coverage(readSince: Date): TodayCoverage {
    const countAll = (gap: TargetGap): Total =>
      addTotals([count("ssh", gap, readSince), count("tls", gap, readSince)]);
    return {
      probed: (hostCount.get() ?? 0) + (endpointCount.get() ?? 0),
      unprobed: unprobedCount.get() ?? 0,
      failed: countAll("failed"),
      partial: countAll("partial"),
      stale: countAll("stale"),
    };
  }

  /** The first of them, in the order in which they came into the inventory. */
  function first(kind: TargetKind, gap: TargetGap, { readSince, limit }: { readSince: Date; limit: number }) {
    const { from, columns } = TABLES[kind];
    const where = conditionOf(gap, readSince);
    const sql = `SELECT ${columns} FROM ${from} WHERE ${where.sql} ORDER BY id LIMIT ?`;
    return lists.read<Row>(sql, [...where.values, limit]).map((row) => toUnknownTarget(kind, row));
  }

  function count(kind: TargetKind, gap: TargetGap, readSince: Date): Total {
    return lists.count(TABLES[kind].from, [conditionOf(gap, readSince)]);
  }
}

const conditionOf = (gap: TargetGap, readSince: Date): Part =>
  gap === "stale"
    ? { sql: "state = 'ok' AND last_seen < ?", values: [toInstant(readSince)] }
    : { sql: "state = ?", values: [gap] };

function toUnknownTarget(kind: TargetKind, row: Row): UnknownTarget {
  const { host, port, user, protocol, hostname, outcome } = row;
  const target =
    kind === "ssh"
      ? { kind, host, port, user }
      : { kind, host, port, serverName: row.server_name || null, protocol };
  return UnknownTarget.parse({ target, hostname, outcome, lastRead: row.last_read });
}
