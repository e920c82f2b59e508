import { assertNever } from "../model/assert-never.ts";
import type { RunState, RunStep } from "../model/run.ts";
import type { Awaited } from "../model/step-result.ts";

const STATES: Record<RunState, string> = {
  running: "running",
  paused: "paused",
  stopped: "stopped",
  interrupted: "interrupted: its process ended before it did",
  waiting: "waiting",
  committed: "committed",
  "rolled-back": "rolled back",
  "needs-attention": "needs attention",
};

/** What stands on the hosts, and what was taken back, is told by the run's own message. */
export const formatRunState = (state: RunState): string => STATES[state];

/** How a step stands. One that stands and that no login has shown is not called proved. */
export function formatStepState({ state, verification }: RunStep): string {
  if (verification === "waiting") return "waiting for a login";
  return verification === "unverified" && state === "proved" ? "not verified" : state;
}

/** What a step waits for, as a sentence without a full stop. */
export function formatAwaited(awaited: Awaited): string {
  switch (awaited.kind) {
    case "login-in-log":
      return "waits for the journal to tell of a login by the new key";
    case "certificate":
      return "waits for a certificate to be brought";
    case "login":
      return `waiting for a login to ${awaited.account} through what is left, by anybody; without one it is taken back`;
    default:
      return assertNever(awaited);
  }
}
