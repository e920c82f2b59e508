import type { Database } from "better-sqlite3";
import type { Figures } from "#shared/contract/today.ts";
import { evaluatesAbsence } from "#shared/model/access/person.ts";
import type { CertificateRow } from "#shared/model/certificates/certificate.ts";
import { addDays, toInstant, toMinute } from "#shared/model/instant.ts";
import { EVERYTHING, type Standing, standingCachedCount } from "#store/access/grant-filter.ts";
import { COLUMNS, type certificateRows, type Row } from "#store/certificates/certificate-row.ts";
import { DATE_COLUMNS } from "#store/certificates/date-rules.ts";
import type { findingTable } from "#store/findings/finding-table.ts";
import type { Lists } from "#store/lists/lists.ts";
import type { inventoryTable } from "#store/people/inventory-table.ts";
import type { scanTable } from "#store/scans/scan-table.ts";

type DateRule = "certificate-expired" | "certificate-expiring";

type Deps = {
  rows: ReturnType<typeof certificateRows>;
  findings: ReturnType<typeof findingTable>;
  scans: ReturnType<typeof scanTable>;
  inventory: ReturnType<typeof inventoryTable>;
  lists: Lists;
};

const WEEKS = 12;

/** So many of the next certificates to expire are listed, and half as many of the last that have expired. */
const MOST_NEXT = 8;
const MOST_EXPIRED = 4;

/** So many locations are named in a row. */
const SHOWN_LOCATIONS = 3;

/** What the first page shows. */
export function figureReader(db: Database, { rows, findings, scans, inventory, lists }: Deps) {
  const counts = figureCounts(db, { inventory, lists });
  const next = db.prepare<{ now: string; limit: number }, Row>(`
    SELECT ${COLUMNS}, ${DATE_COLUMNS} FROM certificate
    WHERE is_seen = 1 AND not_after >= @now AND not_after < 'u'
    ORDER BY not_after, id
    LIMIT @limit`);
  const expired = db.prepare<{ now: string; limit: number }, Row>(`
    SELECT ${COLUMNS}, ${DATE_COLUMNS} FROM certificate
    WHERE is_seen = 1 AND not_after < @now
    ORDER BY not_after DESC, id DESC
    LIMIT @limit`);

  const unasked = db
    .prepare<[], number>(`
      SELECT count(*) FROM endpoint INDEXED BY endpoint_unasked WHERE key_exchange IS NULL AND state <> 'failed'`)
    .pluck();
  const notAfter = db.prepare<[string], string>("SELECT not_after FROM certificate WHERE sha256 = ?").pluck();

  return {
    /** The certificates that have expired last, or will next, by the SHA-256 of each, the nearest first. */
    nearest(rule: DateRule, now: Date, limit: number): string[] {
      const found = rule === "certificate-expired" ? expired : next;
      return found.all({ now: toInstant(now), limit }).map(({ sha256 }) => sha256);
    },

    /** The endpoints that were read, and of which nobody has asked what they take. */
    countUnasked: (): number => unasked.get() ?? 0,

    /** When a certificate expires; empty where it was never seen. */
    notAfter: (sha256: string): string => notAfter.get(sha256) ?? "",

    figures(now: Date): Figures {
      const lastScan = scans.latest();
      return {
        isEmpty: lastScan === null,
        ...counts.read(now),
        findings: findings.counts(toMinute(now)),
        expiryByWeek: Array.from({ length: WEEKS }, (_, week) => ({
          from: toInstant(addDays(now, week * 7)),
          count: counts.expiring(addDays(now, week * 7), addDays(now, week * 7 + 7)),
        })),
        nextToExpire: nextToExpire(now),
        lastScan,
      };
    },
  };

  function nextToExpire(now: Date): CertificateRow[] {
    const at = toInstant(now);
    const found = [
      ...expired.all({ now: at, limit: MOST_EXPIRED }).reverse(),
      ...next.all({ now: at, limit: MOST_NEXT }),
    ];
    return found.map((row) => rows.toRow(row, SHOWN_LOCATIONS, now));
  }
}

type CountDeps = { inventory: ReturnType<typeof inventoryTable>; lists: Lists };

/** The counts of everything on the first page. */
function figureCounts(db: Database, { inventory, lists }: CountDeps) {
  const countGrants = standingCachedCount(db);
  const byState = {
    host: db.prepare<[], [string, number]>("SELECT state, count(*) FROM host GROUP BY state").raw(),
    cached: db.prepare<[], [string, number]>("SELECT what, count FROM cached_count").raw(),
  };
  // SQLite counts a whole table without reading its rows, so most of the endpoints cost nothing.
  const endpointCount = db.prepare<[], number>("SELECT count(*) FROM endpoint").pluck();
  const failedEndpointCount = db
    .prepare<[], number>("SELECT count(*) FROM endpoint WHERE state = 'failed'")
    .pluck();
  const ending = db
    .prepare<{ from: string; until: string }, number>(`
      SELECT count(*) FROM certificate WHERE is_seen = 1 AND not_after >= @from AND not_after < @until`)
    .pluck();

  return { read, expiring: countExpiring };

  function read(now: Date): Pick<Figures, "hosts" | "endpoints" | "certificates" | "grants"> {
    const hosts = new Map(byState.host.all());
    const endpoints = { total: endpointCount.get() ?? 0, failed: failedEndpointCount.get() ?? 0 };
    const cached = new Map(byState.cached.all());
    const sum = (of: Map<string, number>) => [...of.values()].reduce((all, one) => all + one, 0);
    const marked = inventory.read();
    const isAbsenceEvaluated = evaluatesAbsence(marked);
    const grants = (narrowed: Partial<Standing>) =>
      countGrants({ ...EVERYTHING, isAbsenceEvaluated, ...narrowed });
    return {
      hosts: {
        total: sum(hosts),
        read: hosts.get("ok") ?? 0,
        partial: hosts.get("partial") ?? 0,
        failed: hosts.get("failed") ?? 0,
      },
      endpoints: { ...endpoints, presented: endpoints.total - endpoints.failed },
      certificates: {
        total: cached.get("certificate") ?? 0,
        expired: countExpiring(null, now),
        within30Days: countExpiring(now, addDays(now, 30)),
      },
      grants: {
        total: grants({}),
        yes: grants({ effective: "yes" }),
        no: grants({ effective: "no" }),
        unknown: grants({ effective: "unknown" }),
        orphaned: grants({ orphaned: true }),
        orphanUnknown: marked.isWhole ? grants({ undecided: true }) : 0,
        privateKeyNotFound: grants({ privateKeyNotFound: true }),
      },
    };
  }

  /** By the minute they are counted once: they may be a million, and each page of the window asks. */
  function countExpiring(from: Date | null, until: Date): number {
    const [first, last] = [from === null ? "" : toInstant(toMinute(from)), toInstant(toMinute(until))];
    const whole = lists.keep(`certificates that end from ${first} to ${last}`, () =>
      countEnding(first, last),
    );
    const before = from === null ? 0 : countEnding(first, toInstant(from));
    return whole - before + countEnding(last, toInstant(until));
  }

  function countEnding(from: string, until: string): number {
    return ending.get({ from, until }) ?? 0;
  }
}
