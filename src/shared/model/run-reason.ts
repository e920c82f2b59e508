import type { Phase } from "./run.ts";

/** What a run waits for: somebody, or a time. */
export type RunWait =
  | "certificate"
  | "recheck"
  | "host-key-known"
  | "grace"
  | "login-before-removal"
  | "login-after-removal";

/** Why a run has come to its end, or stands still, as a value: `text/run.ts` makes the sentence of it. */
export type RunReason =
  | { kind: "steps-failed"; count: number }
  | { kind: "hosts-failed"; count: number }
  /** A host of it cannot be reached. */
  | { kind: "unreachable" }
  /** These cannot be reached, and are not as they were. */
  | { kind: "unreachable-on-the-way-back"; hosts: readonly string[] }
  /** A step could neither be done nor taken back. */
  | { kind: "stuck" }
  /** What this phase has done could not be taken back everywhere. */
  | { kind: "stuck-on-the-way-back"; phase: Phase | null }
  | { kind: "not-served-any-more" }
  /** It was to be taken back, and these hosts had been committed. */
  | { kind: "partly-committed"; hosts: readonly string[] }
  | { kind: "waiting"; for: RunWait };
