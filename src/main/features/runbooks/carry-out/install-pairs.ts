import type { Back, Step } from "#domain/rotation/run/step.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import { armPair, backPair, disarmPair, swapPair } from "#net/ssh/hand/pairs/change-pair.ts";
import { reloadConsumer } from "#net/ssh/hand/pairs/consumers.ts";
import type { CertificateChange } from "#shared/model/pair.ts";
import { type Cause, described } from "#shared/model/step-result.ts";
import { refuseIssued } from "./judge-again.ts";
import { lookAtPairs } from "./look-at-pairs.ts";
import { proveServed, whyUnprovable } from "./prove-served.ts";
import { changesOf, consumersOf, keyOf, orderOf, sayTail, toolsOf } from "./renewal-place.ts";
import { resultOf, stuckOf } from "./results.ts";
import { enterHost, hostOf, type RunContext } from "./run-context.ts";
import { stageAndTest } from "./stage-pairs.ts";

/** A server that has not shown the new certificate by then will not. */
const PROOF_PATIENCE_MS = 45_000;
const BACK_PATIENCE_MS = 15_000;

type Place = { run: RunContext; step: Step; hand: Hand; changes: readonly CertificateChange[] };

/** Puts the new files of a host in place, has its servers read them, and proves what is served; or takes it all back at once. */
export async function installPairs(run: RunContext, step: Step): Promise<void> {
  await run.journal.intend(step.ordinal, {
    kind: "install-certificates",
    count: changesOf(run, step).length,
  });
  const place = await enter(run, step);
  const seen = await lookAtPairs(run, step.host ?? -1, place.hand);
  const isTouched = seen.certificates.some((one) => one !== "old");
  const problem =
    (isTouched ? null : await whyUnprovable(run, step, place.hand)) ??
    (await refuseIssued(run, step, seen.certificates)) ??
    (await stageAndTest(place, seen.certificates));
  if (problem !== null) {
    if (isTouched) return takeBack(place, failedBy(problem));
    return run.journal.mark(step.ordinal, "failed", {
      kind: "failed",
      cause: described(problem),
      stands: "nothing-changed",
      left: [],
    });
  }
  const stuck = (await armAll(place)) ?? (await swapAll(place)) ?? (await reloadAll(place));
  if (stuck !== null) return takeBack(place, failedBy(stuck));
  await run.journal.mark(step.ordinal, "acted", {
    kind: "acted",
    what: { kind: "installed-certificates" },
  });
  await prove(place);
}

/** Proves what stands already: its servers are told once more, for a run may have ended before they were. */
export async function proveInstalled(run: RunContext, step: Step): Promise<void> {
  const place = await enter(run, step);
  const stuck = await reloadAll(place);
  if (stuck !== null) return takeBack(place, failedBy(stuck));
  await prove(place);
}

export async function undoInstall(run: RunContext, step: Step, back: Back): Promise<void> {
  await takeBack(await enter(run, step), back);
}

async function enter(run: RunContext, step: Step): Promise<Place> {
  const { hand } = await enterHost(run, step.host ?? -1);
  return { run, step, hand, changes: changesOf(run, step) };
}

async function prove(place: Place): Promise<void> {
  const { run, step, hand, changes } = place;
  const patience = Math.min(PROOF_PATIENCE_MS, (run.plan.options.deadManSeconds * 1_000 * 3) / 4);
  const served = await proveServed(run, step, "new", patience);
  if (served.kind !== "served") return takeBack(place, failedBy(served.message));
  const late = await disarmAll(place);
  if (late !== null) return takeBack(place, { as: "failed", cause: late });
  const { certificates } = await lookAtPairs(run, step.host ?? -1, hand);
  if (certificates.some((one) => one !== "new"))
    return takeBack(place, { as: "failed", cause: { kind: "certificate-not-installed" } });
  for (const change of changes)
    await toolsOf(run).orders.set(keyOf(run, step, change), { state: "installed", message: "" });
  const { places, leavesAlone } = served;
  await run.journal.mark(step.ordinal, "proved", {
    kind: "verified",
    evidence: [{ kind: "served", isAgain: false, places, leavesAlone }],
  });
}

/** Null, or why not. */
async function armAll({ run, step, hand, changes }: Place): Promise<string | null> {
  const { deadMan } = hostOf(run, step);
  if (deadMan === null) return null;
  const seconds = run.plan.options.deadManSeconds;
  for (const change of changes) {
    const armed = await armPair(hand, {
      ...pairOf(run, step, change),
      way: deadMan,
      seconds,
      consumers: change.consumers,
    });
    if (armed.kind !== "armed") return sayTail(armed, firstPath(change));
  }
  return null;
}

async function swapAll({ run, step, hand, changes }: Place): Promise<string | null> {
  for (const change of changes) {
    const swapped = await swapPair(hand, pairOf(run, step, change));
    if (swapped.kind !== "swapped") return sayTail(swapped, firstPath(change));
    await run.journal.note(
      step.ordinal,
      `put in place: ${change.files.map(({ path }) => path).join(", ")}`,
      "acted",
    );
  }
  return null;
}

async function reloadAll({ run, step, hand, changes }: Place): Promise<string | null> {
  for (const consumer of consumersOf(changes)) {
    const own = changes.find(({ consumers }) => consumers.includes(consumer));
    const told = await reloadConsumer(hand, consumer, own && pairOf(run, step, own));
    if (!("said" in told)) return sayTail(told, consumer.server);
    if (told.kind === "not-reloaded") return `${consumer.server} could not be told: ${told.said}`;
    await run.journal.note(
      step.ordinal,
      `${consumer.server} was told to read them${told.said ? `: ${told.said}` : ""}`,
    );
  }
  return null;
}

/** Null, or that the host was faster. */
async function disarmAll({ run, hand, changes }: Place): Promise<Cause | null> {
  let isFired = false;
  for (const { id, files } of changes) {
    const off = await disarmPair(hand, { token: run.token, id });
    if (off.kind === "fired") isFired = true;
    else if (off.kind !== "disarmed") return described(sayTail(off, files[0]?.path ?? "it"));
  }
  return isFired ? { kind: "rollback-timer-fired" } : null;
}

/** The files as they were, for whoever reads them; what somebody else has written meanwhile stays. */
async function takeBack(place: Place, back: Back): Promise<void> {
  const { run, step, hand, changes } = place;
  await disarmAll(place);
  const stuck: string[] = [];
  for (const change of changes.toReversed()) {
    if (orderOf(run, step, change).wanted === null) continue;
    const old = await backPair(hand, pairOf(run, step, change));
    if (old.kind !== "back") stuck.push(sayTail(old, firstPath(change)));
    else if (orderOf(run, step, change).state === "installed")
      await toolsOf(run).orders.set(keyOf(run, step, change), { state: "issued" });
  }
  const untold = await reloadAll(place);
  const served = await proveServed(run, step, "old", BACK_PATIENCE_MS);
  if (served.kind !== "served") stuck.push(served.message);
  // One that has never read the new files has nothing to be told.
  if (untold !== null && served.kind === "served" && served.places > 0)
    await run.journal.note(step.ordinal, untold);
  else if (untold !== null) stuck.push(untold);
  if (stuck.length > 0)
    return run.journal.mark(step.ordinal, "needs-attention", stuckOf(back, stuck.map(described)));
  const isShown = served.kind === "served" && served.places > 0;
  const as = isShown ? "old-certificate-served" : "old-certificate-unseen";
  await run.journal.mark(step.ordinal, back.as, resultOf(back, as));
}

const failedBy = (why: string): Back => ({ as: "failed", cause: described(why) });

const firstPath = ({ files }: CertificateChange): string => files[0]?.path ?? "a file";

const pairOf = (run: RunContext, step: Step, change: CertificateChange) => ({
  token: run.token,
  id: change.id,
  files: change.files,
  wanted: orderOf(run, step, change).wanted ?? change.files.map(({ before }) => before),
});
