import { recheckMinutesOf } from "#domain/rotation/run/certificates/certificate-steps.ts";
import { stepsOf } from "#domain/rotation/run/steps-of.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import { issuedAt } from "./issue-pairs.ts";
import { awaitsCertificate } from "./needs-half.ts";
import { changesOf, orderOf, toolsOf } from "./renewal-place.ts";
import type { RunContext } from "./run-context.ts";

/** Whether a certificate was brought that a step waits for. */
export async function areBrought(run: RunContext): Promise<boolean> {
  let isAny = false;
  for (const step of stepsOf(run.plan).filter(({ phase }) => phase === "issue")) {
    const known = run.journal.steps().find(({ ordinal }) => ordinal === step.ordinal);
    if (!known || !awaitsCertificate(known)) continue;
    if (changesOf(run, step).some((change) => orderOf(run, step, change).chain === null)) continue;
    await run.journal.mark(step.ordinal, "proved", issuedAt(run, step));
    isAny = true;
  }
  return isAny;
}

/** Whether the new certificates have been served for as long as the plan wants before that is looked at once more. */
export async function isRecheckDue(run: RunContext, endsNow: boolean): Promise<boolean> {
  if (endsNow) {
    await run.journal.note(null, "it was asked to look again before the time");
    return true;
  }
  const served = run.journal
    .steps()
    .flatMap(({ phase, state, at }) => (phase === "install" && state === "proved" && at ? [at] : []));
  const last = served.toSorted().at(-1);
  if (!last) return true;
  const due: Instant = toInstant(new Date(Date.parse(last) + recheckMinutesOf(run.plan) * 60_000));
  await run.journal.setDue(due);
  return toInstant(toolsOf(run).now()) >= due;
}
