import type { Database } from "better-sqlite3";
import type { ObservedLogin } from "#shared/model/access/login.ts";
import type { Instant } from "#shared/model/instant.ts";

type Home = { id: number; host: string; port: number };

/**
 * What another reading adds to an observation: it begins as early and ends as late as any of them saw. The surest evidence and
 * the highest severity stay, with the facts and lines of the first that had them.
 */
const KEEP = `
  INSERT INTO login_observation (host, host_name, port, account, rule, subject, method, means, address, first_at, last_at,
    evidence, severity, facts, lines)
  VALUES (@id, @host, @port, @account, @rule, @subject, @method, @by, @from, @firstAt, @lastAt, @evidence, @severity,
    @facts, @lines)
  ON CONFLICT (host, account, rule, subject) DO UPDATE
  SET first_at = min(first_at, @firstAt), last_at = max(last_at, @lastAt),
      method = iif(evidence = 'file' AND @evidence = 'journal', @method, method),
      means = iif(evidence = 'file' AND @evidence = 'journal', @by, means),
      address = iif(evidence = 'file' AND @evidence = 'journal', @from, address),
      facts = iif(evidence = 'file' AND @evidence = 'journal', @facts, facts),
      lines = iif(evidence = 'file' AND @evidence = 'journal', @lines, lines),
      severity = CASE WHEN weight >= CAST(@weight AS INTEGER) THEN severity ELSE @severity END,
      evidence = iif(@evidence = 'journal', 'journal', evidence)
  WHERE first_at > @firstAt OR last_at < @lastAt OR weight < CAST(@weight AS INTEGER)
    OR evidence = 'file' AND @evidence = 'journal'`;

const WEIGHTS: Record<ObservedLogin["severity"], number> = {
  critical: 4,
  high: 3,
  medium: 2,
  low: 1,
  info: 0,
};

/** Stores logins that stand out. */
export function observationWriter(db: Database) {
  const keepOne = db.prepare(KEEP);
  return {
    keep(home: Home, observed: readonly ObservedLogin[]): void {
      for (const one of observed)
        keepOne.run({
          ...one,
          ...home,
          rule: one.facts.rule,
          weight: WEIGHTS[one.severity],
          facts: JSON.stringify(one.facts),
          lines: JSON.stringify(one.lines),
        });
    },
  };
}

type Acceptance = { reason: string; until: string; acceptedAt: Instant };

/** What somebody has accepted of logins that stand out. Lists compare the day with their own clock. */
export function loginAcceptanceTable(db: Database) {
  const withdraw = db.prepare(
    "UPDATE login_acceptance SET withdrawn_at = @at WHERE observation = CAST(@id AS INTEGER) AND withdrawn_at IS NULL",
  );
  const add = db.prepare(`
    INSERT INTO login_acceptance (observation, evidence, weight, reason, until, accepted_at)
    SELECT id, evidence, weight, @reason, @until, @acceptedAt FROM login_observation WHERE id = CAST(@id AS INTEGER)`);
  return {
    /** Replaces what was accepted before. It covers what is known by now. */
    accept(id: number, acceptance: Acceptance): void {
      withdraw.run({ id, at: acceptance.acceptedAt });
      add.run({ id, ...acceptance });
    },

    /** False where nothing was accepted. */
    withdraw: (id: number, at: Instant): boolean => withdraw.run({ id, at }).changes > 0,
  };
}
