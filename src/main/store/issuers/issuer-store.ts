import type { Database } from "better-sqlite3";
import type { Instant } from "#shared/model/instant.ts";
import {
  ChallengeMethod,
  type IssuedCertificate,
  type IssuerId,
  type IssuerKind,
} from "#shared/model/issuers/issuer.ts";

type Explained = <Table extends object>(table: Table) => Table;

/** The issuers that sign certificates for us: their public parts. */
export const issuerStore = (db: Database, explained: Explained) => ({
  ...explained(issuerTable(db)),
  local: explained(localAuthorityTable(db)),
  acme: explained(acmeAccountTable(db)),
});

export type IssuerRow = { id: IssuerId; name: string; kind: IssuerKind; createdAt: Instant; note: string };

const COLUMNS = "id, name, kind, created_at AS createdAt, note";

/** The issuers that sign certificates for us, of all kinds. */
function issuerTable(db: Database) {
  const all = db.prepare<[], IssuerRow>(`SELECT ${COLUMNS} FROM issuer ORDER BY name COLLATE NOCASE`);
  const find = db.prepare<[number], IssuerRow>(`SELECT ${COLUMNS} FROM issuer WHERE id = ?`);
  const findByName = db.prepare<[string], IssuerRow>(`SELECT ${COLUMNS} FROM issuer WHERE name = ?`);
  const add = db.prepare(
    "INSERT INTO issuer (name, kind, created_at, note) VALUES (@name, @kind, @createdAt, @note)",
  );
  const setNote = db.prepare("UPDATE issuer SET note = ? WHERE id = ?");
  const forget = [
    "DELETE FROM issued_certificate WHERE issuer = ?",
    "DELETE FROM local_authority WHERE issuer = ?",
    "DELETE FROM acme_account WHERE issuer = ?",
    "DELETE FROM issuer WHERE id = ?",
  ].map((sql) => db.prepare(sql));

  return {
    all: (): IssuerRow[] => all.all(),
    find: (id: IssuerId): IssuerRow | null => find.get(id) ?? null,
    findByName: (name: string): IssuerRow | null => findByName.get(name) ?? null,
    add: (issuer: Omit<IssuerRow, "id">): IssuerId => Number(add.run(issuer).lastInsertRowid),
    setNote: (id: IssuerId, note: string): void => void setNote.run(note, id),
    /** Removes an issuer with all records of what it has signed. */
    remove: (id: IssuerId): void => forget.forEach((statement) => void statement.run(id)),
  };
}

/** An authority of our own. The secrets are numbers of entries in the vault. */
export type LocalAuthority = {
  permitted: readonly string[];
  daysValid: number;
  /** DER. */
  root: Uint8Array;
  /** Null: it was made elsewhere, and only the key that signs was imported. */
  rootSecret: string | null;
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
function localAuthorityTable(db: Database) {
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
    /**
     * The number of the next CRL. It follows the clock (seconds), so that a CRL from before a backup was restored is
     * not the newer one.
     */
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

/** An account at an ACME directory. The secrets are numbers of entries in the vault. */
export type AcmeAccount = {
  directory: string;
  /** Null until the directory has one for our key. */
  account: string | null;
  accountSecret: string;
  /** DER of the public key, P-256. */
  accountKey: Uint8Array;
  contacts: readonly string[];
  /** The user has agreed to the directory's terms of service. */
  agreesToTerms: boolean;
  eabKeyId: string | null;
  eabSecret: string | null;
  profile: string | null;
  /** PEM; null: the roots of the system. */
  roots: string | null;
  challenge: ChallengeMethod | null;
};

type Row = Omit<AcmeAccount, "contacts" | "challenge" | "agreesToTerms"> & {
  contacts: string;
  challenge: string | null;
  agreesToTerms: number;
};

/** Accounts at ACME directories. */
function acmeAccountTable(db: Database) {
  const add = db.prepare(`
    INSERT INTO acme_account (issuer, directory, account, account_secret, account_key, contacts, agrees, eab_key_id, eab_secret,
      profile, roots, challenge)
    VALUES (@issuer, @directory, @account, @accountSecret, @accountKey, @contacts, @agreesToTerms, @eabKeyId, @eabSecret,
      @profile, @roots, @challenge)`);
  const find = db.prepare<[number], Row>(`
    SELECT directory, account, account_secret AS accountSecret, account_key AS accountKey, contacts, agrees AS agreesToTerms,
      eab_key_id AS eabKeyId, eab_secret AS eabSecret, profile, roots, challenge
    FROM acme_account WHERE issuer = ?`);
  const setChallenge = db.prepare("UPDATE acme_account SET challenge = ? WHERE issuer = ?");
  const setSettings = db.prepare(
    "UPDATE acme_account SET contacts = @contacts, profile = @profile, roots = @roots WHERE issuer = @issuer",
  );
  const setAccount = db.prepare("UPDATE acme_account SET account = ? WHERE issuer = ?");

  return {
    add: (issuer: IssuerId, { contacts, challenge, ...rest }: AcmeAccount): void =>
      void add.run({
        ...rest,
        issuer,
        accountKey: Buffer.from(rest.accountKey),
        contacts: JSON.stringify(contacts),
        agreesToTerms: Number(rest.agreesToTerms),
        challenge: challenge && JSON.stringify(challenge),
      }),
    find(issuer: IssuerId): AcmeAccount | null {
      const row = find.get(issuer);
      if (!row) return null;
      const challenge = row.challenge === null ? null : ChallengeMethod.parse(JSON.parse(row.challenge));
      return {
        ...row,
        contacts: JSON.parse(row.contacts),
        agreesToTerms: row.agreesToTerms === 1,
        challenge,
      };
    },
    setChallenge: (issuer: IssuerId, method: ChallengeMethod | null): void =>
      void setChallenge.run(method && JSON.stringify(method), issuer),
    setSettings: (
      issuer: IssuerId,
      { contacts, profile, roots }: Pick<AcmeAccount, "contacts" | "profile" | "roots">,
    ): void => void setSettings.run({ issuer, contacts: JSON.stringify(contacts), profile, roots }),
    /** The account's URL at the directory; null where the directory no longer has it. */
    setAccount: (issuer: IssuerId, account: string | null): void => void setAccount.run(account, issuer),
  };
}
