import type { Database } from "better-sqlite3";

/** Leaf certificates that are seen now, in groups with their counts: a million of them are some thousand groups. */
export type DueRow = {
  dueOn: string;
  lifeDays: number;
  issuer: string;
  owner: string;
  public: "yes" | "no" | "unknown";
  count: number;
};
export type EndRow = { endsOn: string; issuer: string; owner: string; count: number };

/** Null does not filter. An empty text: certificates that are self-issued, or have no owner. */
type ExpiryQuery = { issuer: string | null; owner: string | null };

/** Reads when certificates end and when they are due, from counts that triggers keep. */
export function expiryTable(db: Database) {
  const due = db.prepare<ExpiryQuery & { today: string }, DueRow>(`
    SELECT due_on AS dueOn, life_days AS lifeDays, issuer, owner, public, sum(count) AS count
    FROM expiry
    WHERE ends_on >= @today AND (@issuer IS NULL OR issuer = @issuer) AND (@owner IS NULL OR owner = @owner)
    GROUP BY due_on, life_days, issuer, owner, public`);
  const ends = db.prepare<ExpiryQuery, EndRow>(`
    SELECT ends_on AS endsOn, issuer, owner, sum(count) AS count
    FROM expiry
    WHERE (@issuer IS NULL OR issuer = @issuer) AND (@owner IS NULL OR owner = @owner)
    GROUP BY ends_on, issuer, owner`);

  return {
    /** The groups that have not expired by this day. */
    due: (query: ExpiryQuery & { today: string }): DueRow[] => due.all(query),
    ends: ({ issuer, owner }: ExpiryQuery): EndRow[] => ends.all({ issuer, owner }),
  };
}
