import type {
  HostRequest,
  HostSession,
  HostSessions,
  NotConnected,
  OpenSessions,
} from "#connect/host-sessions.ts";
import type { RetryPolicy } from "#net/retries.ts";
import type { Ask } from "#net/ssh/ask.ts";
import type { HostKeys } from "#runs/kinds/host-key/host-keys.ts";
import type { Holders, NewKeyMade } from "#runs/kinds/private-keys/locations.ts";
import { type HostPlan, newKeyOf, type Plan, type PlanHash } from "#shared/model/plan.ts";
import type { RunId } from "#shared/model/run.ts";
import { formatCause } from "#shared/text/run-cause.ts";
import { isUnwritable, type Journal } from "./journal.ts";
import { HalfLocked, nearOf, type RunContext } from "./run-context.ts";
import { blockedBy, type Ended, runOn, type Steering } from "./run-loop.ts";

type Session = { inside: Promise<HostSession | NotConnected>; release: () => void; over: Promise<void> };

export type Sessions = ReturnType<typeof holdSessions>;

/**
 * The logins that a run holds, one a host: it keeps one for as long as there is something to do or to take back, so that
 * whatever the change does to logins, this one stands.
 */
function holdSessions(
  sessions: HostSessions,
  plan: Plan,
  transportOf: (host: HostPlan) => HostRequest["transport"],
  /** That a host may present instead of its pinned one by now. */
  alsoHostKey: () => Uint8Array | null,
) {
  const held = new Map<number, Session>();

  return {
    /** The login that stands, or a new one. Rejects only when told to stop. */
    async of(place: number): Promise<HostSession | NotConnected> {
      const session = held.get(place) ?? open(place);
      held.set(place, session);
      const inside = await session.inside;
      if ("kind" in inside) held.delete(place);
      return inside;
    },

    isHeld: (place: number): boolean => held.has(place),

    /** It is of no more use, or not needed. */
    drop,

    /** Ends all others. */
    async keepOnly(places: readonly (number | null)[]): Promise<void> {
      const others = [...held.keys()].filter((place) => !places.includes(place));
      await Promise.all(others.map(drop));
    },

    [Symbol.asyncDispose]: async () => {
      await Promise.all([...held.keys()].map(drop));
    },
  };

  async function drop(place: number): Promise<void> {
    const session = held.get(place);
    held.delete(place);
    session?.release();
    await session?.over;
  }

  function open(place: number): Session {
    const host = plan.hosts[place];
    if (!host) throw new Error(`the plan has no host ${place}`);
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const { promise: inside, resolve, reject } = Promise.withResolvers<HostSession | NotConnected>();
    const wish = { ...toRequest(host, transportOf(host)), hostKey: host.hostKey, alsoHostKey: alsoHostKey() };
    const over = sessions
      .connectToHost(wish, async (opened) => {
        resolve(opened);
        await Promise.race([released, opened.hand.ended]);
      })
      .then((entered) => {
        if (entered.kind === "not-connected") resolve(entered);
      }, reject);
    return { inside, release, over };
  }
}

const toRequest = (
  { host, port, user, useSudo }: HostPlan,
  transport: HostRequest["transport"],
): HostRequest => ({ target: { kind: "ssh", host, port, user }, useSudo, transport });

export type Execution = {
  runId: RunId;
  plan: Plan;
  token: string;
  planHash: PlanHash;
  who: string;
  newKey: NewKeyMade | null;
  journal: Journal;
  holders: Holders;
  confirmations: RunContext["confirmations"];
  hostKeys: HostKeys;
  renewal: RunContext["renewal"];
  openSessions: OpenSessions;
  transportOf: RunContext["transportOf"];
  identityFiles: readonly string[];
  mayAsk: boolean;
  removesOld: RunContext["removesOld"];
  ask: Ask;
  retryPolicy: RetryPolicy;
  trace: RunContext["trace"];
  signal: AbortSignal;
};

/** Opens what a run needs, goes on with it until it ends, and closes all of that again. */
export async function execute(execution: Execution, steering: Omit<Steering, "reopen">): Promise<Ended> {
  const { plan, holders, newKey } = execution;
  const made: RunContext["made"] = { newKey, secrets: null };
  const open = () => openSessions(execution, () => readNewHostKey(plan, made));
  let isOpen = newKey === null && newKeyOf(plan)?.kind !== "given";
  // Nobody is asked a second time for what was not told.
  let locked: HalfLocked | null = null;
  const openHalf = async () => {
    if (isOpen) return;
    if (locked) throw locked;
    const reopened = await holders.reopen(nearOf(run as RunContext));
    if (reopened.kind === "failed") {
      locked = new HalfLocked(formatCause(reopened.cause));
      throw locked;
    }
    run.made.secrets = reopened.secrets;
    isOpen = true;
  };
  const run: RunContext<Plan> = {
    ...execution,
    made,
    openHalf,
    awaitedSince: new Map(),
    sessions: await open(),
  };
  try {
    const reopen = async () => {
      await run.sessions[Symbol.asyncDispose]();
      run.sessions = await open();
    };
    return await runOn(run, { ...steering, reopen });
  } catch (error) {
    // Nothing was done that the journal does not hold: an intent that cannot be written is not acted on.
    if (isUnwritable(error)) return blockedBy("paused", error.message);
    if (error instanceof HalfLocked) return blockedBy("stopped", error.message);
    throw error;
  } finally {
    await run.sessions[Symbol.asyncDispose]();
  }
}

/** Of a rotation of host keys, once there is one. */
const readNewHostKey = ({ kind }: Plan, { newKey }: RunContext["made"]): Uint8Array | null =>
  kind === "rotate-host-key" && newKey ? Buffer.from(newKey.line.split(" ")[1] ?? "", "base64") : null;

async function openSessions(execution: Execution, alsoHostKey: () => Uint8Array | null) {
  const { runId, plan, openSessions, transportOf, identityFiles, mayAsk, ask, signal } = execution;
  const requests = plan.hosts.map((host) => toRequest(host, transportOf(host)));
  const sessions = await openSessions({ name: `run ${runId}`, requests, identityFiles, mayAsk, ask, signal });
  return holdSessions(sessions, plan, transportOf, alsoHostKey);
}
