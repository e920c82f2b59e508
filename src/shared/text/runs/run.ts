import { assertNever } from "../../model/assert-never.ts";
import type { OrderNote } from "../../model/issuers/issuer.ts";
import type {
  AccessCheck,
  Phase,
  RunDetail,
  RunFile,
  RunRepair,
  RunState,
  RunStep,
} from "../../model/runs/run.ts";
import type { OldKeyLocation, RunReason, RunWait } from "../../model/runs/run-note.ts";
import { formatCount } from "../count.ts";
import { formatHost, formatHostAddress } from "../hosts/target.ts";
import { formatAllRemaining, formatUsedBy } from "./old-key.ts";
import { formatPhase } from "./plan.ts";
import { formatCause } from "./run-cause.ts";
import { formatStepResult, formatStillAccepted } from "./run-step.ts";

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

/** The run's own message says what is on the hosts, and what was rolled back. */
export const formatRunState = (state: RunState): string => STATES[state];

/** The state of a step. One that is done and that no login has shown is not called verified. */
export function formatStepState({ state, verification }: RunStep): string {
  if (verification === "waiting") return "waiting for a login";
  return verification === "unverified" && state === "verified" ? "not verified" : state;
}

/** Why a run has ended, or does not continue, as a sentence without a full stop; empty where its state says it all. */
export const formatRunReasons = (reasons: readonly RunReason[]): string =>
  reasons.map(formatRunReason).filter(Boolean).join("; ");

function formatRunReason(reason: RunReason): string {
  switch (reason.kind) {
    case "steps-failed":
      return reason.count === 1
        ? "a step failed and was rolled back"
        : `${reason.count} steps failed and were rolled back`;
    case "hosts-failed":
      return reason.count === 1
        ? "a host failed and was rolled back"
        : `${reason.count} hosts failed and were rolled back`;
    case "unreachable":
      return "a host of the run cannot be reached";
    case "unreachable-in-rollback":
      return `${reason.hosts.join(", ")} cannot be reached, and is not as it was`;
    case "stuck":
      return "a step could be neither finished nor rolled back";
    case "stuck-in-rollback":
      return reason.phase === null ? "a host could not be put back as it was" : STUCK_BACK[reason.phase];
    case "not-served-any-more":
      return "the new certificate is no longer in place; nothing was rolled back";
    case "stays-reloaded":
      return `${reason.hosts.join(", ")} had been reloaded, which cannot be undone`;
    case "maybe-reloaded":
      return `whether ${reason.hosts.join(", ")} had been reloaded is not known, and cannot be undone`;
    case "partly-committed":
      return `${reason.hosts.join(", ")} had been committed, and stays so; the others are as they were`;
    case "waiting":
      return WAITS[reason.for];
    case "steps":
      return formatSteps(reason);
    case "blocked":
      return formatCause(reason.cause);
    case "end-unwritten":
      return `how it stands cannot be written down, and is tried again: ${formatCause(reason.cause)}`;
    case "interrupted":
      return `${INTERRUPTED[reason.by]}; ${GO_ON[reason.remedy]}`;
    default:
      return formatRest(reason);
  }
}

/** Reasons about old keys, and about what others have yet to do. */
type RestKind =
  | "still-used"
  | "still-accepted"
  | "access-unknown"
  | "old-key-not-removed"
  | "remaining"
  | "left-out"
  | "results-awaited"
  | "old-key-here"
  | "undo-refused"
  | "still-kept";

function formatRest(reason: Extract<RunReason, { kind: RestKind }>): string {
  switch (reason.kind) {
    case "still-used":
      return `it is still used: ${formatUsedBy(reason.uses)}`;
    case "still-accepted": {
      const kept = reason.kept.length === 0 ? "" : `; ${formatKept(reason.kept)}`;
      return `${reason.accepted.map(formatStillAccepted).join("; ")}${kept}: close that way in, then resume the run`;
    }
    case "access-unknown":
      return reason.checks.map(formatUnknown).join("; ");
    case "old-key-not-removed":
      return `${formatLocation(reason.at)}: the old private key could not be removed: ${formatCause(reason.cause)}`;
    case "remaining":
      return formatAllRemaining(reason.accounts, reason.planKind);
    case "left-out":
      return formatLeftOut(reason);
    case "results-awaited": {
      const what = reason.phase === null ? "" : ` (${formatPhase(reason.phase, reason.planKind)})`;
      return `the results of ${formatCount(reason.hosts, "host")} are still to be imported${what}`;
    }
    case "old-key-here":
      return `all hosts are done, but on this computer the new private key is not in the place of ${reason.paths.join(", ")}: put it there, and import a result of this run once more`;
    case "still-kept":
      return "a host cannot be reached where what was kept for an undo is to be deleted; it is tried again with the next scan";
    case "undo-refused":
      return `not undone: ${reason.causes.map(formatCause).join("; ")}; nothing was changed`;
    default:
      return assertNever(reason);
  }
}

/** Each result of a host once, though several of its steps have it. */
function formatSteps({ steps }: Extract<RunReason, { kind: "steps" }>): string {
  const sentences = steps.map(
    ({ host, result }) => `${host ?? "here"}: ${result === null ? "" : formatStepResult(result)}`,
  );
  return [...new Set(sentences)].join("; ");
}

const formatUnknown = ({ host, port, account, fingerprint, why }: AccessCheck): string =>
  `whether ${fingerprint} is refused for ${account} on ${formatHost({ host, port })} is not known: ${why.join("; ")}`;

const formatKept = (kept: readonly OldKeyLocation[]): string =>
  `the old private key is kept ${kept.map((at) => (at.isAgent ? `in the agent at ${at.path}` : `at ${formatLocation(at)}`)).join(", ")}`;

const formatLocation = ({ host, port, path }: OldKeyLocation): string =>
  host === null || port === null ? path : `${formatHostAddress({ host, port })}:${path}`;

function formatLeftOut({ files, isOffline }: Extract<RunReason, { kind: "left-out" }>): string {
  const left = files
    .map(({ host, path, cause }) => `${path} on ${host} was left out: ${formatCause(cause)}`)
    .join("; ");
  return isOffline
    ? `${left}; once that is put right, run the script of that host once more, and import its result`
    : left;
}

const INTERRUPTED: Record<Extract<RunReason, { kind: "interrupted" }>["by"], string> = {
  closed: "Latchkey was closed",
  fault: "something went wrong; the log has the details",
  ended: "Latchkey ended while it ran",
};

const GO_ON: Record<Extract<RunReason, { kind: "interrupted" }>["remedy"], string> = {
  resume: "resume it, or roll it back",
  "remove-old": "remove its old private keys once more (--remove-old)",
};

const STUCK_BACK: Record<Phase, string> = {
  keep: "an old private key that was kept could not be put back, so the old key stays revoked",
  revoke: "the old key could not be restored everywhere, so the new private key stays where it is installed",
  "install-key": "an old private key could not be restored, so the new key stays granted",
  grant: "a file could not be rolled back",
  "create-key": "the new private key could not be removed",
  finish: "what is committed cannot be rolled back",
  request: "the new keys could not be removed",
  issue: "the issued certificate could not be discarded",
  install: "an old certificate could not be restored",
  "post-check": "whether the certificate is served could not be read",
  test: "a test changes nothing that could be rolled back",
  reload: "a reload cannot be rolled back",
  disable: "an account could not be restored, so it stays disabled",
  remove: "the lines of an account could not be put back",
};

const WAITS: Record<RunWait, string> = {
  certificate: "a certificate is to be brought: latchkey runs csr shows what it is asked for with",
  "post-check":
    "the new certificates are served; a post-deployment check follows before the old files are deleted",
  "host-key-known": "those who know the host by its old key learn the new one at their next login",
  grace:
    "the old key and the new one both stand: logs are watched for uses of the old one before it is removed",
  "login-after-removal":
    "the old lines are gone, and the journal must show one more login with the new key; or its owner signs with it, or the accounts are approved by name",
  "login-before-removal":
    "the journal must show a login with the new key before anything is removed, and until then the old key stays, too; or its owner signs with it, or the accounts are approved by name",
  "account-watch":
    "the accounts are disabled, and logs are watched for whoever still needs them: runs rollback restores them",
  "account-decision":
    "the accounts are disabled, and the time to watch them is over: restore them (latchkey restore), remove them (latchkey remove), or leave them so (runs resume --now)",
};

/** What the issuer of a run's certificate does now, or why there is none; empty where its state says it all. */
export function formatOrderNote(note: OrderNote | null): string {
  switch (note?.kind) {
    case undefined:
      return "";
    case "ordered":
      return "ordered";
    case "challenge":
      return `${note.type} of ${note.name}: ${note.said}`;
    case "finalizing":
      return "is being signed";
    case "waits":
    case "refused":
      return note.said;
    case "faulty":
      return note.faults;
    default:
      return assertNever(note);
  }
}

/** The repairs of a run that can be approved. */
export const repairsOf = ({ state, files }: Pick<RunDetail, "state" | "files">): RunRepair[] =>
  state === "needs-attention"
    ? files.flatMap(({ host, port, path, fate, repair }) =>
        fate === "stuck" && repair ? [{ host, port, path, over: repair.over, to: repair.to }] : [],
      )
    : [];

/** What a repair would do to a stuck file, a line each as in a diff; or why no repair is known. */
export function formatRepair({ takeOut, putBack, repair, why }: RunFile): string[] {
  if (!repair) return [`no repair is known: ${why}`];
  if (repair.over === repair.to) return ["stays as somebody has made it: no line in it is the run's own"];
  return [...takeOut.map((line) => `- ${line}`), ...putBack.map((line) => `+ ${line}`)];
}
