import type { HostSession } from "#connect/host-sessions.ts";
import { stepsOf } from "#domain/rotation/run/steps-of.ts";
import type { HostClock } from "#domain/rotation/run/watch-old-key.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import { lookAtHost } from "#net/ssh/hand/look.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { Plan } from "#shared/model/plan.ts";
import type { RunStep } from "#shared/model/run.ts";
import { described, type Evidence, type KeyName } from "#shared/model/step-result.ts";
import { formatEvidence } from "#shared/text/run-step.ts";
import type { Heard } from "../grace/hear-login.ts";
import { nameKey } from "./name-key.ts";
import { awaitsLog, isProvedFromHere } from "./needs-half.ts";
import { proveChange } from "./prove-change.ts";
import { proveConfirmed } from "./prove-confirmed.ts";
import { enterHost, HalfLocked, type RunContext, SessionLost } from "./run-context.ts";

/** What was heard of a step. */
type LogVerification = { isProved: boolean; evidence: Evidence[] };

/** What tells whether a run has waited long enough. */
export type Waits = {
  /**
   * Whether a log of the host tells of a login; seconds since the epoch, by the host's clock. `after` null: at any time.
   * `isNew`: nobody can have used the key before the run. `isAuthority`: a login by one of its certificates is meant.
   */
  hear(
    hand: Hand,
    wish: {
      account: string;
      fingerprint: string;
      since: number;
      after: number | null;
      isNew: boolean;
      isAuthority: boolean;
      zone: string | null;
    },
  ): Promise<Heard>;
  /** Whether the old key may go. */
  judgeGrace(asked: {
    plan: Plan;
    dueAt: Instant | null;
    /** What was agreed to before the run. */
    consents: readonly string[];
    /** Since when the holders have the new key; null: not yet. */
    since: Instant | null;
    clocks: readonly HostClock[];
    /** What whoever ends the days of grace now agrees to; null: nobody does. */
    ending: readonly string[] | null;
  }): Promise<{ isOver: boolean; dueAt: Instant; said: string[] }>;
};

/** Of the run: when it was begun, and what time it is here. */
type Clock = { begun: Instant; now: () => Date };

/** Looks for the logins that steps wait for. Whether any step is proved by them. */
export async function hearAll(run: RunContext, waits: Waits, clock: Clock): Promise<boolean> {
  let hasHeard = false;
  let locked: HalfLocked | null = null;
  const awaiting = run.journal.steps().filter((step) => awaitsLog(step));
  for (const step of awaiting) {
    const heard = await hearAt(run, waits, step, clock).catch((error: unknown) => {
      if (error instanceof SessionLost) return { isProved: false, evidence: [described(error.message)] };
      if (!(error instanceof HalfLocked)) throw error;
      // Whatever needs no key is heard of all the same.
      locked = error;
      return { isProved: false, evidence: [] };
    });
    if (!heard.isProved) {
      if (heard.evidence.length > 0)
        await run.journal.note(step.ordinal, heard.evidence.map(formatEvidence).join("; "));
      continue;
    }
    await run.journal.mark(
      step.ordinal,
      "proved",
      { kind: "verified", evidence: heard.evidence },
      "verified",
    );
    hasHeard = true;
  }
  await run.sessions.keepOnly([]);
  if (locked && !hasHeard) throw locked;
  return hasHeard;
}

async function hearAt(run: RunContext, waits: Waits, step: RunStep, clock: Clock): Promise<LogVerification> {
  const place = run.plan.hosts.findIndex(({ host, port }) => host === step.host && port === step.port);
  const fingerprint = run.made.newKey?.fingerprint;
  const host = run.plan.hosts[place];
  const accounts = (host?.proofs ?? []).filter(({ proof }) => proof.kind === "by-log");
  if (!fingerprint || !host)
    return { isProved: false, evidence: [described("no key is known that a log could tell of")] };
  const inside = await enterHost(run, place);
  const { hand } = inside;
  const look = await lookAtHost(hand);
  if (look.kind === "lost") throw new SessionLost(look.message);
  const isNew = run.plan.newKey?.kind !== "given";
  const isAuthority = run.plan.kind === "move-to-authority";
  const wish = {
    fingerprint,
    isNew,
    isAuthority,
    zone: look.host.zone,
    ...boundsOf(step, clock, isNew, look.host),
  };
  const evidence: Evidence[] = [];
  let isProved = true;
  for (const { account } of accounts) {
    const confirmed = await proveConfirmed(run, { host, inside }, account);
    if (confirmed && "evidence" in confirmed) evidence.push(...confirmed.evidence);
    if (confirmed?.kind === "proved") continue;
    const heard = await waits.hear(hand, { ...wish, account });
    if (heard.kind !== "heard") isProved = false;
    evidence.push(...toEvidence(heard, account, nameKey(run, fingerprint)));
  }
  return isProved && step.phase === "remove"
    ? proveRest(run, step, inside, evidence)
    : { isProved, evidence };
}

function toEvidence(heard: Heard, account: string, key: KeyName): Evidence[] {
  switch (heard.kind) {
    case "heard":
      return [{ kind: "login-in-log", account, key }];
    case "claimed":
      return [{ kind: "claimed-login", account, key, path: heard.path }];
    case "unknown":
      return [described(`${account}: ${heard.why}`)];
    case "not-yet":
      return [];
    default:
      return assertNever(heard);
  }
}

/** What no log tells of a removal, once more: a step that waits for a log keeps nothing of what was said before. */
async function proveRest(
  run: RunContext,
  { ordinal }: RunStep,
  inside: HostSession,
  heard: readonly Evidence[],
): Promise<LogVerification> {
  const step = stepsOf(run.plan).find((one) => one.ordinal === ordinal);
  if (!step) throw new Error(`the plan has no step ${ordinal}`);
  if (isProvedFromHere(run, step)) await run.openHalf();
  const proof = await proveChange(run, step, inside);
  if ("evidence" in proof) return { isProved: true, evidence: [...heard, ...proof.evidence] };
  return { isProved: false, evidence: [...heard, described(proof.message)] };
}

/** What is asked and what is told are a second apart at the most, and each drops less than one. */
const SLACK_SECONDS = 2;

/** After a removal only a login since then tells that the new key gets in without the old line. */
function boundsOf(
  { phase, at }: RunStep,
  { begun, now }: Clock,
  isNew: boolean,
  { epochSeconds }: { epochSeconds: number },
): { since: number; after: number | null } {
  const ahead = epochSeconds - Math.floor(now().getTime() / 1_000);
  const there = (instant: Instant) => Math.floor(Date.parse(instant) / 1_000) + ahead;
  if (phase === "remove") return { since: there(begun), after: there(at ?? begun) + SLACK_SECONDS };
  return { since: there(begun), after: isNew ? null : there(begun) - SLACK_SECONDS };
}
