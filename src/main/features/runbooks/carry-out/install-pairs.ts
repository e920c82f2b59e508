import type { Step } from "#domain/rotation/run/step.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import { armPair, backPair, disarmPair, swapPair } from "#net/ssh/hand/pairs/change-pair.ts";
import { reloadConsumer } from "#net/ssh/hand/pairs/consumers.ts";
import type { CertificateChange } from "#shared/model/pair.ts";
import { sayCount } from "#shared/text/count.ts";
import { refuseIssued } from "./judge-again.ts";
import { lookAtPairs } from "./look-at-pairs.ts";
import { proveServed, whyUnprovable } from "./prove-served.ts";
import { changesOf, consumersOf, keyOf, orderOf, sayTail, toolsOf } from "./renewal-place.ts";
import { enterHost, hostOf, type RunContext } from "./run-context.ts";
import { stageAndTest } from "./stage-pairs.ts";

/** A server that has not shown the new certificate by then will not. */
const PROOF_PATIENCE_MS = 45_000;
const BACK_PATIENCE_MS = 15_000;

type Place = { run: RunContext; step: Step; hand: Hand; changes: readonly CertificateChange[] };
type Back = { why: string; as: "failed" | "undone" };

/** Puts the new files of a host in place, has its servers read them, and proves what is served; or takes it all back at once. */
export async function installPairs(run: RunContext, step: Step): Promise<void> {
  const place = await enter(
    run,
    step,
    `to put ${sayCount(changesOf(run, step).length, "certificate")} in place`,
  );
  const seen = await lookAtPairs(run, step.host ?? -1, place.hand);
  const isTouched = seen.certificates.some((one) => one !== "old");
  const problem =
    (isTouched ? null : await whyUnprovable(run, step, place.hand)) ??
    (await refuseIssued(run, step, seen.certificates)) ??
    (await stageAndTest(place, seen.certificates));
  if (problem !== null) {
    if (isTouched) return takeBack(place, { why: problem, as: "failed" });
    return run.journal.mark(step.ordinal, "failed", `${problem}; nothing was changed`);
  }
  const stuck = (await armAll(place)) ?? (await swapAll(place)) ?? (await reloadAll(place));
  if (stuck !== null) return takeBack(place, { why: stuck, as: "failed" });
  await run.journal.mark(step.ordinal, "acted", "the new files are in place, and its servers were told");
  await prove(place);
}

/** Proves what stands already: its servers are told once more, for a run may have ended before they were. */
export async function proveInstalled(run: RunContext, step: Step): Promise<void> {
  const place = await enter(run, step, null);
  const stuck = await reloadAll(place);
  if (stuck !== null) return takeBack(place, { why: stuck, as: "failed" });
  await prove(place);
}

export async function undoInstall(run: RunContext, step: Step, back: Back): Promise<void> {
  await takeBack(await enter(run, step, null), back);
}

async function enter(run: RunContext, step: Step, intent: string | null): Promise<Place> {
  if (intent !== null) await run.journal.intend(step.ordinal, intent);
  const { hand } = await enterHost(run, step.host ?? -1);
  return { run, step, hand, changes: changesOf(run, step) };
}

async function prove(place: Place): Promise<void> {
  const { run, step, hand, changes } = place;
  const patience = Math.min(PROOF_PATIENCE_MS, (run.plan.options.deadManSeconds * 1_000 * 3) / 4);
  const served = await proveServed(run, step, "new", patience);
  if (served.kind !== "served") return takeBack(place, { why: served.message, as: "failed" });
  const late = await disarmAll(place);
  if (late !== null) return takeBack(place, { why: late, as: "failed" });
  const { certificates } = await lookAtPairs(run, step.host ?? -1, hand);
  if (certificates.some((one) => one !== "new"))
    return takeBack(place, { why: "the new files are not in place any more", as: "failed" });
  for (const change of changes)
    await toolsOf(run).orders.set(keyOf(run, step, change), { state: "installed", message: "" });
  const said = served.places > 0 ? `the new certificate is served: ${served.said}` : served.said;
  await run.journal.mark(step.ordinal, "proved", said);
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
async function disarmAll({ run, hand, changes }: Place): Promise<string | null> {
  let isFired = false;
  for (const { id, files } of changes) {
    const off = await disarmPair(hand, { token: run.token, id });
    if (off.kind === "fired") isFired = true;
    else if (off.kind !== "disarmed") return sayTail(off, files[0]?.path ?? "it");
  }
  return isFired ? "the host itself has taken it back: the proof came too late" : null;
}

/** The files as they were, for whoever reads them; what somebody else has written meanwhile stays. */
async function takeBack(place: Place, { why, as }: Back): Promise<void> {
  const { run, step, hand, changes } = place;
  await disarmAll(place);
  const stuck: string[] = [];
  for (const change of changes.toReversed()) {
    if (orderOf(run, step, change).wanted === null) continue;
    const back = await backPair(hand, pairOf(run, step, change));
    if (back.kind !== "back") stuck.push(sayTail(back, firstPath(change)));
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
  if (stuck.length > 0) {
    const whys = [why, stuck.join("; ")].filter(Boolean).join("; and it could not be taken back: ");
    return run.journal.mark(step.ordinal, "needs-attention", whys);
  }
  const isShown = served.kind === "served" && served.places > 0;
  const asTheyWere = `the files are as they were${isShown ? ", and are served" : "; nowhere could be seen what is served"}`;
  const said = as === "undone" ? asTheyWere : `${why}; it was taken back`;
  await run.journal.mark(step.ordinal, as, said);
}

const firstPath = ({ files }: CertificateChange): string => files[0]?.path ?? "a file";

const pairOf = (run: RunContext, step: Step, change: CertificateChange) => ({
  token: run.token,
  id: change.id,
  files: change.files,
  wanted: orderOf(run, step, change).wanted ?? change.files.map(({ before }) => before),
});
