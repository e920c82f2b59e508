/** Why a run has come to its end, or stands still, as values: stored with it, and said by `text/run.ts`. */
import { z } from "zod";
import { PlanKind } from "./plan.ts";
import { RemainingAccess } from "./remaining-access.ts";
import { AccessCheck, OldKeyUse, Phase } from "./run.ts";
import { Cause, StepResult, StillAccepted } from "./step-result.ts";
import { HostName, Port } from "./target.ts";

/** What a run waits for: somebody, or a time. */
export const RunWait = z.enum([
  "certificate",
  "post-check",
  "host-key-known",
  "grace",
  "login-before-removal",
  "login-after-removal",
]);
export type RunWait = z.infer<typeof RunWait>;

/** Where an old private key is. `host` null: on this computer. */
export const OldKeyLocation = z.object({
  host: HostName.nullable(),
  port: Port.nullable(),
  /** Of the file, or of the agent's socket. */
  path: z.string(),
  isAgent: z.boolean(),
});
export type OldKeyLocation = z.infer<typeof OldKeyLocation>;

export const RunReason = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("steps-failed"), count: z.int() }),
  z.object({ kind: z.literal("hosts-failed"), count: z.int() }),
  /** What came of the steps that are not as they should be. `host` null: on this computer. */
  z.object({
    kind: z.literal("steps"),
    steps: z.array(z.object({ host: z.string().nullable(), result: StepResult.nullable() })),
  }),
  /** A host of it cannot be reached. */
  z.object({ kind: z.literal("unreachable") }),
  /** These cannot be reached, and are not as they were. */
  z.object({ kind: z.literal("unreachable-on-the-way-back"), hosts: z.array(z.string()) }),
  /** A step could neither be done nor taken back. */
  z.object({ kind: z.literal("stuck") }),
  /** What this phase has done could not be taken back everywhere. */
  z.object({ kind: z.literal("stuck-on-the-way-back"), phase: Phase.nullable() }),
  z.object({ kind: z.literal("not-served-any-more") }),
  /** It was to be taken back, and these hosts had been committed. */
  z.object({ kind: z.literal("partly-committed"), hosts: z.array(z.string()) }),
  z.object({ kind: z.literal("waiting"), for: RunWait }),
  /** Nothing is wrong on a host: the journal cannot be written, the vault is locked, a passphrase was not told. */
  z.object({ kind: z.literal("blocked"), cause: Cause }),
  /** How it stands could not be written down so far. */
  z.object({ kind: z.literal("end-unwritten"), cause: Cause }),
  /** `by`: Latchkey was closed, or had a fault, or its process had ended when it was started again. */
  z.object({
    kind: z.literal("interrupted"),
    by: z.enum(["closed", "fault", "ended"]),
    remedy: z.enum(["resume", "remove-old"]),
  }),
  /** The old key, in the days of grace. */
  z.object({ kind: z.literal("still-used"), uses: z.array(OldKeyUse) }),
  /** sshd goes on to take keys whose lines are gone; for that the old private keys are kept. */
  z.object({
    kind: z.literal("still-accepted"),
    accepted: z.array(StillAccepted),
    kept: z.array(OldKeyLocation),
  }),
  /** Whether keys are refused whose lines are gone is not known. */
  z.object({ kind: z.literal("access-unknown"), checks: z.array(AccessCheck) }),
  z.object({ kind: z.literal("old-key-not-removed"), at: OldKeyLocation, cause: Cause }),
  /** Where what was to go lets in as before. */
  z.object({ kind: z.literal("remaining"), planKind: PlanKind, accounts: z.array(RemainingAccess) }),
  /** `isOffline`: the script of that host is run once more for it. */
  z.object({
    kind: z.literal("left-out"),
    files: z.array(z.object({ host: HostName, path: z.string(), cause: Cause })),
    isOffline: z.boolean(),
  }),
  /** Of offline scripts. `phase`: of runs that have several scripts a host. */
  z.object({
    kind: z.literal("results-awaited"),
    hosts: z.int(),
    phase: Phase.nullable(),
    planKind: PlanKind,
  }),
  /** All hosts are done, and on this computer the new private key is not in its place. */
  z.object({ kind: z.literal("old-key-here"), paths: z.array(z.string()) }),
]);
export type RunReason = z.infer<typeof RunReason>;
