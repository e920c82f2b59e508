import type { Database } from "better-sqlite3";
import { type HostDetail, HostRow } from "#shared/model/host.ts";
import type { HostKeyView, ProbeState } from "#shared/model/probe.ts";
import type { bundleTable } from "#store/bundle-table.ts";
import type { FindingBriefs } from "#store/findings/finding-briefs.ts";
import type { Listed, Lists, Window } from "#store/lists/lists.ts";
import type { Part } from "#store/lists/part.ts";
import { eachWord } from "#store/lists/search.ts";
import type { pinTable } from "#store/pin-table.ts";
import { hostContents } from "./host-contents.ts";

type Column = "host" | "os" | "state" | "grantCount" | "accountCount" | "lastSeen";

type Wanted = Window & {
  search: string;
  state: ProbeState | null;
  sort: { by: Column; descending: boolean };
};

type Row = {
  id: number;
  host: string;
  port: number;
  user: string | null;
  hostname: string | null;
  os: string | null;
  read_as: string | null;
  account_count: number;
  grant_count: number;
  certificate_count: number;
  state: string;
  outcome: string;
  message: string;
  last_seen: string;
  last_read: string | null;
  carried: string | null;
};

type DetailRow = Row & {
  kernel: string | null;
  sshd_version: string | null;
  clock_ahead_seconds: number | null;
  key_type: string | null;
  key_fingerprint: string | null;
  is_key_refused: number;
};

/** `isUnknown`: the last visit ended because nothing was known of this key; a changed or revoked one is not that. */
type PresentedKey = HostKeyView & { blob: Uint8Array; isUnknown: boolean };
type KeyRow = { key_type: string; key_fingerprint: string; key_blob: Uint8Array; outcome: string };

const SORTED_BY: Record<Column, readonly string[]> = {
  host: ["host", "port", "id"],
  os: ["ifnull(substr(os, 1, 120), '')", "id"],
  state: ["state", "id"],
  grantCount: ["grant_count", "id"],
  accountCount: ["account_count", "id"],
  lastSeen: ["last_seen", "id"],
};

const COLUMNS = `id, host, port, user, hostname, os, read_as, account_count, grant_count, certificate_count, state,
  outcome, message, last_seen, last_read, (
    SELECT standing FROM bundle JOIN scan ON scan.id = bundle.scan
    WHERE bundle.host = host.id AND scan.started_at = host.last_read
    LIMIT 1) AS carried`;

const TEXT = `host || char(10) || ifnull(user, '') || char(10) || ifnull(hostname, '') || char(10) || ifnull(os, '')
  || char(10) || outcome || char(10) || message`;

type Deps = {
  lists: Lists;
  briefs: FindingBriefs;
  pins: ReturnType<typeof pinTable>;
  bundles: Pick<ReturnType<typeof bundleTable>, "keysOf">;
};

/** The hosts, as their last visits left them. */
export function hostTable(db: Database, { lists, briefs, pins, bundles }: Deps) {
  const contents = hostContents(db);
  const find = db.prepare<[number], DetailRow>(`
    SELECT ${COLUMNS}, kernel, sshd_version, clock_ahead_seconds, key_type, key_fingerprint, is_key_refused
    FROM host
    WHERE id = ?`);
  const key = db.prepare<{ host: string; port: number }, KeyRow>(`
    SELECT key_type, key_fingerprint, key_blob, outcome, last_seen
    FROM host
    WHERE host = @host AND port = @port AND key_blob IS NOT NULL
    UNION ALL
    SELECT key_type, fingerprint, blob, outcome, last_seen
    FROM jump_host_key
    WHERE host = @host AND port = @port
    ORDER BY last_seen DESC
    LIMIT 1`);

  return {
    list({ search, state, sort, ...page }: Wanted): Listed<HostRow> {
      const where: Part[] = [
        ...eachWord(search, TEXT),
        ...(state ? [{ sql: "state = ?", values: [state] }] : []),
      ];
      const order = { name: sort.by, columns: SORTED_BY[sort.by], descending: sort.descending };
      const sought = search.trim() === "" ? {} : { sought: "id" };
      return lists.list({ select: COLUMNS, from: "host", where, sort: order, ...sought, ...page }, toHost);
    },

    find(id: number): HostDetail | null {
      const row = find.get(id);
      if (!row) return null;
      return {
        ...toHost(row),
        kernel: row.kernel,
        sshdVersion: row.sshd_version,
        clockAheadSeconds: row.clock_ahead_seconds,
        pin: pinOf(row),
        refusedKey: refusedKeyOf(row),
        bundleKeys: bundles.keysOf(row.host, row.port),
        ...contents.of(id),
      };
    },

    /** The host key that was presented when a visit, or the way to another host, last came to that. */
    presentedKey(host: string, port: number): PresentedKey | null {
      const row = key.get({ host, port });
      if (!row) return null;
      const { key_type: keyType, key_fingerprint: fingerprint, key_blob: blob, outcome } = row;
      return { keyType, fingerprint, blob: new Uint8Array(blob), isUnknown: outcome === "host-key-unknown" };
    },
  };

  function toHost(row: Row): HostRow {
    return HostRow.parse({
      ...row,
      readAs: row.read_as,
      accountCount: row.account_count,
      grantCount: row.grant_count,
      certificateCount: row.certificate_count,
      lastSeen: row.last_seen,
      lastRead: row.last_read,
      findings: briefs.onHost(row.id),
    });
  }

  function pinOf({ host, port }: Row): HostDetail["pin"] {
    const pin = pins.find(host, port);
    if (!pin) return null;
    const { blob: _, ...shown } = pin;
    return shown;
  }
}

function refusedKeyOf(row: DetailRow): HostKeyView | null {
  if (row.is_key_refused === 0 || row.key_type === null || row.key_fingerprint === null) return null;
  return { keyType: row.key_type, fingerprint: row.key_fingerprint };
}
