import type { Database } from "better-sqlite3";
import { AccountView, type HostDetail, KeyFileView, Unread } from "#shared/model/host.ts";
import { loginTable } from "#store/use/login-table.ts";
import { reachReader } from "./reach-tables.ts";

type AccountRow = { name: string; uid: number; shell: string; password_state: string; grant_count: number };

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
export function hostContents(db: Database) {
  const accounts = db.prepare<[number, number], AccountRow>(`
    SELECT name, uid, shell, password_state, ifnull(grants.count, 0) AS grant_count
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
  const coverage = db.prepare<[number], CoverageRow>("SELECT read, not_read FROM coverage WHERE host = ?");

  return {
    of: (
      host: number,
    ): Pick<HostDetail, "accounts" | "keyFiles" | "hostKeys" | "coverage" | "logWindows"> => ({
      accounts: accounts.all(host, host).map(toAccount(reach.of(host))),
      keyFiles: keyFiles.all(host).map(toKeyFile),
      hostKeys: hostKeys.all(host),
      coverage: toCoverage(coverage.get(host)),
      logWindows: logins.of(host).windows,
    }),
  };
}

const toAccount =
  ({ becoming, agents }: ReturnType<ReturnType<typeof reachReader>["of"]>) =>
  (row: AccountRow): AccountView =>
    AccountView.parse({
      ...row,
      passwordState: row.password_state,
      grantCount: row.grant_count,
      becomes: becoming.get(row.name) ?? [],
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
    ? { read: JSON.parse(row.read), notRead: Unread.array().parse(JSON.parse(row.not_read)) }
    : { read: [], notRead: [] };
