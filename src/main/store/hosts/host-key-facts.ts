import type { Database } from "better-sqlite3";
import type { HostKeyView } from "#shared/model/hosts/probe.ts";
import { BUNDLE_KEYS } from "#store/bundle-table.ts";
import { databaseVersion } from "#store/lists/kept.ts";

/** A host of the inventory, with the last key that it presented to a probe. */
export type ProbedHost = {
  id: number;
  host: string;
  port: number;
  user: string | null;
  hostname: string | null;
};

export type PresentedKeyRow = HostKeyView & {
  host: string;
  port: number;
  blob: Uint8Array;
  at: string;
  isRefused: boolean;
};

export type HeldKeyRow = HostKeyView & { host: number; keyBits: number | null; at: string };

export type PinRow = HostKeyView & { host: string; port: number; blob: Uint8Array };

/** All that scans and people have recorded of host keys, to be compared with known_hosts. */
export function hostKeyFacts(db: Database) {
  const hosts = db.prepare<[], ProbedHost>(
    "SELECT id, host, port, user, hostname FROM host ORDER BY host, port",
  );
  // A jump host may be a host of the inventory, too: then the later of its keys is the one it presents.
  const presented = db.prepare<[], Omit<PresentedKeyRow, "isRefused"> & { isRefused: number }>(`
    SELECT host, port, key_type AS keyType, key_fingerprint AS fingerprint, key_blob AS blob, key_seen AS at,
      is_key_refused AS isRefused
    FROM host
    WHERE key_blob IS NOT NULL
    UNION ALL
    SELECT host, port, key_type, fingerprint, blob, last_seen, 1
    FROM jump_host_key
    ORDER BY at`);
  const held = db.prepare<[], HeldKeyRow>(`
    SELECT host_key.host, host_key.key_type AS keyType, host_key.fingerprint, host_key.key_bits AS keyBits,
      scan.started_at AS at
    FROM host_key
    JOIN scan ON scan.id = host_key.last_scan
    WHERE host_key.gone_scan IS NULL
    ORDER BY host_key.id`);
  const pins = db.prepare<[], PinRow>(`
    SELECT host, port, key_type AS keyType, fingerprint, blob
    FROM pin
    ORDER BY host, port`);
  const bundleKeys = db.prepare<[], HostKeyView & { host: string; port: number }>(BUNDLE_KEYS);
  const names = db
    .prepare<[], string>("SELECT name FROM host_name UNION SELECT host FROM target ORDER BY 1")
    .pluck();
  const all = db.transaction(() => ({
    hosts: hosts.all(),
    presented: presented.all().map((row): PresentedKeyRow => ({ ...row, isRefused: row.isRefused === 1 })),
    held: held.all(),
    pins: pins.all(),
    bundleKeys: bundleKeys.all(),
    names: names.all(),
  }));

  return {
    /** A snapshot of one moment. */
    all: (): ReturnType<typeof all> => all(),
    pins: (): PinRow[] => pins.all(),
    version: databaseVersion(db),
  };
}
