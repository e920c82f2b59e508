import type { Database } from "better-sqlite3";
import { BundleSignature, BundleStandingKind } from "#shared/model/hosts/bundle.ts";
import type { HostKeyView } from "#shared/model/hosts/probe.ts";
import { ScanId } from "#shared/model/hosts/scan.ts";
import type { Instant } from "#shared/model/instant.ts";

type Row = {
  scan: number;
  digest: string;
  imported_at: string;
  signature: string;
  standing: string;
  signed_by: string;
  host: string;
  port: number;
};

/** What a host is known by, as `evaluateStanding` takes it. */
type HostTrustRow = {
  pinned: string | null;
  presented: string | null;
  wasReadLive: boolean;
  signedBefore: string[];
};

/** A host, with what decides whether a bundle is of it, and newer than what is known. */
export type KnownHost = {
  host: string;
  port: number;
  user: string | null;
  lastRead: Instant | null;
  clockAheadSeconds: number | null;
};

type HostRow = {
  host: string;
  port: number;
  user: string | null;
  last_read: string | null;
  clock_ahead_seconds: number | null;
};

type NewBundle = {
  scanId: ScanId;
  digest: string;
  host: string;
  port: number;
  importedAt: Instant;
  signature: BundleSignature;
  standing: BundleStandingKind;
  /** The host keys that signed it, as fingerprints. */
  signedBy: readonly string[];
  nonce: string;
};

type TrustRow = {
  pinned: string | null;
  presented: string | null;
  was_read_live: number;
  signed_before: string | null;
};

type BundleKeyRow = HostKeyView & { host: string; port: number };

/**
 * The host keys that signed the last signed bundle of a host that was never connected to. Any other host is known by
 * the key that it presented.
 */
export const BUNDLE_KEYS = `
  SELECT key.value AS fingerprint, ifnull((
      SELECT key_type FROM host_key WHERE host_key.host = host.id AND host_key.fingerprint = key.value LIMIT 1), '')
    AS keyType, host.host, host.port
  FROM host
  JOIN bundle ON bundle.scan = (
    SELECT bundle.scan FROM bundle JOIN scan ON scan.id = bundle.scan
    WHERE bundle.host = host.id AND standing <> 'claimed'
    ORDER BY started_at DESC, scan.id DESC LIMIT 1)
  JOIN json_each(signed_by) AS key
  WHERE (key_fingerprint IS NULL OR is_key_refused = 1)`;

const HOST = "host.host, host.port, host.user, host.last_read, host.clock_ahead_seconds";

/** A key for which a host was refused is not known to be its own. */
const IS_ITS_OWN = "(is_key_refused = 0 OR outcome IN ('host-key-unknown', 'host-key-not-accepted'))";

/** The bundles that were imported, and the hosts that they may be of. */
export function bundleTable(db: Database) {
  const find = db.prepare<[string], Row>(`
    SELECT scan, digest, imported_at, signature, standing, signed_by, host.host, host.port
    FROM bundle JOIN host ON host.id = bundle.host
    WHERE digest = ?`);
  const add = db.prepare(`
    INSERT INTO bundle (scan, digest, host, imported_at, signature, standing, signed_by, nonce)
    SELECT @scanId, @digest, id, @importedAt, @signature, @standing, @signedBy, @nonce
    FROM host WHERE host = @host AND port = @port`);
  const stand = db.prepare("UPDATE bundle SET standing = ?, signed_by = ? WHERE digest = ?");
  const sameNonce = db
    .prepare<{ nonce: string; digest: string }, Instant>(`
    SELECT imported_at FROM bundle WHERE nonce = @nonce AND digest <> @digest
    UNION ALL
    SELECT imported_at FROM claim WHERE nonce = @nonce AND digest <> @digest
    LIMIT 1`)
    .pluck();
  const proven = db.prepare<[string], HostRow>(`
    WITH given (fingerprint) AS (SELECT value FROM json_each(?)),
         holder (id) AS (
           SELECT id FROM host JOIN pin USING (host, port) JOIN given USING (fingerprint)
           UNION
           SELECT host.id FROM host JOIN given ON key_fingerprint = fingerprint
           WHERE is_key_refused = 0 AND NOT EXISTS (SELECT 1 FROM pin WHERE pin.host = host.host AND pin.port = host.port)
           UNION
           SELECT bundle.host FROM bundle JOIN json_each(signed_by) AS signer JOIN given ON signer.value = fingerprint
           WHERE standing <> 'claimed')
    SELECT ${HOST} FROM holder JOIN host USING (id) ORDER BY host.host, host.port`);
  const trust = db.prepare<{ host: string; port: number }, TrustRow>(`
    SELECT (SELECT fingerprint FROM pin WHERE pin.host = host.host AND pin.port = host.port) AS pinned,
      iif(is_key_refused = 0, key_fingerprint, NULL) AS presented,
      last_read IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM bundle JOIN scan ON scan.id = bundle.scan
        WHERE bundle.host = host.id AND scan.started_at = host.last_read) AS was_read_live,
      (SELECT signed_by FROM bundle JOIN scan ON scan.id = bundle.scan
        WHERE bundle.host = host.id AND standing <> 'claimed'
        ORDER BY scan.started_at DESC, scan.id DESC LIMIT 1) AS signed_before
    FROM host WHERE host = @host AND port = @port`);
  const pinned = db
    .prepare<{ host: string; port: number }, string>(
      "SELECT fingerprint FROM pin WHERE host = @host AND port = @port",
    )
    .pluck();
  const keysOf = db.prepare<{ host: string; port: number }, BundleKeyRow>(
    `${BUNDLE_KEYS} AND host.host = @host AND host.port = @port`,
  );
  const forgetKeys = db.prepare(`
    UPDATE bundle SET standing = 'claimed'
    WHERE standing <> 'claimed' AND host = (SELECT id FROM host WHERE host = @host AND port = @port)`);
  const forgetReading = db.prepare(`
    UPDATE offline_reading SET standing = 'claimed'
    WHERE host = (SELECT id FROM host WHERE host = @host AND port = @port)`);
  const withKeys = db.prepare<[string], HostRow>(`
    WITH given (fingerprint) AS (SELECT value FROM json_each(?)),
         holder (id) AS (
           SELECT host FROM host_key JOIN given USING (fingerprint) WHERE gone_scan IS NULL
           UNION
           SELECT id FROM host JOIN given ON key_fingerprint = fingerprint WHERE ${IS_ITS_OWN}
           UNION
           SELECT id FROM host JOIN pin USING (host, port) JOIN given USING (fingerprint))
    SELECT ${HOST} FROM holder JOIN host USING (id) ORDER BY host.host, host.port`);
  const at = db.prepare<[string, number], HostRow & { has_keys: number }>(`
    SELECT ${HOST},
      EXISTS (SELECT 1 FROM host_key WHERE host_key.host = host.id AND gone_scan IS NULL)
      OR EXISTS (SELECT 1 FROM pin WHERE pin.host = host.host AND pin.port = host.port)
      OR (key_fingerprint IS NOT NULL AND ${IS_ITS_OWN}) AS has_keys
    FROM host WHERE host = ? AND port = ?`);

  const owner = db.prepare<[string], { name: string; standing: "known" | "gone" }>(`
    SELECT name, standing FROM person_key JOIN person ON person.id = person_key.person
    WHERE fingerprint = ?
    ORDER BY standing DESC, name
    LIMIT 1`);

  return {
    /** Who has a key by the people sources; somebody who is still there before somebody who has left. */
    ownerOf: (fingerprint: string) => owner.get(fingerprint) ?? null,

    find(digest: string) {
      const row = find.get(digest);
      return row ? toBundle(row) : null;
    },

    /** Call it once the host is known, within the transaction that made it known. */
    add: ({ signature, signedBy, ...bundle }: NewBundle): void =>
      void add.run({ ...bundle, signature: JSON.stringify(signature), signedBy: JSON.stringify(signedBy) }),

    /** Sets the standing of a bundle that was imported before its host's signature came. */
    stand: (digest: string, standing: BundleStandingKind, signedBy: readonly string[]): void =>
      void stand.run(standing, JSON.stringify(signedBy), digest),

    /** When another bundle with this nonce came in; null where none did. */
    otherWithNonce: (nonce: string, digest: string): Instant | null =>
      sameNonce.get({ nonce, digest }) ?? null,

    /**
     * The hosts that are known by one of these keys: by a pin, by what they presented, or by what signed their bundles.
     */
    hostsProvenBy: (fingerprints: readonly string[]): KnownHost[] =>
      proven.all(JSON.stringify(fingerprints)).map(toHost),

    /** What a host is known by; a host that is pinned may never have been probed. */
    trustOf(host: string, port: number): HostTrustRow {
      const row = trust.get({ host, port });
      if (!row)
        return {
          pinned: pinned.get({ host, port }) ?? null,
          presented: null,
          wasReadLive: false,
          signedBefore: [],
        };
      return {
        pinned: row.pinned,
        presented: row.presented,
        wasReadLive: row.was_read_live === 1,
        signedBefore: JSON.parse(row.signed_before ?? "[]") as string[],
      };
    },

    /**
     * The host keys that signed the last signed bundle of a host that was never connected to. Empty for any other host.
     */
    keysOf: (host: string, port: number): HostKeyView[] =>
      keysOf.all({ host, port }).map(({ keyType, fingerprint }) => ({ keyType, fingerprint })),

    /** Makes mere claims of what its bundles say; false where they were that before. */
    forgetKeys(address: { host: string; port: number }): boolean {
      forgetReading.run(address);
      return forgetKeys.run(address).changes > 0;
    },

    /** The hosts that have one of these keys: by what was read there, by what they presented, or by their pins. */
    hostsWithKeys: (fingerprints: readonly string[]): KnownHost[] =>
      withKeys.all(JSON.stringify(fingerprints)).map(toHost),

    hostAt(host: string, port: number): (KnownHost & { hasKeys: boolean }) | null {
      const row = at.get(host, port);
      return row ? { ...toHost(row), hasKeys: row.has_keys === 1 } : null;
    },
  };
}

const toBundle = (row: Row) => ({
  scanId: ScanId.parse(row.scan),
  importedAt: row.imported_at,
  host: row.host,
  port: row.port,
  signature: BundleSignature.parse(JSON.parse(row.signature)),
  standing: BundleStandingKind.parse(row.standing),
  signedBy: JSON.parse(row.signed_by) as string[],
});

const toHost = ({
  last_read: lastRead,
  clock_ahead_seconds: clockAheadSeconds,
  ...row
}: HostRow): KnownHost => ({
  host: row.host,
  port: row.port,
  user: row.user,
  lastRead,
  clockAheadSeconds,
});

/** The collectors that were issued for offline use. */
export function issuedCollectorTable(db: Database) {
  const add = db.prepare("INSERT INTO issued_collector (nonce, issued_at) VALUES (?, ?)");
  const find = db
    .prepare<[string], Instant>("SELECT issued_at FROM issued_collector WHERE nonce = ?")
    .pluck();

  return {
    add: (nonce: string, at: Instant): void => void add.run(nonce, at),
    /** When the collector was issued; null where this database has issued none with that nonce. */
    find: (nonce: string): Instant | null => find.get(nonce) ?? null,
  };
}
