import type { Database } from "better-sqlite3";
import type { Instant } from "#shared/model/instant.ts";
import type { IssuedCertificate, IssuerId } from "#shared/model/issuer.ts";

/** An authority of our own. The secrets are numbers of entries in the vault. */
export type LocalAuthority = {
  permitted: readonly string[];
  daysValid: number;
  /** DER. */
  root: Uint8Array;
  rootSecret: string;
  intermediate: Uint8Array;
  intermediateSecret: string;
};

type AuthorityRow = Omit<LocalAuthority, "permitted"> & { permitted: string };
/** `keySha256`: of SubjectPublicKeyInfo. */
type NewlyIssued = Omit<IssuedCertificate, "revokedAt" | "reason"> & { keySha256: string };
type IssuedRow = Omit<IssuedCertificate, "names"> & { names: string };
type Revocation = { issuer: IssuerId; serial: string; at: Instant; reason: string };

const ISSUED = `serial, sha256, names, issued_at AS issuedAt, not_after AS notAfter, revoked_at AS revokedAt, reason`;

/** Authorities of our own, and what they have signed. */
export function localAuthorityTable(db: Database) {
  const add = db.prepare(`
    INSERT INTO local_authority
      (issuer, permitted, days_valid, root, root_secret, intermediate, intermediate_secret)
    VALUES (@issuer, @permitted, @daysValid, @root, @rootSecret, @intermediate, @intermediateSecret)`);
  const find = db.prepare<[number], AuthorityRow>(`
    SELECT permitted, days_valid AS daysValid, root, root_secret AS rootSecret, intermediate,
      intermediate_secret AS intermediateSecret
    FROM local_authority WHERE issuer = ?`);
  const setDaysValid = db.prepare("UPDATE local_authority SET days_valid = ? WHERE issuer = ?");
  const takeNumber = db
    .prepare<[number, number], number>(
      "UPDATE local_authority SET list_number = max(list_number + 1, ?) WHERE issuer = ? RETURNING list_number",
    )
    .pluck();
  const addIssued = db.prepare(`
    INSERT INTO issued_certificate (issuer, serial, sha256, key_sha256, names, issued_at, not_after)
    VALUES (@issuer, @serial, @sha256, @keySha256, @names, @issuedAt, @notAfter)`);
  const issued = db.prepare<[number, number], IssuedRow>(
    `SELECT ${ISSUED} FROM issued_certificate WHERE issuer = ? ORDER BY id DESC LIMIT ?`,
  );
  const revoked = db.prepare<[number], IssuedRow>(
    `SELECT ${ISSUED} FROM issued_certificate WHERE issuer = ? AND revoked_at IS NOT NULL ORDER BY id`,
  );
  const count = db.prepare<[number], { issued: number; revoked: number }>(
    "SELECT count(*) AS issued, count(revoked_at) AS revoked FROM issued_certificate WHERE issuer = ?",
  );
  const findIssued = db.prepare<{ issuer: number; which: string }, IssuedRow>(
    `SELECT ${ISSUED} FROM issued_certificate WHERE issuer = @issuer AND @which IN (serial, sha256)`,
  );
  const revoke = db.prepare<Revocation>(`
    UPDATE issued_certificate SET revoked_at = @at, reason = @reason
    WHERE issuer = @issuer AND serial = @serial AND revoked_at IS NULL`);

  return {
    add: (issuer: IssuerId, authority: LocalAuthority): void =>
      void add.run({
        ...authority,
        issuer,
        permitted: JSON.stringify(authority.permitted),
        root: Buffer.from(authority.root),
        intermediate: Buffer.from(authority.intermediate),
      }),
    setDaysValid: (issuer: IssuerId, days: number): void => void setDaysValid.run(days, issuer),
    find(issuer: IssuerId): LocalAuthority | null {
      const row = find.get(issuer);
      return row ? { ...row, permitted: JSON.parse(row.permitted) } : null;
    },
    /** Of its next revocation list: by the clock (seconds), so that one from before a restored backup is not the newer one. */
    takeListNumber: (issuer: IssuerId, seconds: number): number => takeNumber.get(seconds, issuer) ?? 0,

    addIssued: (issuer: IssuerId, one: NewlyIssued): void =>
      void addIssued.run({ ...one, issuer, names: JSON.stringify(one.names) }),
    /** The newest first. */
    issued: (issuer: IssuerId, most: number): IssuedCertificate[] => issued.all(issuer, most).map(toIssued),
    revoked: (issuer: IssuerId): IssuedCertificate[] => revoked.all(issuer).map(toIssued),
    count: (issuer: IssuerId) => count.get(issuer) ?? { issued: 0, revoked: 0 },
    /** By its serial number or its SHA-256. */
    findIssued(issuer: IssuerId, which: string): IssuedCertificate | null {
      const row = findIssued.get({ issuer, which });
      return row ? toIssued(row) : null;
    },
    isCompromised: compromisedKeys(db),
    /** False where it was revoked before. */
    revoke: (revocation: Revocation): boolean => revoke.run(revocation).changes === 1,
  };
}

const toIssued = (row: IssuedRow): IssuedCertificate => ({ ...row, names: JSON.parse(row.names) });

/** Whether a certificate of this key was revoked for its compromise, by whichever authority of ours. */
function compromisedKeys(db: Database) {
  const count = db
    .prepare<[string], number>(
      "SELECT count(*) FROM issued_certificate WHERE reason = 'key-compromise' AND key_sha256 = ?",
    )
    .pluck();
  return (keySha256: string): boolean => (count.get(keySha256) ?? 0) > 0;
}
