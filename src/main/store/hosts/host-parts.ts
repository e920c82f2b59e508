import type { Database } from "better-sqlite3";
import { byKey, followSpans, type HostLook, type Look } from "#store/spans.ts";
import type { CollectedHost } from "#store/visit.ts";

type KeyFile = CollectedHost["keyFiles"][number];

/** The accounts of a host. One that comes back begins anew. */
export function accountTable(db: Database) {
  const see = db.prepare(`
    INSERT INTO account (host, name, uid, shell, password_state, first_scan, last_scan)
    VALUES (@host, @name, @uid, @shell, @passwordState, @scanId, @scanId)
    ON CONFLICT (host, name) DO UPDATE
    SET uid = @uid, shell = @shell, password_state = @passwordState, last_scan = @scanId, gone_scan = NULL,
        first_scan = CASE WHEN gone_scan IS NULL THEN first_scan ELSE @scanId END`);
  const known = db.prepare<[number], { name: string; state: string }>(
    "SELECT name, password_state AS state FROM account WHERE host = ? AND gone_scan IS NULL",
  );
  const end = db.prepare("UPDATE account SET gone_scan = ? WHERE host = ? AND name = ?");

  return {
    /**
     * Where a directory has accounts too, one that is not listed may still be there: not every directory lists its
     * accounts, and none does that cannot be reached. But what was in the host's own list of passwords has gone from it.
     */
    findUnlisted(host: number, { accounts, missingAccounts }: CollectedHost): Set<string> {
      if (missingAccounts === "gone") return new Set();
      const seen = new Set(accounts.map(({ name }) => name));
      const missing = known.all(host).filter(({ name }) => !seen.has(name));
      const isOwn = (state: string) => state !== "unknown" && missingAccounts === "gone-if-own";
      return new Set(missing.flatMap(({ name, state }) => (isOwn(state) ? [] : [name])));
    },

    follow(host: number, accounts: CollectedHost["accounts"], { scanId, isWhole, unlisted }: HostLook): void {
      for (const account of accounts) see.run({ ...account, host, scanId });
      if (!isWhole) return;
      const seen = new Set(accounts.map(({ name }) => name));
      for (const { name } of known.all(host))
        if (!seen.has(name) && !unlisted.has(name)) end.run(scanId, host, name);
    },
  };
}

/** The private keys found on a host. Another key in the same file begins anew. */
export function keyFileTable(db: Database) {
  const current = db.prepare<
    [number],
    { id: number; path: string; owner: string; fingerprint: string | null }
  >(`
    SELECT id, path, owner, fingerprint FROM key_file WHERE host = ? AND gone_scan IS NULL`);
  const begin = db.prepare(`
    INSERT INTO key_file (host, path, owner, mode, format, key_type, key_bits, fingerprint, is_encrypted, lock,
      likely_fingerprint, spki_sha256, possession, claim, first_scan, last_scan)
    VALUES (@host, @path, @owner, @mode, @format, @keyType, @keyBits, @fingerprint, @isEncrypted, @lock,
      @likelyFingerprint, @spkiSha256, @possession, @claim, @scanId, @scanId)`);
  const extend = db.prepare(`
    UPDATE key_file
    SET owner = @owner, mode = @mode, format = @format, key_type = @keyType, key_bits = @keyBits,
        is_encrypted = @isEncrypted, lock = @lock, likely_fingerprint = @likelyFingerprint, spki_sha256 = @spkiSha256,
        possession = @possession, claim = @claim, last_scan = @scanId
    WHERE id = @id`);
  const end = db.prepare("UPDATE key_file SET gone_scan = ? WHERE id = ?");
  const toRow = (file: KeyFile) => ({
    ...file,
    isEncrypted: file.isEncrypted === null ? null : Number(file.isEncrypted),
    possession: file.possession.kind,
    claim: file.possession.kind === "claimed" ? file.possession.why : null,
  });

  return {
    /** Gives the rows of the files that were seen, by path. */
    follow(
      host: number,
      files: readonly KeyFile[],
      { scanId, couldSee, unlisted }: HostLook,
    ): Map<string, number> {
      const known = current.all(host);
      const hidden = new Set(
        known.filter(({ path, owner }) => unlisted.has(owner) || !couldSee(path)).map(fileKey),
      );
      const rows = followSpans({
        current: new Map(known.map((row) => [fileKey(row), row.id])),
        seen: byKey(files, fileKey),
        isGone: (key) => !hidden.has(key),
        begin: (file) => Number(begin.run({ ...toRow(file), host, scanId }).lastInsertRowid),
        extend: (id, file) => extend.run({ ...toRow(file), id, scanId }),
        end: (id) => end.run(scanId, id),
      });
      return new Map(files.map((file) => [file.path, rows.get(fileKey(file)) ?? 0]));
    },
  };
}

const fileKey = ({ path, fingerprint }: Pick<KeyFile, "path" | "fingerprint">): string =>
  JSON.stringify([path, fingerprint]);

/** The public host keys that a host holds. */
export function hostKeyTable(db: Database) {
  const current = db.prepare<[number], { id: number; fingerprint: string }>(`
    SELECT id, fingerprint FROM host_key WHERE host = ? AND gone_scan IS NULL`);
  const begin = db.prepare(`
    INSERT INTO host_key (host, key_type, key_bits, fingerprint, first_scan, last_scan)
    VALUES (@host, @keyType, @keyBits, @fingerprint, @scanId, @scanId)`);
  const extend = db.prepare("UPDATE host_key SET key_bits = @keyBits, last_scan = @scanId WHERE id = @id");
  const end = db.prepare("UPDATE host_key SET gone_scan = ? WHERE id = ?");

  return {
    follow(host: number, keys: CollectedHost["hostKeys"], { scanId, isWhole }: Look): void {
      followSpans({
        current: new Map(current.all(host).map(({ id, fingerprint }) => [fingerprint, id])),
        seen: byKey(keys, ({ fingerprint }) => fingerprint),
        isGone: () => isWhole,
        begin: (key) => Number(begin.run({ ...key, host, scanId }).lastInsertRowid),
        extend: (id, { keyBits }) => extend.run({ keyBits, scanId, id }),
        end: (id) => end.run(scanId, id),
      });
    },
  };
}
