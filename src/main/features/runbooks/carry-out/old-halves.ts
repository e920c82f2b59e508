/** Old private halves stay beside the new ones for as long as the old key is known to get in somewhere. */
import { keepsOldHalves } from "#domain/rotation/run/keeps-old-halves.ts";
import { stepsOf } from "#domain/rotation/run/steps-of.ts";
import { namesOf } from "#net/local/private-halves/half-place.ts";
import type { HolderPlan } from "#shared/model/plan.ts";
import type { RunState } from "#shared/model/run.ts";
import { sayPlace } from "#shared/text/target.ts";
import { handOf, holdersOf } from "./hand-over.ts";
import { sayLeftOut } from "./leave-out.ts";
import { STILL_TAKEN } from "./prove-accounts.ts";
import { proveChange } from "./prove-change.ts";
import { enterHost, nearOf, type RunContext, SessionLost } from "./run-context.ts";

type Ended = { state: RunState; message: string };

const takenSteps = ({ journal }: RunContext) =>
  journal.steps().filter(({ message }) => message.includes(STILL_TAKEN));

export const keepsOld = (run: RunContext): boolean =>
  keepsOldHalves(run.plan) || isLeftOut(run) || takenSteps(run).length > 0;

/** The old key goes on to count where a file was left out. */
const isLeftOut = ({ plan, journal }: RunContext): boolean =>
  plan.oldKey !== null && journal.files().some(({ fate }) => fate === "left-out");

/**
 * How a run ends whose every step is proved. `isResumed`: it was there before already, and somebody has asked whether the
 * old key still gets in; once it does not, its halves go.
 */
export async function endProved(run: RunContext, isResumed: boolean): Promise<Ended> {
  const wasTaken = takenSteps(run).length > 0;
  if (wasTaken && isResumed) await askAgain(run);
  const taken = [...new Set(takenSteps(run).flatMap(({ host }) => host ?? []))];
  const holders = run.plan.hosts.flatMap((host) => host.holders).concat(run.plan.here);
  const keepsForGood = keepsOldHalves(run.plan) || isLeftOut(run) || holders.length === 0;
  const without = sayLeftOut(run.journal.files());
  if (taken.length > 0) {
    const why = `the old key still gets in on ${taken.join(", ")}, by something that is not in the files that were changed`;
    return keepsForGood
      ? { state: "committed", message: [why, without].filter(Boolean).join("; ") }
      : {
          state: "needs-attention",
          message: `${why}; ${sayKept(holders)}: close that way in, then resume the run`,
        };
  }
  if (wasTaken && !keepsForGood) return commitHalves(run);
  return { state: "committed", message: without };
}

function sayKept(holders: readonly HolderPlan[]): string {
  const places = holders.map(({ host, kind, path }) => {
    const place = host === null ? "" : `${sayPlace(host)}:`;
    return kind === "agent" ? `in the agent at ${path}` : `at ${place}${namesOf(path).old}`;
  });
  return `the old private half is kept ${places.join(", ")}`;
}

async function askAgain(run: RunContext): Promise<void> {
  const steps = stepsOf(run.plan);
  await run.openHalf();
  for (const { ordinal } of takenSteps(run)) {
    const step = steps.find((one) => one.ordinal === ordinal);
    if (!step || step.host === null) continue;
    try {
      const proof = await proveChange(run, step, await enterHost(run, step.host));
      // What a log has to tell it has told before.
      if ("said" in proof) await run.journal.mark(ordinal, "proved", proof.said.join("; "));
      else await run.journal.note(ordinal, proof.message);
    } catch (error) {
      if (!(error instanceof SessionLost)) throw error;
      await run.journal.note(ordinal, error.message);
    }
  }
}

async function commitHalves(run: RunContext): Promise<Ended> {
  for (const step of stepsOf(run.plan).filter(({ phase }) => phase === "commit")) {
    const holders = holdersOf(run, step);
    if (holders.length === 0) continue;
    const hand = await handOf(run, step).catch((error: unknown) => {
      if (error instanceof SessionLost) return error;
      throw error;
    });
    for (const holder of holders) {
      const done =
        hand instanceof SessionLost ? null : await run.holders.commit(nearOf(run), holder, hand, false);
      if (done?.kind === "done") continue;
      const why = done?.message ?? (hand as SessionLost).message;
      return {
        state: "needs-attention",
        message: `${holder.path}: the old private half could not be removed: ${why}`,
      };
    }
    await run.journal.note(step.ordinal, "the old private halves are gone");
  }
  return { state: "committed", message: "" };
}
