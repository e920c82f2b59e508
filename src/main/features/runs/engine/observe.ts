import { evaluateFile } from "#domain/runs/files/stages.ts";
import { leftOutOf } from "#domain/runs/left-out-files.ts";
import type { FileSeen, HolderSeen, PlaceSeen, Step, Task } from "#domain/runs/step.ts";
import { isClockKept } from "#domain/runs/watch-old-key.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import { lookAtFile, lookAtHost } from "#net/ssh/hand/look.ts";
import { holdersOf } from "#runs/kinds/access/install-key.ts";
import { lookAtPairs } from "#runs/kinds/renewal/install.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import { type HostPlan, type KeyPlan, type Plan, verificationsOf } from "#shared/model/plan.ts";
import type { RunStep } from "#shared/model/run.ts";
import type { Awaited } from "#shared/model/step-result.ts";
import { hostOf, isRenewalRun, nearOf, newKeyLine, type RunContext, SessionLost } from "./run-context.ts";

/**
 * Keeps how far the clock of a host is ahead, as long as `isClockKept`. It is at least so far ahead, for this computer's clock is
 * read once the host has answered. Rejects with `SessionLost`.
 */
export async function keepClock({ plan, journal }: RunContext, host: HostPlan, hand: Hand): Promise<void> {
  if (!isClockKept(plan, journal.steps())) return;
  const look = await lookAtHost(hand);
  if (look.kind === "lost") throw new SessionLost(look.message);
  const answered = Math.floor(journal.now().getTime() / 1_000);
  await journal.keepClock({
    host: host.host,
    port: host.port,
    aheadSeconds: look.host.epochSeconds - answered,
  });
}

/** How long a host that a step has begun on is waited for, before it is left as it is. */
const REACH_PATIENCE_MS = 120_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

/** What stands at a place now. `isBegun`: something of the run may stand there, so it is worth waiting for. */
export async function lookAgain(
  run: RunContext<Plan>,
  place: number | null,
  isBegun: boolean,
): Promise<PlaceSeen> {
  const begun = performance.now();
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    const seen = await lookOnce(run, place);
    const isOver = performance.now() - begun + pause > REACH_PATIENCE_MS;
    if (seen.kind !== "lost" || !isBegun || isOver) return seen;
    await run.retryPolicy.wait(pause, run.signal);
  }
}

async function lookOnce(run: RunContext<Plan>, place: number | null): Promise<PlaceSeen> {
  try {
    if (place === null)
      return { kind: "seen", ...NOTHING, holders: await lookAtHolders(run as RunContext, null, null) };
    const inside = await run.sessions.of(place);
    if ("kind" in inside) return { kind: "lost", why: inside.message };
    if (isRenewalRun(run)) {
      const pairs = await lookAtPairs(run, place, inside.hand);
      return { kind: "certificates-seen", ...pairs };
    }
    const ofKeys = run as RunContext;
    const host = hostOf(ofKeys, { host: place });
    await keepClock(ofKeys, host, inside.hand);
    const files = await lookAtFiles(ofKeys, host, inside.hand);
    return { kind: "seen", ...files, holders: await lookAtHolders(ofKeys, place, inside.hand) };
  } catch (error) {
    if (!(error instanceof SessionLost)) throw error;
    if (place !== null) await run.sessions.drop(place);
    return { kind: "lost", why: error.message };
  }
}

const NOTHING = { files: [], leftOut: [], hasWork: false };

async function lookAtFiles(run: RunContext, host: KeyPlan["hosts"][number], hand: Hand) {
  const files: FileSeen[] = [];
  let hasWork = false;
  for (const file of host.files) {
    const look = await lookAtFile(hand, file.path);
    if (look.kind === "lost") throw new SessionLost(look.message);
    const { content, lock, state, kept } = look.file;
    const isMissing = file.creates !== undefined && state === "absent";
    const none = isMissing ? "before" : "unread";
    files.push(content ? evaluateFile(file, content, newKeyLine(run)).seen : none);
    // What was made for the run and holds nothing yet.
    if (file.creates !== undefined && content?.length === 0) hasWork = true;
    if (lock?.token === run.token || kept.includes(run.token)) hasWork = true;
  }
  return { files, leftOut: leftOutOf(run.journal.files(), host), hasWork };
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

type Asked = { plan: Plan };

/** Whether a task is done with the new private half itself. Taking back is not, and may have done away with it before. */
export function needsHalf(run: Asked, { what, step }: Task): boolean {
  if (what === "undo" || what === "settle") return false;
  switch (step.phase) {
    case "make-key":
    case "hand-over":
      return true;
    case "add":
    case "remove":
      return isVerifiedFromHere(run, step);
    case "commit":
    case "request":
    case "issue":
    case "install":
    case "recheck":
      return false;
    default:
      return assertNever(step.phase);
  }
}

/** Whether a step that stands waits for a log to tell of the new key; another may wait for somebody to log in while it is tried. */
export const awaitsLog = (step: RunStep): boolean => awaitedBy(step)?.kind === "login-in-log";

/** Whether a step waits for somebody to bring a certificate. */
export const awaitsCertificate = (step: RunStep): boolean => awaitedBy(step)?.kind === "certificate";

const awaitedBy = ({ state, result }: RunStep): Awaited | null =>
  state === "acted" && result?.kind === "waiting" ? result.for : null;

/** Whether the new key logs in from this computer to prove a step. */
export const isVerifiedFromHere = ({ plan }: Asked, { host }: Pick<Step, "host">): boolean =>
  host !== null &&
  plan.hosts[host] !== undefined &&
  verificationsOf(plan.hosts[host]).some(({ proof }) => proof.kind === "from-here");
