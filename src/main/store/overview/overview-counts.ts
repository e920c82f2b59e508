import type { Database } from "better-sqlite3";
import type { Overview } from "#shared/contract/overview.ts";
import { addDays } from "#shared/model/days.ts";
import { toInstant } from "#shared/model/instant.ts";
import { evaluatesAbsence } from "#shared/model/person.ts";
import { EVERYTHING, type Standing, standingCachedCount } from "#store/access/grant-standing.ts";
import type { inventoryTable } from "#store/people/scope-table.ts";

type Deps = { scope: ReturnType<typeof inventoryTable> };

/** How many there are of everything that the first page counts. */
export function overviewCounts(db: Database, { scope }: Deps) {
  const countGrants = standingCachedCount(db);
  const byState = {
    host: db.prepare<[], [string, number]>("SELECT state, count(*) FROM host GROUP BY state").raw(),
    tally: db.prepare<[], [string, number]>("SELECT what, count FROM tally").raw(),
  };
  // Whole tables are counted without looking at their rows, so most of the endpoints cost nothing.
  const endpointCount = db.prepare<[], number>("SELECT count(*) FROM endpoint").pluck();
  const failedEndpointCount = db
    .prepare<[], number>("SELECT count(*) FROM endpoint WHERE state = 'failed'")
    .pluck();
  const expiring = db
    .prepare<{ from: string; until: string }, number>(`
      SELECT count(*) FROM certificate WHERE is_seen = 1 AND not_after >= @from AND not_after < @until`)
    .pluck();

  return { read, expiring: countExpiring };

  function read(now: Date): Pick<Overview, "hosts" | "endpoints" | "certificates" | "grants"> {
    const hosts = new Map(byState.host.all());
    const endpoints = { total: endpointCount.get() ?? 0, failed: failedEndpointCount.get() ?? 0 };
    const tally = new Map(byState.tally.all());
    const sum = (of: Map<string, number>) => [...of.values()].reduce((all, one) => all + one, 0);
    const inventory = scope.read();
    const isAbsenceJudged = evaluatesAbsence(inventory);
    const grants = (asked: Partial<Standing>) => countGrants({ ...EVERYTHING, isAbsenceJudged, ...asked });
    return {
      hosts: {
        total: sum(hosts),
        read: hosts.get("ok") ?? 0,
        partial: hosts.get("partial") ?? 0,
        failed: hosts.get("failed") ?? 0,
      },
      endpoints: { ...endpoints, presented: endpoints.total - endpoints.failed },
      certificates: {
        total: tally.get("certificate") ?? 0,
        expired: countExpiring(null, now),
        within30Days: countExpiring(now, addDays(now, 30)),
      },
      grants: {
        total: grants({}),
        yes: grants({ effective: "yes" }),
        no: grants({ effective: "no" }),
        unknown: grants({ effective: "unknown" }),
        orphaned: grants({ orphaned: true }),
        orphanUnknown: inventory.isWhole ? grants({ undecided: true }) : 0,
        unmatched: grants({ unmatched: true }),
      },
    };
  }

  function countExpiring(from: Date | null, until: Date): number {
    return expiring.get({ from: from ? toInstant(from) : "", until: toInstant(until) }) ?? 0;
  }
}
