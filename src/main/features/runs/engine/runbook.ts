import {
  type HostRequest,
  type HostSession,
  type HostSessions,
  type NotConnected,
  type OpenSessions,
  toHostRequest,
} from "#connect/host-sessions.ts";
import type { RunRules } from "#domain/runs/runbook.ts";
import type { Back, Observation, Step, Wait } from "#domain/runs/step.ts";
import type { PromptUser } from "#net/ssh/interactive-login.ts";
import type { RetryPolicy } from "#net/tasks.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { HostRefusal, LeaseOwner } from "#shared/model/runs/host-refusal.ts";
import type { HostPlan, Plan, PlanHash } from "#shared/model/runs/plan.ts";
import type {
  Phase,
  RunFile,
  RunId,
  RunOrigin,
  RunState,
  RunStep,
  StepState,
  StepVerification,
} from "#shared/model/runs/run.ts";
import type { RunReason, RunWait } from "#shared/model/runs/run-note.ts";
import type {
  Awaited,
  BackAs,
  Cause,
  Deed,
  Evidence,
  Intent,
  PlainCause,
  StepResult,
} from "#shared/model/runs/step-result.ts";
import type { Trace } from "#shared/text/fault.ts";
import type { RunRecord } from "#store/runs/run-table.ts";
import type { Journal } from "./journal.ts";

/** What every run has, whatever it changes. */
export type RunContext<P extends Plan = Plan> = {
  runId: RunId;
  plan: P;
  token: string;
  planHash: PlanHash;
  /** Shown to whoever finds a folder locked: `jo@desk, run 7`. */
  who: string;
  journal: Journal;
  /** Replaced by others once keys of this computer were replaced. */
  sessions: Sessions;
  promptUser: PromptUser;
  retryPolicy: RetryPolicy;
  trace: Trace;
  signal: AbortSignal;
};

/** Whether offline scripts execute a run: then nothing of it is executed from here. */
export const isOffline = ({ origin }: { origin: RunOrigin }): boolean => origin === "offline";

/** Its hosts cannot be reached from here, or the user chose not to reach them. */
export function refuseOffline(run: { id: number; origin: RunOrigin }): void {
  if (isOffline(run))
    throw new Refusal(
      "conflict",
      `run ${run.id} is executed offline: run its scripts on their hosts once more, and import their results`,
    );
}

/** The session of a host broke: what was done there is not known. */
export class SessionLost extends Error {}

/** What the run needs cannot be opened now: it stops. The message says what, and what to do. */
export class Locked extends Error {}

/**
 * The run goes on once somebody has put right what blocks it: what is under way is ended, and nothing more is begun.
 */
export class Held extends Error {
  readonly blocker: Cause;

  constructor(blocker: Cause) {
    super(blocker.kind);
    this.blocker = blocker;
  }
}

/** The session on a host of the plan. Rejects with `SessionLost` if there can be none. */
export async function acquireSession({ sessions }: RunContext, host: number): Promise<HostSession> {
  const entered = await sessions.of(host);
  if ("kind" in entered) throw new SessionLost(entered.message);
  return entered;
}

/** The host of a step; throws for a step that is done on this computer. */
export const hostOf = <P extends Plan>({ plan }: RunContext<P>, { host }: Pick<Step, "host">) => {
  const found: P["hosts"][number] | undefined = host === null ? undefined : plan.hosts[host];
  if (!found) throw new Error("a step that is done on a host has none");
  return found;
};

/**
 * What one kind of run does. The engine does the rest: it decides what comes next, writes the journal before and after
 * each act, keeps the sessions, waits, resumes and rolls back; and it knows no kind.
 */
export type Runbook<R extends RunContext = RunContext> = {
  /** What follows from the plan, the journal and what was seen. */
  readonly rules: RunRules<R["plan"]>;

  /** Opens the sessions by which its hosts are changed. */
  readonly openSessions: OpenSessions;

  /** Adds what this kind needs beside what every run has. */
  open(run: RunContext<R["plan"]>, request: RunRequest): R;

  readonly phases: { readonly [phase in Phase]?: PhaseWork<R> };

  /** What stands on a host of the plan, or on this computer (null), now. Rejects with `SessionLost`. */
  observe(run: R, host: number | null): Promise<Observation>;

  /** Whether what it waits for has come. */
  hasCome(run: R, until: Wait): Promise<Arrival>;

  /** What to show of a wait. */
  nameWait(run: R, until: Wait): RunWait;

  /** Why a finished run cannot be undone now; empty: it can. Changes nothing. Asked of runs that keep what that needs. */
  refuseUndo(run: R): Promise<Cause[]>;

  /** How a committed run ends. `isResumed`: all of it was done before, and the user has resumed it. */
  finish(run: R, end: { reasons: RunReason[]; isResumed: boolean }): Promise<Ended>;

  /** The blob of a host key that is trusted beside the pinned one by now. */
  alsoHostKey(run: R): Uint8Array | null;

  /**
   * What no two runs may change at once beside hosts: private keys, each by its identifier, with its text for messages.
   */
  listExclusive(plan: R["plan"]): ReadonlyMap<string, string>;

  /** Whether a step of a run that stands still may have left one of those private keys replaced. */
  holdsExclusive(step: RunStep): boolean;

  /** Writes what it needs beside its steps, within the transaction that begins the run. */
  begin(run: RunRecord["id"], plan: R["plan"]): void;

  /** Private keys of this computer that log in once it is over, or waits. */
  listNewIdentities(plan: R["plan"]): string[];

  /** Further reasons why it stands still. */
  findReasons(ended: EndedRun<R["plan"]>): RunReason[];

  /** Has what was touched read again, beside the hosts themselves. */
  refresh(run: RunRecord["id"], hosts: readonly R["plan"]["hosts"][number][]): Promise<void>;

  /** What a person does on hosts where it is stuck: one command a line, for a root shell there. */
  describeRepair(stuck: EndedRun<R["plan"]> & { files: readonly RunFile[]; token: string }): string[];

  /** Refuses to roll back what another run has built on; absent: nothing does. */
  refuseRollBack?(run: RunRecord): void;

  /** Refuses to end early what it waits for, if that has not been acknowledged. */
  refuseEarlyEnd(run: RunRecord, plan: R["plan"], agreed: Agreed): void;
};

/** How a run has ended, or why it stands still. */
export type Ended = { state: RunState; reasons: RunReason[] };

/** What the user who begins, resumes or rolls back a run wants of it. */
export type RunRequest = {
  record: RunRecord;
  /** Do not wait for the rest of the grace period. */
  endsGrace: boolean;
  /** What is acknowledged for that. */
  acknowledgements: readonly string[];
  /** Delete the old private keys that it has kept, even if the old key still logs in somewhere. */
  removesOld: boolean;
  /** Undo it, though it had finished. */
  undoes: boolean;
};

export type Agreed = { typed: string | null; acknowledgements: readonly string[] };

type EndedRun<P extends Plan = Plan> = {
  runId: RunRecord["id"];
  plan: P;
  steps: readonly RunStep[];
};

/** `came`: the run goes on; `isTimeOver`, if set, is from now on whether its time is over. */
type Arrival = { kind: "not-yet" } | { kind: "came"; isTimeOver?: boolean };

/**
 * What a kind of run does in one phase, on one host or on this computer. All of it may safely be done twice, and
 * rejects with `SessionLost`.
 */
export type PhaseWork<R extends RunContext = RunContext> = {
  /** What is written before it. */
  intend(run: R, step: Step): Intent;

  /** Does what the step is for, whatever of it was done already. `before`: the step as it was before this try. */
  act(run: R, step: Step, before: RunStep): Promise<StepOutcome>;

  /**
   * Verifies what stands. `isFresh`: this process has just done it. If absent, the step is done once more, which
   * verifies it.
   */
  verify?(run: R, step: Step, isFresh: boolean): Promise<StepOutcome>;

  /** If absent, the phase is not rolled back. */
  undo?(run: R, step: Step, back: Back): Promise<StepOutcome>;

  /** Opens what it needs that is locked, before it is begun. Rejects with `Locked`. */
  prepare?(run: R, step: Step): Promise<void>;

  /** Whether keys of this computer were replaced before it, so that later logins must read them anew. */
  followsOwnKeys?(run: R): boolean;
};

/** The result of a step. `afterwards`: is called once the result is written. */
export type StepOutcome = {
  state: StepState;
  result: StepResult;
  verification: StepVerification | null;
  afterwards?: () => Promise<void>;
};

export const acted = (what: Deed): StepOutcome => ({
  state: "acted",
  result: { kind: "acted", what },
  verification: null,
});

export const verified = (
  evidence: Evidence[],
  verification: StepVerification | null = null,
): StepOutcome => ({ state: "verified", result: { kind: "verified", evidence }, verification });

/** What it has done stays, and nothing more can be done before `awaited` comes. */
export const waiting = (awaited: Awaited): StepOutcome => ({
  state: "acted",
  result: { kind: "waiting", for: awaited },
  // A certificate that the step waits for is no login.
  verification: awaited.kind === "certificate" ? null : "waiting",
});

export const failed = (
  cause: Cause,
  stands: "nothing-removed" | "nothing-changed" | "not-said" = "not-said",
): StepOutcome => ({
  state: "failed",
  result: { kind: "failed", cause, stands, left: [] },
  verification: null,
});

/**
 * For a step that was rolled back. `as`: what stands now, if nothing has failed. `left`: what is still there,
 * harmlessly.
 */
export const rolledBack = (back: Back, as: BackAs, left: Cause[] = []): StepOutcome => ({
  state: back.as,
  result:
    back.as === "rolled-back"
      ? { kind: "rolled-back", as, left }
      : { kind: "failed", cause: back.cause, stands: "rolled-back", left },
  verification: null,
});

/** A person must look. `left`: what stands in the way; `back`: how the step was rolled back; null: it was not. */
export const needsAttention = (left: Cause[], back: Back | null = null): StepOutcome => ({
  state: "needs-attention",
  result: { kind: "needs-attention", cause: back?.as === "failed" ? back.cause : null, left },
  verification: null,
});

/** An answer of a host that refused, or failed, as the cause of a step. */
export type Refusing = { why: HostRefusal; detail: string; leaseOwner?: LeaseOwner | null };

/** About the file at `path`; the answer may come from the account that owns its folder. */
export const refusedAt = (answer: Refusing, path: string): PlainCause => toCause(answer, path, false);

/** About what root alone keeps there. */
export const refusedByRoot = (answer: Refusing, path: string): PlainCause => toCause(answer, path, true);

const toCause = ({ why, detail, leaseOwner }: Refusing, path: string, isRoots: boolean): PlainCause => ({
  kind: "refused",
  why,
  detail,
  leaseOwner: leaseOwner ? { who: leaseOwner.who, leaseEnd: leaseOwner.leaseEnd } : null,
  path,
  isRoots,
});

/** Without its plan it is unknown what a run has begun: no other run may begin, and this one cannot go on. */
export const unreadablePlan = (id: RunId): Refusal =>
  new Refusal(
    "conflict",
    `the plan of run ${id} was not stored by this version of Latchkey, and cannot be read: restore a backup that has it (latchkey database restore)`,
  );

type Session = { opened: Promise<HostSession | NotConnected>; release: () => void; over: Promise<void> };

export type Sessions = ReturnType<typeof holdSessions>;

/**
 * The sessions of a run, one a host. It keeps a session as long as there is something to do or to roll back, so that
 * this login stays open whatever the change does to logins.
 */
export function holdSessions(
  sessions: HostSessions,
  plan: Plan,
  transportOf: (host: HostPlan) => HostRequest["transport"],
  /** The key that a host may present instead of its pinned one by now. */
  alsoHostKey: () => Uint8Array | null,
) {
  const held = new Map<number, Session>();

  return {
    /** The open session, or a new one. Rejects only on the signal. */
    async of(hostIndex: number): Promise<HostSession | NotConnected> {
      const session = held.get(hostIndex) ?? open(hostIndex);
      held.set(hostIndex, session);
      const opened = await session.opened;
      if ("kind" in opened) held.delete(hostIndex);
      return opened;
    },

    isHeld: (hostIndex: number): boolean => held.has(hostIndex),

    /** Ends a session that is broken, or not needed. */
    drop,

    /** Ends all others. */
    async keepOnly(hostIndexes: readonly (number | null)[]): Promise<void> {
      const others = [...held.keys()].filter((hostIndex) => !hostIndexes.includes(hostIndex));
      await Promise.all(others.map(drop));
    },

    [Symbol.asyncDispose]: async () => {
      await Promise.all([...held.keys()].map(drop));
    },
  };

  async function drop(hostIndex: number): Promise<void> {
    const session = held.get(hostIndex);
    held.delete(hostIndex);
    session?.release();
    await session?.over;
  }

  function open(hostIndex: number): Session {
    const host = plan.hosts[hostIndex];
    if (!host) throw new Error(`the plan has no host ${hostIndex}`);
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const { promise: opened, resolve, reject } = Promise.withResolvers<HostSession | NotConnected>();
    const request = {
      ...toHostRequest(host, transportOf(host)),
      hostKey: host.hostKey,
      alsoHostKey: alsoHostKey(),
    };
    const over = sessions
      .connectToHost(request, async (opened) => {
        resolve(opened);
        await Promise.race([released, opened.remote.ended]);
      })
      .then((entered) => {
        if (entered.kind === "not-connected") resolve(entered);
      }, reject);
    return { opened, release, over };
  }
}
