import { watchedSince, watchOldKey } from "#domain/rotation/run/watch-old-key.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { OldKeyUse, OldKeyWatch, RunState } from "#shared/model/run.ts";
import { consentOf, isConsented } from "#shared/text/consent.ts";
import { checkOfUse } from "#shared/text/old-key-use.ts";
import type { RunRecord } from "#store/runbooks/run-table.ts";
import type { Store } from "#store/store.ts";

/** A use that is known is shut out only where that very one is agreed to. */
export function refuseUsed({ id }: RunRecord, uses: readonly OldKeyUse[], consents: readonly string[]): void {
  const open = uses.map(checkOfUse).filter((check) => !isConsented(check, consents));
  if (open.length > 0)
    throw new Refusal(
      "conflict",
      `the old key of run ${id} is still used, and whoever that is would be shut out: ${open.map(({ text }) => text).join("; ")}; agree to each by its name: ${open.map(consentOf).join(", ")}`,
    );
}

const OVER: ReadonlySet<RunState> = new Set<RunState>(["committed", "rolled-back"]);

/** What is known by now of who uses the old key of a run; null where none is watched. */
export function findWatch({ runbooks, uses }: Store, run: RunRecord): OldKeyWatch | null {
  const plan = OVER.has(run.state) ? null : runbooks.plans.find(run.planId)?.plan;
  const since = plan ? watchedSince(plan, runbooks.journal.steps(run.id)) : null;
  if (!plan || since === null) return null;
  const { ofRun, readOf } = runbooks.clocks;
  return watchOldKey(plan, since, uses.known, { kept: ofRun(run.id), readOf });
}
