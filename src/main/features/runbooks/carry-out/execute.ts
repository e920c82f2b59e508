import type { OpenSessions } from "#connect/host-sessions.ts";
import type { RetryPolicy } from "#net/retries.ts";
import type { Ask } from "#net/ssh/ask.ts";
import type { Plan, PlanHash } from "#shared/model/plan.ts";
import type { RunId } from "#shared/model/run.ts";
import type { NewKeyMade } from "../holders/near.ts";
import type { Holders } from "./holders-type.ts";
import type { HostKeys } from "./host-keys-type.ts";
import { isUnwritable, type Journal } from "./journal.ts";
import { HalfLocked, nearOf, type RunContext } from "./run-context.ts";
import { type Ended, runOn, type Steering } from "./run-loop.ts";
import { holdSessions, toWish } from "./sessions.ts";

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
  let isOpen = newKey === null && plan.newKey?.kind !== "given";
  // Nobody is asked a second time for what was not told.
  let locked: HalfLocked | null = null;
  const openHalf = async () => {
    if (isOpen) return;
    if (locked) throw locked;
    const reopened = await holders.reopen(nearOf(run));
    if (reopened.kind === "failed") {
      locked = new HalfLocked(reopened.message);
      throw locked;
    }
    run.made.secrets = reopened.secrets;
    isOpen = true;
  };
  const run: RunContext = { ...execution, made, openHalf, awaitedSince: new Map(), sessions: await open() };
  try {
    const reopen = async () => {
      await run.sessions[Symbol.asyncDispose]();
      run.sessions = await open();
    };
    return await runOn(run, { ...steering, reopen });
  } catch (error) {
    // Nothing was done that the journal does not hold: an intent that cannot be written is not acted on.
    if (isUnwritable(error)) return { state: "paused", message: error.message };
    if (error instanceof HalfLocked) return { state: "stopped", message: error.message };
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
  const requests = plan.hosts.map((host) => toWish(host, transportOf(host)));
  const sessions = await openSessions({ name: `run ${runId}`, requests, identityFiles, mayAsk, ask, signal });
  return holdSessions(sessions, plan, transportOf, alsoHostKey);
}
