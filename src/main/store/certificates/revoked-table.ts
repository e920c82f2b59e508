import type { Database } from "better-sqlite3";
import type { Instant } from "#shared/model/instant.ts";
import type { Revoked } from "#shared/model/trust.ts";

/** What is held against certificates: that they are revoked, and who said so. */
export function revokedTable(db: Database) {
  const find = db
    .prepare<[string], string | null>("SELECT revoked FROM certificate WHERE sha256 = ?")
    .pluck();
  const note = db.prepare(`
    UPDATE certificate
    SET revoked = @revoked, revoked_since = CASE WHEN @revoked IS NOT NULL THEN ifnull(revoked_since, @at) END
    WHERE sha256 = @sha256`);
  const ofIssuer = db.prepare<{ issuer: string }, { sha256: string; serial: string }>(`
    SELECT sha256, serial FROM certificate
    WHERE is_seen = 1 AND substr(issuer, 1, 120) = substr(@issuer, 1, 120) AND issuer = @issuer`);
  const saidBy = db
    .prepare<[string], string>(`
      SELECT sha256 FROM certificate INDEXED BY certificate_revoked
      WHERE revoked IS NOT NULL AND revoked ->> 'by' = ?`)
    .pluck();

  return {
    /** Null where nobody says it is revoked. */
    of(sha256: string): Revoked | null {
      const text = find.get(sha256) ?? null;
      return text === null ? null : (JSON.parse(text) as Revoked);
    },

    note(sha256: string, revoked: Revoked | null, at: Instant): void {
      note.run({
        sha256,
        at,
        revoked: revoked && JSON.stringify({ by: revoked.by, sentence: revoked.sentence }),
      });
    },

    /** The certificates of an issuer, as certificates print its name, that are seen now. */
    ofIssuer: (issuer: string) => ofIssuer.all({ issuer }),
    saidBy: (by: string): string[] => saidBy.all(by),
  };
}
