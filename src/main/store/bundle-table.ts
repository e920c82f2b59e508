import type { Database } from "better-sqlite3";
import { BundleSignature } from "#shared/model/bundle.ts";
import type { Instant } from "#shared/model/instant.ts";
import { ScanId } from "#shared/model/scan.ts";

type Row = {
  scan: number;
  digest: string;
  imported_at: string;
  signature: string;
  host: string;
  port: number;
};

/** A host as far as it decides whether a bundle is of it, and newer than what is known. */
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
};

const HOST = "host.host, host.port, host.user, host.last_read, host.clock_ahead_seconds";

/** A key that a host was refused for is not known to be its own. */
const IS_ITS_OWN = "(is_key_refused = 0 OR outcome = 'host-key-unknown')";

/** The bundles that were imported, and the hosts that they may be of. */
export function bundleTable(db: Database) {
  const find = db.prepare<[string], Row>(`
    SELECT scan, digest, imported_at, signature, host.host, host.port
    FROM bundle JOIN host ON host.id = bundle.host
    WHERE digest = ?`);
  const add = db.prepare(`
    INSERT INTO bundle (scan, digest, host, imported_at, signature)
    SELECT @scanId, @digest, id, @importedAt, @signature FROM host WHERE host = @host AND port = @port`);
  const holders = db.prepare<[string], HostRow>(`
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
    /** Whom the rosters have a key for; somebody who is still there before somebody who has left. */
    ownerOf: (fingerprint: string) => owner.get(fingerprint) ?? null,

    find(digest: string) {
      const row = find.get(digest);
      if (!row) return null;
      return {
        ...{ scanId: ScanId.parse(row.scan), importedAt: row.imported_at, host: row.host, port: row.port },
        signature: BundleSignature.parse(JSON.parse(row.signature)),
      };
    },

    /** Once its host is known, within the transaction that made it so. */
    add: ({ signature, ...bundle }: NewBundle): void =>
      void add.run({ ...bundle, signature: JSON.stringify(signature) }),

    /** The hosts that have one of these keys: by what was read there, by what they presented, or by their pins. */
    hostsWithKeys: (fingerprints: readonly string[]): KnownHost[] =>
      holders.all(JSON.stringify(fingerprints)).map(toHost),

    hostAt(host: string, port: number): (KnownHost & { hasKeys: boolean }) | null {
      const row = at.get(host, port);
      return row ? { ...toHost(row), hasKeys: row.has_keys === 1 } : null;
    },
  };
}

const toHost = ({
  last_read: lastRead,
  clock_ahead_seconds: clockAheadSeconds,
  ...row
}: HostRow): KnownHost => ({
  ...{ host: row.host, port: row.port, user: row.user },
  ...{ lastRead, clockAheadSeconds },
});
