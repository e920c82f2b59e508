import type { Database } from "better-sqlite3";
import { BundleStandingKind } from "#shared/model/hosts/bundle.ts";
import type { KeyPossession } from "#shared/model/hosts/host.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { CollectedHost, HostProbe } from "#store/probe-record.ts";

/** What the last reading of a host showed of the things that offline scripts change there. */
type HostReadingRow = {
  by: "scan" | "bundle";
  at: Instant;
  /**
   * By this computer's clock: the host was read later than this. For a scan, when its probe began; for a bundle, when
   * its collector was issued. Null: nothing shows when.
   */
  after: Instant | null;
  /**
   * The host keys that show which host was read, as fingerprints: the one that it presented, or those that signed the
   * bundle.
   */
  hostKeys: string[];
  /** The account that the reading depends on; null: root. */
  reader: string | null;
  isWhole: boolean;
  files: { path: string; realPath: string | null; base64: string }[];
  /** Paths at or below which there may be something that was not seen. */
  unreadable: string[];
  /** Its private key files. `isSeen`: in this very reading. The others may still be there, unseen. */
  keyFiles: {
    path: string;
    fingerprint: string | null;
    possession: KeyPossession["kind"];
    isSeen: boolean;
  }[];
};

type Row = {
  host: number;
  scan: number;
  read_at: Instant;
  begun_at: Instant | null;
  host_key: string | null;
  reader: string | null;
  is_whole: number;
  files: string;
  unreadable: string;
  standing: string | null;
  signed_by: string | null;
  issued_at: Instant | null;
};

type KeyFileRow = {
  path: string;
  fingerprint: string | null;
  possession: KeyPossession["kind"];
  last_scan: number;
};

type Read = Pick<HostProbe, "scanId" | "at" | "login" | "hostKey"> & {
  host: number;
  collected: CollectedHost;
};

export function hostReadingTable(db: Database) {
  const put = db.prepare(`
    INSERT INTO host_reading (host, scan, read_at, begun_at, host_key, reader, is_whole, files, unreadable)
    VALUES (@host, @scanId, @at, @begunAt, @hostKey, @reader, @isWhole, @files, @unreadable)
    ON CONFLICT (host) DO UPDATE
    SET scan = @scanId, read_at = @at, begun_at = @begunAt, host_key = @hostKey, reader = @reader, is_whole = @isWhole,
        files = @files, unreadable = @unreadable`);
  const hasScript = db
    .prepare<[number], number>(`
      SELECT EXISTS (
        SELECT 1 FROM offline_script JOIN host USING (host, port) WHERE host.id = CAST(? AS INTEGER))`)
    .pluck();
  const find = db.prepare<[string, number], Row>(`
    SELECT reading.host, reading.scan, read_at, begun_at, host_key, reader, is_whole, files, unreadable, standing, signed_by,
      (SELECT issued_at FROM issued_collector
       WHERE instr(bundle.nonce, '-') > 0
         AND issued_collector.nonce = substr(bundle.nonce, 1, instr(bundle.nonce, '-') - 1)) AS issued_at
    FROM host JOIN host_reading AS reading ON reading.host = host.id
    LEFT JOIN bundle ON bundle.scan = reading.scan
    WHERE host.host = ? AND host.port = ?`);
  const keyFiles = db.prepare<[number], KeyFileRow>(`
    SELECT path, fingerprint, possession, last_scan FROM key_file WHERE host = ? AND gone_scan IS NULL`);

  return {
    /** Stores what a reading showed of a host for which scripts were written. Call it within a transaction. */
    put({ host, scanId, at, login, hostKey, collected }: Read): void {
      if (hasScript.get(host) !== 1) return;
      put.run({
        host,
        scanId,
        at,
        begunAt: login?.begunAt ?? null,
        hostKey: hostKey?.fingerprint ?? null,
        reader: readerOf(login, collected),
        isWhole: Number(!collected.isPartial),
        files: JSON.stringify(
          collected.keysFiles.map(({ path, realPath, bytes }) => ({
            path,
            realPath,
            base64: Buffer.from(bytes).toString("base64"),
          })),
        ),
        unreadable: JSON.stringify(collected.unreadablePaths),
      });
    },

    /** Null: the host was not read since a script was written for it. */
    find(name: string, port: number): HostReadingRow | null {
      const row = find.get(name, port);
      if (!row) return null;
      const isBundle = row.standing !== null;
      const signers = row.standing === "claimed" ? [] : (JSON.parse(row.signed_by ?? "[]") as string[]);
      return {
        by: isBundle ? "bundle" : "scan",
        at: row.read_at,
        after: isBundle ? row.issued_at : row.begun_at,
        hostKeys: isBundle ? signers : row.host_key === null ? [] : [row.host_key],
        reader: row.reader,
        isWhole: row.is_whole === 1,
        files: JSON.parse(row.files),
        unreadable: JSON.parse(row.unreadable),
        keyFiles: keyFiles.all(row.host).map(({ last_scan, ...file }) => ({
          ...file,
          isSeen: last_scan === row.scan,
        })),
      };
    },
  };
}

/**
 * Decides by the login that was requested: the account that is logged in controls what is read, and can claim to be
 * root. A login with sudo is believed to be root, as a run from here would believe it.
 */
function readerOf(login: HostProbe["login"], { readAs }: CollectedHost): string | null {
  if (!login || login.user === "root" || (login.useSudo && readAs === "root by sudo")) return null;
  return login.user;
}

/** What a bundle shows of a host, as far as plans need it. */
export type OfflineReading = {
  /**
   * The host key whose signature shows which host the bundle is of, as ssh-keygen prints it; null where that is only
   * claimed.
   */
  signedBy: string | null;
  accounts: {
    name: string;
    uid: number;
    gid: number;
    shell: string;
    /** False: the collector could not query sshd, so its settings for the account are not known. */
    isSshdKnown: boolean;
    keysCommand: string | null;
    authenticationMethods: string | null;
    forceCommand: string | null;
  }[];
  files: {
    /** The path that sshd opens. */
    path: string;
    accounts: string[];
    realPath: string | null;
    /** Its bytes; null where `why` says why they are not known, or why they must not be written. */
    base64: string | null;
    why: string | null;
    uid: number;
    gid: number;
    owner: string;
    mode: string;
  }[];
};

/** What is known of a host by its bundle alone, from when it is, and whether the bundle is known to be of the host. */
export type OfflineHost = { at: Instant; standing: BundleStandingKind; reading: OfflineReading };

type SignedSince = { at: Instant; standing: BundleStandingKind; signedBy: string | null };

/** The last bundle of each host. */
export function offlineReadingTable(db: Database) {
  const put = db.prepare(`
    INSERT INTO offline_reading (host, collected_at, reading, standing)
    SELECT id, @at, @reading, @standing FROM host WHERE host = @host AND port = @port
    ON CONFLICT (host) DO UPDATE SET collected_at = @at, reading = @reading, standing = @standing`);
  const stand = db.prepare(`
    UPDATE offline_reading SET standing = @standing, reading = json_set(reading, '$.signedBy', @signedBy)
    WHERE collected_at = @at AND host = (SELECT id FROM host WHERE host = @host AND port = @port)`);
  const find = db.prepare<[number], { collected_at: Instant; reading: string; standing: string }>(`
    SELECT collected_at, offline_reading.reading, standing FROM offline_reading JOIN host ON host.id = offline_reading.host
    WHERE host.id = ? AND collected_at = host.last_read`);

  return {
    put: (address: HostPort, { at, standing, reading }: OfflineHost): void =>
      void put.run({ ...address, at, standing, reading: JSON.stringify(reading) }),

    /** Sets the standing of a bundle whose host's signature came after it. */
    stand: (address: HostPort, { at, standing, signedBy }: SignedSince): void =>
      void stand.run({ ...address, at, standing, signedBy }),

    /** Null where it was read from here since, or has no bundle. */
    find(hostId: number): OfflineHost | null {
      const row = find.get(hostId);
      if (!row) return null;
      const standing = BundleStandingKind.parse(row.standing);
      return { at: row.collected_at, standing, reading: JSON.parse(row.reading) as OfflineReading };
    },
  };
}

type HostPort = { host: string; port: number };
