import type { Database } from "better-sqlite3";
import { ChallengeWay } from "#shared/model/challenge-way.ts";
import type { IssuerId } from "#shared/model/issuer.ts";

/** An account at an ACME directory. The secrets are numbers of entries in the vault. */
export type AcmeAccount = {
  directory: string;
  /** Null until the directory has one for our key. */
  account: string | null;
  accountSecret: string;
  /** DER of the public half of its key, P-256. */
  accountKey: Uint8Array;
  contacts: readonly string[];
  /** The user has agreed to the directory's terms of service. */
  agreesToTerms: boolean;
  eabKeyId: string | null;
  eabSecret: string | null;
  profile: string | null;
  /** PEM; null: those of the system. */
  roots: string | null;
  challenge: ChallengeWay | null;
};

type Row = Omit<AcmeAccount, "contacts" | "challenge" | "agreesToTerms"> & {
  contacts: string;
  challenge: string | null;
  agreesToTerms: number;
};

/** Accounts at ACME directories. */
export function acmeAccountTable(db: Database) {
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
      const challenge = row.challenge === null ? null : ChallengeWay.parse(JSON.parse(row.challenge));
      return {
        ...row,
        contacts: JSON.parse(row.contacts),
        agreesToTerms: row.agreesToTerms === 1,
        challenge,
      };
    },
    setChallenge: (issuer: IssuerId, way: ChallengeWay | null): void =>
      void setChallenge.run(way && JSON.stringify(way), issuer),
    setSettings: (
      issuer: IssuerId,
      { contacts, profile, roots }: Pick<AcmeAccount, "contacts" | "profile" | "roots">,
    ): void => void setSettings.run({ issuer, contacts: JSON.stringify(contacts), profile, roots }),
    /** Where the directory has our account; null: it has it no longer. */
    setAccount: (issuer: IssuerId, account: string | null): void => void setAccount.run(account, issuer),
  };
}
