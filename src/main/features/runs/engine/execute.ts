import type { HostRequest } from "#connect/host-sessions.ts";
import type { HostPlan } from "#shared/model/runs/plan.ts";
import { isUnwritable } from "./journal.ts";
import { blockedBy, runOn } from "./run-loop.ts";
import { type Ended, Locked, type Runbook, type RunContext, type RunRequest } from "./runbook.ts";
import { holdSessions, type Sessions, toRequest } from "./sessions.ts";

/** A run that goes on, with all that this takes. */
export type Execution = Omit<RunContext, "sessions"> & {
  runbook: Runbook;
  request: RunRequest;
  identityFiles: readonly string[];
  mayAsk: boolean;
  transportOf: (host: HostPlan) => HostRequest["transport"];
};

/** Opens what a run needs, goes on with it until it ends, and closes all of that again. */
export async function execute(execution: Execution, want: () => "on" | "pause" | "back"): Promise<Ended> {
  const { runbook, request } = execution;
  const { runId, plan, token, planHash, who, journal, ask, retryPolicy, trace, signal } = execution;
  let opened: RunContext | null = null;
  const open = () => openSessions(execution, () => opened && runbook.alsoHostKey(opened));
  let sessions = await open();
  try {
    const run = runbook.open(
      { runId, plan, token, planHash, who, journal, sessions, ask, retryPolicy, trace, signal },
      request,
    );
    opened = run;
    const reopen = async () => {
      await sessions[Symbol.asyncDispose]();
      sessions = await open();
      run.sessions = sessions;
    };
    return await runOn(runbook, run, { want, reopen });
  } catch (error) {
    // Nothing was done that the journal does not hold: an intent that cannot be written is not acted on.
    if (isUnwritable(error)) return blockedBy("paused", error.message);
    if (error instanceof Locked) return blockedBy("stopped", error.message);
    throw error;
  } finally {
    await sessions[Symbol.asyncDispose]();
  }
}

async function openSessions(execution: Execution, alsoHostKey: () => Uint8Array | null): Promise<Sessions> {
  const { runId, plan, runbook, transportOf, identityFiles, mayAsk, ask, signal } = execution;
  const requests = plan.hosts.map((host) => toRequest(host, transportOf(host)));
  const request = { name: `run ${runId}`, requests, identityFiles, mayAsk, ask, signal };
  return holdSessions(await runbook.openSessions(request), plan, transportOf, alsoHostKey);
}
