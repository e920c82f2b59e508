import type { Database } from "better-sqlite3";
import { byKey, followSpans, type HostLook } from "#store/spans.ts";
import type { CollectedHost, TrustedAuthority } from "#store/visit.ts";

type Row = Pick<TrustedAuthority, "account" | "fingerprint" | "file"> & { id: number };

/** Which accounts of a host certificates of an authority open: as spans. */
export function trustedAuthorityTable(db: Database) {
  const current = db.prepare<[number], Row>(
    "SELECT id, account, fingerprint, file FROM trusted_authority WHERE host = ? AND gone_scan IS NULL",
  );
  const begin = db.prepare(`
    INSERT INTO trusted_authority (host, account, fingerprint, key_type, comment, file, line, principals, effective,
      first_scan, last_scan)
    VALUES (@host, @account, @fingerprint, @keyType, @comment, @file, @line, @principals, @effective, @scanId, @scanId)`);
  const extend = db.prepare(`
    UPDATE trusted_authority
    SET comment = @comment, line = @line, principals = @principals, effective = @effective, last_scan = @scanId
    WHERE id = @id`);
  const end = db.prepare("UPDATE trusted_authority SET gone_scan = ? WHERE id = ?");
  const toRow = ({ principals, effective, ...one }: TrustedAuthority) => ({
    ...one,
    principals: JSON.stringify(principals),
    effective: JSON.stringify(effective),
  });

  return {
    /** Where not all that sshd goes by was read, nothing has gone. */
    follow(
      host: number,
      { trusted, isToldWhole }: CollectedHost["authorities"],
      { scanId, isWhole, unlisted }: HostLook,
    ): void {
      const known = current.all(host);
      const hidden = new Set(known.filter(({ account }) => unlisted.has(account)).map(keyOf));
      followSpans({
        current: new Map(known.map((row) => [keyOf(row), row.id])),
        seen: byKey(trusted, keyOf),
        isGone: (key) => isWhole && isToldWhole && !hidden.has(key),
        begin: (one) => Number(begin.run({ ...toRow(one), host, scanId }).lastInsertRowid),
        extend: (id, one) => extend.run({ ...toRow(one), id, scanId }),
        end: (id) => end.run(scanId, id),
      });
    },
  };
}

const keyOf = ({ account, fingerprint, file }: Omit<Row, "id">): string =>
  JSON.stringify([account, fingerprint, file]);
