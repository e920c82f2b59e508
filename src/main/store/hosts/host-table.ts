import type { Database } from "better-sqlite3";
import { AccountView, type HostDetail, HostRow, KeyFileView, Unreadable } from "#shared/model/hosts/host.ts";
import type { HostKeyView, ProbeState } from "#shared/model/hosts/probe.ts";
import type { bundleTable } from "#store/bundle-table.ts";
import type { FindingBriefs } from "#store/findings/finding-briefs.ts";
import type { Listed, Lists, Window } from "#store/lists/lists.ts";
import type { Part } from "#store/lists/order.ts";
import { eachWord } from "#store/lists/search.ts";
import { loginTable } from "#store/logins/login-table.ts";
import type { pinTable } from "#store/target-table.ts";
import { hostProgramsTable } from "./host-parts.ts";
import { reachReader } from "./reach-tables.ts";

type Column = "host" | "os" | "state" | "grantCount" | "accountCount" | "lastSeen";

type HostQuery = Window & {
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
  bundle_standing: string | null;
};

type DetailRow = Row & {
  kernel: string | null;
  sshd_version: string | null;
  clock_ahead_seconds: number | null;
  key_type: string | null;
  key_fingerprint: string | null;
  is_key_refused: number;
};

/** `isUnknown`: the last probe ended because nothing was known of this key; that excludes a changed or revoked key. */
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
    LIMIT 1) AS bundle_standing`;

const TEXT = `host || char(10) || ifnull(user, '') || char(10) || ifnull(hostname, '') || char(10) || ifnull(os, '')
  || char(10) || outcome || char(10) || message`;

type Deps = {
  lists: Lists;
  briefs: FindingBriefs;
  pins: ReturnType<typeof pinTable>;
  bundles: Pick<ReturnType<typeof bundleTable>, "keysOf">;
};

/** The hosts, as their last probes left them. */
/** `whole`: all of it, as root. `withLogs`: with a log that shows logins. */
type ReadHosts = { total: number; read: number; whole: number; withLogs: number };

/** `lastRead` by our clock; the others by the host's, which is so many seconds ahead. */
type LogWindowRow = { id: number; lastRead: string; ahead: number; source: string; from: string; to: string };

export function hostTable(db: Database, { lists, briefs, pins, bundles }: Deps) {
  const contents = hostContents(db);
  const find = db.prepare<[number], DetailRow>(`
    SELECT ${COLUMNS}, kernel, sshd_version, clock_ahead_seconds, key_type, key_fingerprint, is_key_refused
    FROM host
    WHERE id = ?`);
  const ownNames = db.prepare<[], { host: string; port: number; hostname: string }>(
    "SELECT host, port, hostname FROM host WHERE hostname <> host ORDER BY host, port",
  );
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

  const read = db.prepare<[], ReadHosts>(`
    SELECT count(*) AS total, count(last_read) AS read, count(iif(unreadable_count = 0 AND key_gap IS NULL, 1, NULL)) AS whole,
      count(iif(EXISTS (SELECT 1 FROM log_window WHERE log_window.host = host.id), 1, NULL)) AS withLogs
    FROM host`);
  const windows = db.prepare<[], LogWindowRow>(`
    SELECT host.id AS id, last_read AS lastRead, ifnull(clock_ahead_seconds, 0) AS ahead, source, from_at AS "from",
      to_at AS "to"
    FROM log_window CROSS JOIN host ON host.id = log_window.host
    WHERE last_read IS NOT NULL`);

  return {
    /** How much was read of them. */
    countRead: (): ReadHosts => read.get() ?? { total: 0, read: 0, whole: 0, withLogs: 0 },

    /** What the logs of all hosts cover. */
    logWindows: (): LogWindowRow[] => windows.all(),

    list({ search, state, sort, ...page }: HostQuery): Listed<HostRow> {
      const where: Part[] = [
        ...eachWord(search, TEXT),
        ...(state ? [{ sql: "state = ?", values: [state] }] : []),
      ];
      const order = { name: sort.by, columns: SORTED_BY[sort.by], descending: sort.descending };
      const searched = search.trim() === "" ? {} : { idColumn: "id" };
      return lists.list({ select: COLUMNS, from: "host", where, sort: order, ...searched, ...page }, toHost);
    },

    ownNames: (): { host: string; port: number; hostname: string }[] => ownNames.all(),

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

    /** The last host key that was presented, to a probe of the host or on the route to another host. */
    presentedKey(host: string, port: number): PresentedKey | null {
      const row = key.get({ host, port });
      if (!row) return null;
      const { key_type: keyType, key_fingerprint: fingerprint, key_blob: blob, outcome } = row;
      const isUnknown = outcome === "host-key-unknown" || outcome === "host-key-not-accepted";
      return { keyType, fingerprint, blob: new Uint8Array(blob), isUnknown };
    },
  };

  function toHost(row: Row): HostRow {
    return HostRow.parse({
      ...row,
      readAs: row.read_as,
      bundleStanding: row.bundle_standing,
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

type AccountRow = {
  id: number;
  name: string;
  uid: number;
  shell: string;
  password_state: string;
  grant_count: number;
};

type KeyFileRow = {
  id: number;
  path: string;
  owner: string;
  mode: string;
  format: string;
  key_type: string | null;
  key_bits: number | null;
  fingerprint: string | null;
  is_encrypted: number | null;
  lock: string | null;
  likely_fingerprint: string | null;
  possession: string;
  claim: string | null;
};

type CoverageRow = { read: string; not_read: string };

/** What is on one host now, and what of it was read. */
function hostContents(db: Database) {
  const accounts = db.prepare<[number, number], AccountRow>(`
    SELECT id, name, uid, shell, password_state, ifnull(grants.count, 0) AS grant_count
    FROM account
    LEFT JOIN (
      SELECT account AS holder, count(*) AS count FROM grant_line WHERE host = ? AND gone_scan IS NULL GROUP BY account
    ) AS grants ON grants.holder = account.name
    WHERE host = ? AND gone_scan IS NULL
    ORDER BY uid, name`);
  const keyFiles = db.prepare<[number], KeyFileRow>(`
    SELECT id, path, owner, mode, format, key_type, key_bits, fingerprint, is_encrypted, lock, likely_fingerprint,
      possession, claim
    FROM key_file
    WHERE host = ? AND gone_scan IS NULL
    ORDER BY path, id`);
  const hostKeys = db.prepare<[number], { keyType: string; fingerprint: string }>(`
    SELECT key_type AS keyType, fingerprint
    FROM host_key
    WHERE host = ? AND gone_scan IS NULL
    ORDER BY key_type, fingerprint`);

  const logins = loginTable(db);
  const reach = reachReader(db);
  const programs = hostProgramsTable(db);
  const coverage = db.prepare<[number], CoverageRow>("SELECT read, not_read FROM coverage WHERE host = ?");

  return {
    of: (
      host: number,
    ): Pick<HostDetail, "accounts" | "programs" | "keyFiles" | "hostKeys" | "coverage" | "logWindows"> => ({
      accounts: accounts.all(host, host).map(toAccount(reach.of(host))),
      programs: programs.of(host),
      keyFiles: keyFiles.all(host).map(toKeyFile),
      hostKeys: hostKeys.all(host),
      coverage: toCoverage(coverage.get(host)),
      logWindows: logins.of(host).windows,
    }),
  };
}

const toAccount =
  ({ escalations, agents }: ReturnType<ReturnType<typeof reachReader>["of"]>) =>
  (row: AccountRow): AccountView =>
    AccountView.parse({
      ...row,
      passwordState: row.password_state,
      grantCount: row.grant_count,
      becomes: escalations.get(row.name) ?? [],
      agents: agents.get(row.name) ?? [],
    });

const toKeyFile = (row: KeyFileRow): KeyFileView =>
  KeyFileView.parse({
    ...row,
    keyType: row.key_type,
    keyBits: row.key_bits,
    isEncrypted: row.is_encrypted === null ? null : row.is_encrypted === 1,
    likelyFingerprint: row.likely_fingerprint,
    possession: { kind: row.possession, ...(row.claim !== null && { why: row.claim }) },
  });

const toCoverage = (row: CoverageRow | undefined): HostDetail["coverage"] =>
  row
    ? { read: JSON.parse(row.read), notRead: Unreadable.array().parse(JSON.parse(row.not_read)) }
    : { read: [], notRead: [] };
