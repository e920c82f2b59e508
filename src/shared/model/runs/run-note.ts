/** Why a run has come to its end, or stands still, as values: stored with it, and said by `text/run.ts`. */

import { z } from "zod";
import { UseEvidence } from "../hosts/host-use.ts";
import { HostName, Port } from "../hosts/target.ts";
import { Instant } from "../instant.ts";
import { PlanKind } from "./plan.ts";
import { RemainingAccess } from "./remaining-access.ts";
import { ResultSignature } from "./result-claim.ts";
import { AccessCheck, OldKeyUse, Phase, RunState, ScriptOutcome } from "./run.ts";
import { Cause, Evidence, StepResult, StillAccepted } from "./step-result.ts";

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
  z.object({ kind: z.literal("unreachable-in-rollback"), hosts: z.array(z.string()) }),
  /** A step could neither be done nor taken back. */
  z.object({ kind: z.literal("stuck") }),
  /** What this phase has done could not be taken back everywhere. */
  z.object({ kind: z.literal("stuck-in-rollback"), phase: Phase.nullable() }),
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

/** What the journal of a run tells beside what its steps came to, as values: said by `text/run-note.ts`. */

/** Why nobody can say whether an old key was used. */
export const UseGap = z.discriminatedUnion("kind", [
  /** The lines of the plan do not name the keys that go. */
  z.object({ kind: z.literal("keys-not-known") }),
  /** Its log names keys by MD5. */
  z.object({ kind: z.literal("md5-names"), account: z.string() }),
  z.object({ kind: z.literal("no-log") }),
  z.object({ kind: z.literal("not-read-now") }),
  /** The logs reach back without a gap to then only. */
  z.object({ kind: z.literal("begins-later"), at: Instant }),
]);
export type UseGap = z.infer<typeof UseGap>;

/** Whether the keys that go were used on a host while a run waited, by the host's clock. */
export const OldKeySilence = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("used"),
    account: z.string(),
    at: Instant,
    from: z.string().nullable(),
    evidence: UseEvidence,
  }),
  /** `file`: plain files had to be believed for it, which any user of the host can have lines written to. */
  z.object({ kind: z.literal("quiet"), evidence: UseEvidence }),
  z.object({ kind: z.literal("unknown"), why: UseGap }),
]);
export type OldKeySilence = z.infer<typeof OldKeySilence>;

/** What was seen and decided while the old key is watched. */
const GraceNote = [
  z.object({ kind: z.literal("old-key-used"), use: OldKeyUse }),
  z.object({
    kind: z.literal("host-watched"),
    host: HostName,
    port: Port,
    silence: OldKeySilence,
    since: Instant,
    /** It is taken for silence. */
    isEnough: z.boolean(),
  }),
  z.object({ kind: z.literal("watched-until"), dueAt: Instant }),
  z.object({ kind: z.literal("grace-ended") }),
  /** Nobody has agreed to shut these out. */
  z.object({ kind: z.literal("grace-not-ended"), uses: z.array(OldKeyUse) }),
] as const;

/** What was done to a file that somebody else had changed. `out`, `back`: so many lines taken out of it, and put back into it. */
const FileNote = [
  z.object({ kind: z.literal("wrote"), path: z.string() }),
  z.object({ kind: z.literal("files-replaced"), paths: z.array(z.string()) }),
  z.object({ kind: z.literal("lines-rolled-back"), path: z.string(), out: z.int(), back: z.int() }),
  z.object({ kind: z.literal("repaired"), path: z.string(), out: z.int(), back: z.int() }),
  z.object({ kind: z.literal("left-out"), path: z.string(), cause: Cause }),
  /** It could not be written once more, and what stands there was verified. */
  z.object({ kind: z.literal("stands"), cause: Cause }),
  z.object({
    kind: z.literal("repair-approved"),
    files: z.array(z.object({ host: HostName, path: z.string() })),
  }),
] as const;

/** `said`: the words of the server. */
const ServerNote = [
  z.object({ kind: z.literal("reloaded"), server: z.string(), said: z.string() }),
  z.object({ kind: z.literal("files-accepted"), server: z.string() }),
  z.object({ kind: z.literal("files-untried"), server: z.string(), said: z.string() }),
  z.object({ kind: z.literal("served-not-seen"), whys: z.array(z.string()) }),
  z.object({ kind: z.literal("answer-left"), cause: Cause }),
  z.object({ kind: z.literal("post-check-hurried") }),
] as const;

export const RunNote = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("state"), state: RunState, reasons: z.array(RunReason) }),
  z.object({ kind: z.literal("begun-again"), direction: z.enum(["forward", "back"]) }),
  /** It was to be rolled back, and was over by then. */
  z.object({ kind: z.literal("over-already") }),
  z.object({ kind: z.literal("connection-lost"), why: z.string() }),
  /** Something that is not as it should be, and stops nothing. */
  z.object({ kind: z.literal("found"), cause: Cause }),
  z.object({ kind: z.literal("evidence"), evidence: z.array(Evidence), isBeforeRemoval: z.boolean() }),
  z.object({ kind: z.literal("old-keys-gone") }),
  /** Of an offline script. `endedAt`: by its host's clock. */
  z.object({
    kind: z.literal("result"),
    host: HostName,
    port: Port,
    endedAt: Instant,
    digest: z.string(),
  }),
  z.object({
    kind: z.literal("claim"),
    host: HostName,
    port: Port,
    outcome: ScriptOutcome,
    signature: ResultSignature,
  }),
  ...GraceNote,
  ...FileNote,
  ...ServerNote,
]);
export type RunNote = z.infer<typeof RunNote>;
