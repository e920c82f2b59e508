import type { Phase, StepState } from "#shared/model/runs/run.ts";
import type { RunReason } from "#shared/model/runs/run-note.ts";
import type { BackAs, Cause } from "#shared/model/runs/step-result.ts";

/**
 * One phase on one host, or here. Steps are derived from the plan and stored nowhere but by their ordinal and state.
 */
export type Step = {
  /** Its number in the run; from 1. */
  ordinal: number;
  phase: Phase;
  /** The index in `plan.hosts`; null: this computer. */
  host: number | null;
  batch: number;
};

/** The bytes that a file of the plan may have: as it was found, with the new lines, as it ends. */
export type Stage = "before" | "added" | "removed";

/**
 * What a file was found to be. If two stages have the same bytes it is the earlier one. `unreadable`: its bytes are not
 * known.
 */
export type FileSeen = Stage | "other" | "unreadable";

/**
 * What a private key was found to be: the old one, the old one with an installation begun beside it (its public key is
 * hidden, the new one lies there), the new one, the new one and nothing of the old.
 */
export type PrivateKeySeen = "old" | "begun" | "new" | "committed" | "other";

/**
 * What the files of a certificate were found to be: all of them as they were, or all the new ones, or some of each; or
 * one of them something else.
 */
export type CertificateSeen = "old" | "new" | "mixed" | "other";

/** What was seen just now of a host, or here, where authorized_keys files change or private keys are replaced. */
export type AccessSeen = {
  kind: "seen";
  /** By their index in the host's files of the plan. */
  files: readonly FileSeen[];
  /** By their index in the host's files: from which phase on the run leaves it out; null: it does not. */
  leftOut: readonly (Phase | null)[];
  /** By their index among the private keys of the host, or of this computer. */
  privateKeys: readonly PrivateKeySeen[];
  /** A lock or backups of this run are there. */
  hasWork: boolean;
};

/** What was seen just now of a host whose certificates are renewed. */
export type CertificatesSeen = {
  kind: "certificates-seen";
  /** By their index in the host's certificates of the plan. */
  certificates: readonly CertificateSeen[];
  /** Files of this run are there. */
  hasWork: boolean;
};

/**
 * What an account's entry was found to be: as before the run, as the run leaves it, some of each, or something else.
 */
export type AccountSeen = "before" | "after" | "mixed" | "other";

/** What was seen just now of a host whose accounts are disabled. */
export type DisableSeen = {
  kind: "disable-seen";
  /** By their index in the host's accounts of the plan. */
  accounts: readonly AccountSeen[];
  access: AccessSeen;
};

/** What was seen just now of a host of which the entries of accounts are removed; by their index in the plan. */
export type RemovalSeen = { kind: "removal-seen"; accounts: readonly AccountSeen[] };

export type Observation =
  | AccessSeen
  | RemovalSeen
  | DisableSeen
  | CertificatesSeen
  /** A host whose servers are reloaded answers: nothing of a reload stands there. */
  | { kind: "host-answers" }
  /** It cannot be reached, or did not answer: nothing is known of it. */
  | { kind: "lost"; why: string };

export type StepProgress = {
  ordinal: number;
  state: StepState;
  /**
   * It waits for a login in a log, or for somebody to import a certificate: nothing is wrong, and nothing can be
   * hurried.
   */
  isAwaiting: boolean;
};

export type Progress = {
  /**
   * What the user wants: go on, pause after what is under way, or roll everything back. `back` is written before
   * anything is rolled back, and stays: a run that was killed during its roll-back is half-way, and never goes on from
   * there.
   */
  want: "on" | "pause" | "back";
  steps: readonly StepProgress[];
  /** By the index of the host in the plan, null for here; what is not in it was not inspected since its last task. */
  seen: ReadonlyMap<number | null, Observation>;
  /** The times that are over. */
  over: ReadonlySet<Wait>;
};

/**
 * `act`: brings the step to its end, whatever of it was done already; then it is `acted`. `verify`: all of it was done:
 * verify it, stop the rollback timer, inspect once more; then it is `verified`. `undo`: brings it back to where it was
 * before the step, and if that was the first step on its host, removes our lock and backups; then it is `as`, or it
 * needs attention. `cause`: why it has failed. `settle`: it is so already, or was never begun; only the journal is
 * behind.
 */
export type Task =
  | { step: Step; what: "act" | "verify" }
  | { step: Step; what: "undo"; as: "failed"; cause: Cause }
  | { step: Step; what: "undo"; as: "rolled-back" }
  | { step: Step; what: "settle"; as: "failed" | "needs-attention"; cause: Cause }
  | { step: Step; what: "settle"; as: "rolled-back"; back: BackAs };

export type Move =
  /** Inspect these, side by side, and ask again. */
  | { kind: "inspect"; hostIndexes: readonly (number | null)[] }
  /** Do these, side by side, journal each result, forget what was seen of their hosts, and ask again. */
  | { kind: "do"; tasks: readonly Task[] }
  /**
   * Nothing can be done before a log shows something, the grace period is over, a certificate is imported, a check is
   * due, or the run can no longer be undone.
   */
  | { kind: "wait"; until: Wait }
  | { kind: "end"; state: EndState; reason: RunReason | null };

export type Wait = "log" | "grace" | "certificate" | "post-check" | "undo";

/**
 * `stopped` and `needs-attention` can be resumed: a step that failed is `planned` again then, one that needs
 * attention is `acted`.
 */
export type EndState = "committed" | "rolled-back" | "stopped" | "paused" | "needs-attention";

/** Whether a file that is left out from one phase on is left out in another. */
export const isWithout = (from: Phase | null | undefined, phase: Phase): boolean =>
  from === "grant" || from === phase;

/** How a step is rolled back: for the cause of its failure, or because the user wants it. */
export type Back = { as: "failed"; cause: Cause } | { as: "rolled-back" };
