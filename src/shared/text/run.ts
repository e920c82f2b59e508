import { assertNever } from "../model/assert-never.ts";
import type { Phase, RunState, RunStep } from "../model/run.ts";
import type { RunReason, RunWait } from "../model/run-reason.ts";

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

/** Why a run has come to its end, or stands still, as a sentence without a full stop. */
export function formatRunReason(reason: RunReason): string {
  switch (reason.kind) {
    case "steps-failed":
      return reason.count === 1
        ? "a step failed and was taken back"
        : `${reason.count} steps failed and were taken back`;
    case "hosts-failed":
      return reason.count === 1
        ? "a host failed and was taken back"
        : `${reason.count} hosts failed and were taken back`;
    case "unreachable":
      return "a host of the run cannot be reached";
    case "unreachable-on-the-way-back":
      return `${reason.hosts.join(", ")} cannot be reached, and is not as it was`;
    case "stuck":
      return "a step could neither be done nor taken back";
    case "stuck-on-the-way-back":
      return reason.phase === null ? "a host could not be put back as it was" : STUCK_BACK[reason.phase];
    case "not-served-any-more":
      return "what stands is not the new certificate any more; nothing was taken back";
    case "partly-committed":
      return `${reason.hosts.join(", ")} had been committed, and stays so; the others are as they were`;
    case "waiting":
      return WAITS[reason.for];
    default:
      return assertNever(reason);
  }
}

const STUCK_BACK: Record<Phase, string> = {
  remove: "the old key could not be put back everywhere, so the new one stays with its holders",
  "hand-over": "an old private half could not be put back, so the new key stays where it was added",
  add: "a file could not be taken back",
  "make-key": "the new private half could not be taken away",
  commit: "what is committed cannot be taken back",
  request: "the new keys could not be taken away",
  issue: "what was issued could not be given up",
  install: "a certificate could not be put back",
  recheck: "what is served could not be looked at",
};

const WAITS: Record<RunWait, string> = {
  certificate: "a certificate is to be brought: latchkey runs csr shows what it is asked for with",
  recheck: "the new certificates are served, and are looked at once more before the old ones go",
  "host-key-known": "those who know the host by its old key learn the new one at their next login",
  grace:
    "the old key and the new one both stand: logs are watched for uses of the old one before it is removed",
  "login-after-removal":
    "the old lines are gone, and the journal has to tell of one more login by the new key; or its holder signs for it, or the accounts are approved by name",
  "login-before-removal":
    "the journal has to tell of a login by the new key before anything is removed, and until then the old key stands, too; or its holder signs for it, or the accounts are approved by name",
};
