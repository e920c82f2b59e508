/** Old private halves stay beside the new ones for as long as the old key is known to get in somewhere. */
import { keepsOldHalves } from "#domain/rotation/run/left-out-files.ts";
import { findRemainingOfRun } from "#domain/rotation/run/remaining-of-run.ts";
import { stepsOf } from "#domain/rotation/run/steps-of.ts";
import { nameKept, namesOf } from "#net/local/private-halves/half-place.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import type { HolderPlan } from "#shared/model/plan.ts";
import type { AccessCheck, RunState } from "#shared/model/run.ts";
import { sayHost } from "#shared/text/plan.ts";
import { formatAllRemaining } from "#shared/text/remaining-access.ts";
import { sayPlace } from "#shared/text/target.ts";
import { checkAccess, sayChecks } from "./check-access.ts";
import { handOf, holdersOf } from "./hand-over.ts";
import type { HolderOutcome } from "./holders-type.ts";
import { sayLeftOut } from "./leave-out.ts";
import { enterHost, nearOf, type RunContext, SessionLost } from "./run-context.ts";

type Ended = { state: RunState; message: string };

/** Where sshd goes on to take a key whose lines are gone. */
const takenNow = ({ journal }: RunContext): AccessCheck[] =>
  journal.accessChecks().filter(({ answer }) => answer === "accepted");

export const keepsOld = (run: RunContext): boolean =>
  keepsOldHalves(run.plan, run.journal.files()) || takenNow(run).length > 0;

/**
 * How a run ends whose every step is proved. `isResumed`: it was there before already, and somebody has asked whether what it has
 * removed still gets in; once it does not, old private halves that were kept for that go.
 */
export async function endProved(run: RunContext, isResumed: boolean): Promise<Ended> {
  if (run.removesOld) {
    const dropped = await dropKept(run);
    if (dropped.state !== "committed") return dropped;
  }
  const wasTaken = takenNow(run).length > 0;
  if (wasTaken && isResumed) await askAgain(run);
  const taken = takenNow(run);
  const holders = run.plan.hosts.flatMap((host) => host.holders).concat(run.plan.here);
  const keepsForGood = keepsOldHalves(run.plan, run.journal.files()) || holders.length === 0;
  if (taken.length > 0) {
    const kept = keepsForGood || run.removesOld ? [] : [sayKept(holders)];
    const why = [...taken.map((check) => sayTaken(run, check)), ...kept].join("; ");
    return {
      state: "needs-attention",
      message: join(`${why}: close that way in, then resume the run`, sayRest(run)),
    };
  }
  if (wasTaken && !keepsForGood) return dropKept(run);
  return { state: "committed", message: sayRest(run) };
}

/** What nobody knows of accounts, where the old key goes on to get in, and what was left out. */
const sayRest = (run: RunContext): string =>
  join(sayUnknown(run), sayRemaining(run), sayLeftOut(run.journal.files()));

const join = (...parts: readonly string[]): string => parts.filter(Boolean).join("; ");

const sayTaken = ({ plan }: RunContext, { host, port, account, fingerprint, why }: AccessCheck): string =>
  `${fingerprint === plan.oldKey && plan.newKey ? "the old key" : fingerprint} still gets in to ${account} on ${sayHost({ host, port })}, by ${why.join(" and by ")}`;

/** Where what was to go lets in as before: what sshd itself has said of it is told beside this. */
const sayRemaining = ({ plan, journal }: RunContext): string =>
  formatAllRemaining(findRemainingOfRun(plan, journal.files()), plan.kind);

/** For whom the old private halves are kept. */
export const sayWhyKept = (run: RunContext): string =>
  join(...takenNow(run).map((check) => sayTaken(run, check)), sayRemaining(run)) ||
  "something was left as it is by agreement, and may need it";

const sayUnknown = ({ journal }: RunContext): string =>
  journal
    .accessChecks()
    .filter(({ answer }) => answer === "unknown")
    .map(
      ({ host, port, account, fingerprint, why }) =>
        `whether ${fingerprint} is refused for ${account} on ${sayHost({ host, port })} is not known: ${why.join("; ")}`,
    )
    .join("; ");

function sayKept(holders: readonly HolderPlan[]): string {
  const places = holders.map(({ host, kind, path, before }) => {
    const place = host === null ? "" : `${sayPlace(host)}:`;
    const kept = before === null ? namesOf(path).old : nameKept(path, before);
    return kind === "agent" ? `in the agent at ${path}` : `at ${place}${kept}`;
  });
  return `the old private half is kept ${places.join(", ")}`;
}

async function askAgain(run: RunContext): Promise<void> {
  const steps = stepsOf(run.plan).filter(({ phase }) => phase === "remove");
  const places = new Set(takenNow(run).map(({ host, port }) => sayPlace({ host, port })));
  if (run.plan.newKey !== null) await run.openHalf();
  for (const step of steps) {
    const place = step.host === null ? undefined : run.plan.hosts[step.host];
    if (!place || !places.has(sayPlace(place))) continue;
    try {
      const checks = await checkAccess(run, step, await enterHost(run, step.host ?? -1));
      const isRefused = checks.every(({ answer }) => answer === "refused");
      const said = sayChecks(checks).join("; ");
      await run.journal.mark(step.ordinal, "proved", said, isRefused ? "verified" : "unverified");
    } catch (error) {
      if (!(error instanceof SessionLost)) throw error;
      await run.journal.note(step.ordinal, error.message);
    }
  }
}

/** What the run has kept of the old key goes: its private halves beside the new ones, and what agents have of it. */
async function dropKept(run: RunContext): Promise<Ended> {
  for (const step of stepsOf(run.plan).filter(({ phase }) => phase === "commit")) {
    const holders = holdersOf(run, step);
    if (holders.length === 0) continue;
    const hand = await handOf(run, step).catch((error: unknown) => {
      if (error instanceof SessionLost) return error;
      throw error;
    });
    for (const holder of holders) {
      const done = hand instanceof SessionLost ? null : await dropOne(run, holder, hand);
      if (done?.kind === "done") continue;
      const why = done?.message ?? (hand as SessionLost).message;
      const stays = `${holder.path}: the old private half could not be removed: ${why}`;
      return { state: "needs-attention", message: join(stays, sayRest(run)) };
    }
    await run.journal.note(step.ordinal, "the old private halves are gone");
  }
  return { state: "committed", message: sayRest(run) };
}

async function dropOne(run: RunContext, holder: HolderPlan, hand: Hand | null): Promise<HolderOutcome> {
  if (holder.kind === "agent") return run.holders.commit(nearOf(run), holder, hand, false);
  const dropped = await run.holders.dropKept(holder, hand);
  const place = holder.host ?? { host: null, port: null };
  if (dropped.kind === "done")
    for (const key of run.journal.keptKeys())
      if (key.path === holder.path && key.host === place.host && key.port === place.port)
        await run.journal.forgetKey(key);
  return dropped;
}
