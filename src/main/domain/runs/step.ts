import type { Phase, StepState } from "#shared/model/runs/run.ts";
import type { RunReason } from "#shared/model/runs/run-note.ts";
import type { BackAs, Cause } from "#shared/model/runs/step-result.ts";

/** One phase at one host, or here. Steps are derived from the plan and stored nowhere but by their ordinal and state. */
export type Step = {
  /** Its place in the run; from 1. */
  ordinal: number;
  phase: Phase;
  /** The place in `plan.hosts`; null: this computer. */
  host: number | null;
  batch: number;
};

/** The bytes that a file of the plan may have: as it was found, with the new lines, as it ends. */
export type Stage = "before" | "added" | "removed";

/** What a file was found to be. Where two stages have the same bytes it is the earlier one. `unreadable`: its bytes were not shown. */
export type FileSeen = Stage | "other" | "unreadable";

/**
 * What a private key was found to be: the old one in its place, the same with something of the hand-over beside it (its
 * public half is hidden, the new one lies there), the new one there, the new one and nothing of the old.
 */
export type PrivateKeySeen = "old" | "begun" | "new" | "committed" | "other";

/**
 * What the files of a certificate were found to be: all of them as they were, or all the new ones, or some of each; or one
 * of them something else.
 */
export type CertificateSeen = "old" | "new" | "mixed" | "other";

/** What was seen just now of a place whose authorized_keys files change, or that has private keys which are replaced. */
export type AccessSeen = {
  kind: "seen";
  /** By their place in the host's files of the plan. */
  files: readonly FileSeen[];
  /** By their place in the host's files: from which phase on the run does without it; null: it does not. */
  leftOut: readonly (Phase | null)[];
  /** By their place among the private keys of the host, or of this computer. */
  privateKeys: readonly PrivateKeySeen[];
  /** A lock or backups of this run are there. */
  hasWork: boolean;
};

/** What was seen just now of a host whose certificates are renewed. */
export type CertificatesSeen = {
  kind: "certificates-seen";
  /** By their place in the host's certificates of the plan. */
  certificates: readonly CertificateSeen[];
  /** Files of this run are there. */
  hasWork: boolean;
};

export type Observation =
  | AccessSeen
  | CertificatesSeen
  /** It cannot be reached, or did not answer: nothing is known of it. */
  | { kind: "lost"; why: string };

export type StepProgress = {
  ordinal: number;
  state: StepState;
  /** It waits for a log to tell of a login, or for somebody to bring a certificate: nothing is wrong, and nothing can be hurried. */
  isAwaiting: boolean;
};

export type Progress = {
  /**
   * What the user wants: on with it, hold on after what is under way, or everything back. `back` is written down before
   * anything is taken back, and stays: a run that was killed on its way back is half-way, and never goes on from there.
   */
  want: "on" | "pause" | "back";
  steps: readonly StepProgress[];
  /** By place of the host in the plan, null for here; a place that is not in it was not looked at since its last task. */
  seen: ReadonlyMap<number | null, Observation>;
  /** Of the grace period between hand-over and removal, and of the time until certificates are looked at again: false until it is over. A plan without one does not ask. */
  isGraceOver: boolean;
};

/**
 * `act`: bring what the step is about to its stage, whatever of it stands already; then it is `acted`. `verify`: all of it
 * stands: verify it, disarm the dead-man, look once more; then it is `verified`. `undo`: bring it back to where it was before
 * the step, and where that was the first step of its place clear away our lock and backups; then it is `as`, or it needs
 * attention. `cause`: what it has failed by. `settle`: it stands so already, or was never begun; only the journal is behind.
 */
export type Task =
  | { step: Step; what: "act" | "verify" }
  | { step: Step; what: "undo"; as: "failed"; cause: Cause }
  | { step: Step; what: "undo"; as: "rolled-back" }
  | { step: Step; what: "settle"; as: "failed" | "needs-attention"; cause: Cause }
  | { step: Step; what: "settle"; as: "rolled-back"; back: BackAs };

export type Move =
  /** Look at these places, side by side, and ask again. */
  | { kind: "inspect"; hostIndexes: readonly (number | null)[] }
  /** Do these, side by side, journal what came of each, forget what was seen of their places, and ask again. */
  | { kind: "do"; tasks: readonly Task[] }
  /** Nothing can be done before a log has told of something, the grace period is over, a certificate is brought, or it is time to look again. */
  | { kind: "wait"; until: Wait }
  | { kind: "end"; state: EndState; reason: RunReason | null };

export type Wait = "log" | "grace" | "certificate" | "post-check";

/**
 * `stopped` and `needs-attention` can be gone on with: a step that failed is `planned` again then, one that needs
 * attention is `acted`.
 */
export type EndState = "committed" | "rolled-back" | "stopped" | "paused" | "needs-attention";

/** Whether a file that is left out from one phase on is so in another. */
export const isWithout = (from: Phase | null | undefined, phase: Phase): boolean =>
  from === "grant" || from === phase;

/** How a step is taken back: for what it has failed by, or since a person wants it. */
export type Back = { as: "failed"; cause: Cause } | { as: "rolled-back" };
