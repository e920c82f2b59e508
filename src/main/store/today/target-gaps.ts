import type { Database } from "better-sqlite3";
import { assertNever } from "#shared/model/assert-never.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import { type TargetGap, type TodayCoverage, UnknownTarget } from "#shared/model/today.ts";
import { addTotals, type Total } from "#shared/model/total.ts";
import type { Lists } from "#store/lists/lists.ts";
import { conditions, type Part, valuesOf } from "#store/lists/order.ts";

type TargetKind = "ssh" | "tls";

type Row = {
  host: string;
  port: number;
  user: string | null;
  server_name: string;
  protocol: string;
  hostname: string | null;
  outcome: string | null;
  last_read: string | null;
};

/** Targets that the user named, or that a scan was to probe, and that none has come to. */
const unprobed = (kind: TargetKind, table: "host" | "endpoint", isSame: string): string => `(
  SELECT named.* FROM (
    SELECT kind, host, port, server_name, protocol, user FROM unprobed
    UNION
    SELECT kind, host, port, server_name, protocol, ifnull(user, '') FROM target) AS named
  WHERE kind = '${kind}' AND NOT EXISTS (
    SELECT 1 FROM ${table} WHERE ${table}.host = named.host AND ${table}.port = named.port ${isSame}))`;

const UNPROBED: Record<TargetKind, string> = {
  ssh: unprobed("ssh", "host", ""),
  tls: unprobed(
    "tls",
    "endpoint",
    "AND endpoint.server_name = named.server_name AND endpoint.protocol = named.protocol",
  ),
};

const UNPROBED_COLUMNS = `host, port, nullif(user, '') AS user, server_name, protocol, NULL AS hostname, NULL AS outcome,
  NULL AS last_read`;

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

/** Hosts and endpoints that are not known as they are now. One whose last reading was before `readSince` is stale. */
export function targetGaps(db: Database, lists: Lists) {
  const hostCount = db.prepare<[], number>("SELECT count(*) FROM host").pluck();
  const endpointCount = db.prepare<[], number>("SELECT count(*) FROM endpoint").pluck();
  return { coverage, first, count };

  function coverage(readSince: Date): TodayCoverage {
    const countAll = (gap: TargetGap): Total =>
      addTotals([count("ssh", gap, readSince), count("tls", gap, readSince)]);
    return {
      probed: (hostCount.get() ?? 0) + (endpointCount.get() ?? 0),
      failed: countAll("failed"),
      partial: countAll("partial"),
      limited: countAll("limited"),
      stale: countAll("stale"),
      unprobed: countAll("unprobed"),
    };
  }

  /** The first of them: of those that were probed, what was seen longest ago. */
  function first(kind: TargetKind, gap: TargetGap, { readSince, limit }: { readSince: Date; limit: number }) {
    const { from, columns, where, order } = queryOf(kind, gap, readSince);
    const sql = `SELECT ${columns} FROM ${from}${conditions(where)} ORDER BY ${order} LIMIT ?`;
    return lists.read<Row>(sql, [...valuesOf(where), limit]).map((row) => toUnknownTarget(kind, row));
  }

  function count(kind: TargetKind, gap: TargetGap, readSince: Date): Total {
    const { from, where } = queryOf(kind, gap, readSince);
    return lists.count(from, where);
  }
}

function queryOf(kind: TargetKind, gap: TargetGap, readSince: Date) {
  if (gap === "unprobed")
    return {
      from: UNPROBED[kind],
      columns: UNPROBED_COLUMNS,
      where: [],
      order: "host, port, server_name, protocol",
    };
  return { ...TABLES[kind], where: conditionsOf(kind, gap, toInstant(readSince)), order: "last_seen, id" };
}

/** A host that is stale is not limited, too: each target has one gap. An endpoint is read by anybody. */
function conditionsOf(kind: TargetKind, gap: Exclude<TargetGap, "unprobed">, readSince: Instant): Part[] {
  switch (gap) {
    case "failed":
    case "partial":
      return [{ sql: "state = ?", values: [gap] }];
    case "stale":
      return [{ sql: "state = 'ok' AND last_seen < ?", values: [readSince] }];
    case "limited":
      return kind === "tls"
        ? [{ sql: "0", values: [] }]
        : [
            {
              sql: "state = 'ok' AND last_seen >= ? AND (unreadable_count > 0 OR key_gap IS NOT NULL OR NOT are_workloads_whole)",
              values: [readSince],
            },
          ];
    default:
      return assertNever(gap);
  }
}

function toUnknownTarget(kind: TargetKind, row: Row): UnknownTarget {
  const { host, port, user, protocol, hostname, outcome } = row;
  const target =
    kind === "ssh"
      ? { kind, host, port, user }
      : { kind, host, port, serverName: row.server_name || null, protocol };
  return UnknownTarget.parse({ target, hostname, outcome, lastRead: row.last_read });
}
