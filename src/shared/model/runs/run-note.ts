/** Why a run has ended, or does not continue, as values: stored with it, and formatted by `text/runs/run.ts`. */

import { z } from "zod";
import { UseEvidence } from "../hosts/host-use.ts";
import { HostName, Port } from "../hosts/target.ts";
import { Instant } from "../instant.ts";
import { AccountUse } from "./disabled-account.ts";
import { PlanKind } from "./plan.ts";
import { RemainingAccess } from "./remaining-access.ts";
import { RenewalTrust } from "./renewal-trust.ts";
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
  "account-watch",
  "account-decision",
]);
export type RunWait = z.infer<typeof RunWait>;

/** Where an old private key is. `host` null: on this computer. */
export const OldKeyLocation = z.object({
  host: HostName.nullable(),
  port: Port.nullable(),
  /** The path of the file, or of the agent's socket. */
  path: z.string(),
  isAgent: z.boolean(),
});
export type OldKeyLocation = z.infer<typeof OldKeyLocation>;

export const RunReason = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("steps-failed"), count: z.int() }),
  z.object({ kind: z.literal("hosts-failed"), count: z.int() }),
  /** The results of the steps that are not as they should be. `host` null: on this computer. */
  z.object({
    kind: z.literal("steps"),
    steps: z.array(z.object({ host: z.string().nullable(), result: StepResult.nullable() })),
  }),
  /** A host of the run cannot be reached. */
  z.object({ kind: z.literal("unreachable") }),
  /** These hosts cannot be reached, and are not as they were. */
  z.object({ kind: z.literal("unreachable-in-rollback"), hosts: z.array(z.string()) }),
  /** A step could be neither done nor rolled back. */
  z.object({ kind: z.literal("stuck") }),
  /** What this phase has done could not be rolled back everywhere. */
  z.object({ kind: z.literal("stuck-in-rollback"), phase: Phase.nullable() }),
  z.object({ kind: z.literal("not-served-any-more") }),
  /** The run was ended, and these hosts had been reloaded by then. */
  z.object({ kind: z.literal("stays-reloaded"), hosts: z.array(z.string()) }),
  /** The run was ended, and whether it had reloaded these by then is not known. */
  z.object({ kind: z.literal("maybe-reloaded"), hosts: z.array(z.string()) }),
  /** The run should have been rolled back, and these hosts were committed already. */
  z.object({ kind: z.literal("partly-committed"), hosts: z.array(z.string()) }),
  z.object({ kind: z.literal("waiting"), for: RunWait }),
  /** Nothing is wrong on a host: the journal cannot be written, the vault is locked, a passphrase was not given. */
  z.object({ kind: z.literal("blocked"), cause: Cause }),
  /** The end of the run could not be stored so far. */
  z.object({ kind: z.literal("end-unwritten"), cause: Cause }),
  /** `by`: Latchkey was closed, or had a fault, or its process had ended when it was started again. */
  z.object({
    kind: z.literal("interrupted"),
    by: z.enum(["closed", "fault", "ended"]),
    remedy: z.enum(["resume", "remove-old"]),
  }),
  /** The old key is still used, in the days of grace. */
  z.object({ kind: z.literal("still-used"), uses: z.array(OldKeyUse) }),
  /** sshd still accepts keys whose lines are gone; therefore the old private keys are kept. */
  z.object({
    kind: z.literal("still-accepted"),
    accepted: z.array(StillAccepted),
    kept: z.array(OldKeyLocation),
  }),
  /** It is not known whether sshd refuses the keys whose lines are gone. */
  z.object({ kind: z.literal("access-unknown"), checks: z.array(AccessCheck) }),
  z.object({ kind: z.literal("old-key-not-removed"), at: OldKeyLocation, cause: Cause }),
  /** Accounts that still let in what should go. */
  z.object({ kind: z.literal("remaining"), planKind: PlanKind, accounts: z.array(RemainingAccess) }),
  /** `isOffline`: that host's script has to be run once more. */
  z.object({
    kind: z.literal("left-out"),
    files: z.array(z.object({ host: HostName, path: z.string(), cause: Cause })),
    isOffline: z.boolean(),
  }),
  /** For offline scripts. `phase`: for runs with several scripts a host. */
  z.object({
    kind: z.literal("results-awaited"),
    hosts: z.int(),
    phase: Phase.nullable(),
    planKind: PlanKind,
  }),
  /** All hosts are done, and on this computer the old private key is not replaced yet. */
  z.object({ kind: z.literal("old-key-here"), paths: z.array(z.string()) }),
  /** The run had finished, and was not undone. */
  z.object({ kind: z.literal("undo-refused"), causes: z.array(Cause) }),
  /** A host is out of reach where what was kept for an undo is to be deleted. */
  z.object({ kind: z.literal("still-kept") }),
]);
export type RunReason = z.infer<typeof RunReason>;

/** What the journal of a run has beside the results of its steps, as values: formatted by `text/runs/run-note.ts`. */

/** Why it is not known whether an old key was used. */
export const UseGap = z.discriminatedUnion("kind", [
  /** The lines of the plan do not name the keys that go. */
  z.object({ kind: z.literal("keys-not-known") }),
  /** Its log names keys by MD5. */
  z.object({ kind: z.literal("md5-names"), account: z.string() }),
  z.object({ kind: z.literal("no-log") }),
  z.object({ kind: z.literal("not-read-now") }),
  /** Without a gap, the logs begin only then. */
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
  /** `file`: only plain files show it, to which any user of the host can have lines written. */
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
    /** It counts as silence. */
    isEnough: z.boolean(),
  }),
  z.object({ kind: z.literal("watched-until"), dueAt: Instant }),
  z.object({ kind: z.literal("grace-ended") }),
  /** Nobody has acknowledged that these are shut out. */
  z.object({ kind: z.literal("grace-not-ended"), uses: z.array(OldKeyUse) }),
] as const;

/**
 * What was done to a file that somebody else had changed. `out`, `back`: how many lines were removed from it, and put
 * back into it.
 */
const FileNote = [
  z.object({ kind: z.literal("wrote"), path: z.string() }),
  z.object({ kind: z.literal("files-replaced"), paths: z.array(z.string()) }),
  z.object({ kind: z.literal("lines-rolled-back"), path: z.string(), out: z.int(), back: z.int() }),
  z.object({ kind: z.literal("repaired"), path: z.string(), out: z.int(), back: z.int() }),
  z.object({ kind: z.literal("left-out"), path: z.string(), cause: Cause }),
  /** It could not be written again, and what is there was verified. */
  z.object({ kind: z.literal("stands"), cause: Cause }),
  z.object({
    kind: z.literal("repair-approved"),
    files: z.array(z.object({ host: HostName, path: z.string() })),
  }),
] as const;

/** What was seen of disabled accounts. */
const AccountNote = [
  z.object({ kind: z.literal("account-used"), use: AccountUse }),
  /** `sources`: the logs that were read, `partial`: not to their end; `uses`, `tries`: new lines; `more`: not kept. */
  z.object({
    kind: z.literal("account-watched"),
    host: HostName,
    port: Port,
    sources: z.array(z.string()),
    partial: z.array(z.string()).default([]),
    uses: z.int(),
    tries: z.int().default(0),
    more: z.int(),
  }),
  z.object({ kind: z.literal("watch-unreadable"), host: HostName, port: Port, why: z.string() }),
  z.object({ kind: z.literal("watch-until"), dueAt: Instant }),
  z.object({ kind: z.literal("watch-ended") }),
] as const;

/** `said`: the words of the server. */
const ServerNote = [
  z.object({ kind: z.literal("reloaded"), server: z.string(), said: z.string() }),
  z.object({ kind: z.literal("files-accepted"), server: z.string() }),
  z.object({ kind: z.literal("files-untried"), server: z.string(), said: z.string() }),
  z.object({ kind: z.literal("served-not-seen"), whys: z.array(z.string()) }),
  z.object({ kind: z.literal("answer-left"), cause: Cause }),
  z.object({ kind: z.literal("post-check-hurried") }),
  /** Somebody has acknowledged that clients will refuse what was issued. */
  z.object({ kind: z.literal("trust-acknowledged"), name: z.string(), trust: RenewalTrust }),
] as const;

export const RunNote = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("state"), state: RunState, reasons: z.array(RunReason) }),
  z.object({ kind: z.literal("begun-again"), direction: z.enum(["forward", "back"]) }),
  /** It should have been rolled back, and was over by then. */
  z.object({ kind: z.literal("over-already") }),
  z.object({ kind: z.literal("connection-lost"), why: z.string() }),
  /** Something that is not as it should be, and stops nothing. */
  z.object({ kind: z.literal("found"), cause: Cause }),
  z.object({ kind: z.literal("evidence"), evidence: z.array(Evidence), isBeforeRemoval: z.boolean() }),
  z.object({ kind: z.literal("old-keys-gone") }),
  /** An undo has put lines back: whether sshd accepts their keys again. */
  z.object({
    kind: z.literal("put-back"),
    host: HostName,
    port: Port,
    answers: z.array(
      z.object({ account: z.string(), fingerprint: z.string(), answer: AccessCheck.shape.answer }),
    ),
  }),
  /** It is not undone: something is not as the run has left it, or cannot be seen. Nothing was changed. */
  z.object({ kind: z.literal("undo-refused"), causes: z.array(Cause) }),
  /** It can no longer be undone. `isKept`: its old private keys stay, for the old key may still log in somewhere. */
  z.object({ kind: z.literal("undo-over"), isKept: z.boolean() }),
  /** The result of an offline script. `endedAt`: by its host's clock. */
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
  ...AccountNote,
]);
export type RunNote = z.infer<typeof RunNote>;
