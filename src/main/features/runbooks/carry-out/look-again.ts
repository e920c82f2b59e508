import { judgeFile } from "#domain/rotation/run/judge-file.ts";
import { leftOutOf } from "#domain/rotation/run/left-out-files.ts";
import type { FileSeen, HolderSeen, PlaceSeen } from "#domain/rotation/run/step.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import { lookAtFile } from "#net/ssh/hand/look.ts";
import type { HostPlan } from "#shared/model/plan.ts";
import { holdersOf } from "./hand-over.ts";
import { keepClock } from "./keep-clock.ts";
import { lookAtPairs } from "./look-at-pairs.ts";
import { nearOf, newKeyLine, type RunContext, SessionLost } from "./run-context.ts";

/** How long a host that a step has begun on is waited for, before it is left as it is. */
const REACH_PATIENCE_MS = 120_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

/** What stands at a place now. `isBegun`: something of the run may stand there, so it is worth waiting for. */
export async function lookAgain(run: RunContext, place: number | null, isBegun: boolean): Promise<PlaceSeen> {
  const begun = performance.now();
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    const seen = await lookOnce(run, place);
    const isOver = performance.now() - begun + pause > REACH_PATIENCE_MS;
    if (seen.kind === "seen" || !isBegun || isOver) return seen;
    await run.retryPolicy.wait(pause, run.signal);
  }
}

async function lookOnce(run: RunContext, place: number | null): Promise<PlaceSeen> {
  try {
    if (place === null) return { kind: "seen", ...NOTHING, holders: await lookAtHolders(run, null, null) };
    const inside = await run.sessions.of(place);
    if ("kind" in inside) return { kind: "lost", why: inside.message };
    const host = run.plan.hosts[place];
    if (!host) throw new Error(`the plan has no host ${place}`);
    if (host.certificates) {
      const pairs = await lookAtPairs(run, place, inside.hand);
      return { kind: "seen", ...NOTHING, holders: [], ...pairs };
    }
    await keepClock(run, host, inside.hand);
    const files = await lookAtFiles(run, host, inside.hand);
    return { kind: "seen", ...files, holders: await lookAtHolders(run, place, inside.hand) };
  } catch (error) {
    if (!(error instanceof SessionLost)) throw error;
    if (place !== null) await run.sessions.drop(place);
    return { kind: "lost", why: error.message };
  }
}

const NOTHING = { files: [], hasWork: false, heldBy: null };

async function lookAtFiles(run: RunContext, host: HostPlan, hand: Hand) {
  const files: FileSeen[] = [];
  let hasWork = false;
  let heldBy: string | null = null;
  for (const file of host.files) {
    const look = await lookAtFile(hand, file.path);
    if (look.kind === "lost") throw new SessionLost(look.message);
    const { content, lock, state, kept } = look.file;
    const isMissing = file.creates !== undefined && state === "absent";
    const none = isMissing ? "before" : "unread";
    files.push(content ? judgeFile(file, content, newKeyLine(run)).seen : none);
    // What was made for the run and holds nothing yet.
    if (file.creates !== undefined && content?.length === 0) hasWork = true;
    if (lock?.token === run.token || kept.includes(run.token)) hasWork = true;
    else if (lock && lock.leaseEnd > lock.now) heldBy = lock.who;
  }
  return { files, leftOut: leftOutOf(run.journal.files(), host), hasWork, heldBy };
}

async function lookAtHolders(
  run: RunContext,
  place: number | null,
  hand: Hand | null,
): Promise<HolderSeen[]> {
  const seen: HolderSeen[] = [];
  for (const holder of holdersOf(run, { host: place }))
    seen.push(await run.holders.look(nearOf(run), holder, hand));
  return seen;
}
