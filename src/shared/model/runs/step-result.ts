/**
 * What a step came to, beside its state, as a value: stored with it, shown by `text/run-step.ts`, and read by whatever decides. Nothing is
 * decided by a sentence.
 */
import { z } from "zod";
import { ClaimReason } from "../hosts/host.ts";
import { HostName, Port } from "../hosts/target.ts";
import { RefusedByHost } from "./host-refusal.ts";
import { PlanKind } from "./plan.ts";
import { RemainingAccess } from "./remaining-access.ts";
import { ResultSignature } from "./result-claim.ts";

/** What a step is about to do. */
export const Intent = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("create-key") }),
  z.object({ kind: z.literal("add-lines"), files: z.int() }),
  z.object({ kind: z.literal("remove-lines"), files: z.int() }),
  z.object({ kind: z.literal("install-key"), locations: z.int() }),
  z.object({ kind: z.literal("create-certificate-keys"), count: z.int() }),
  z.object({ kind: z.literal("have-signed"), names: z.array(z.string()), issuers: z.array(z.string()) }),
  z.object({ kind: z.literal("install-certificates"), count: z.int() }),
  z.object({ kind: z.literal("check-served") }),
  z.object({ kind: z.literal("clear") }),
]);
export type Intent = z.infer<typeof Intent>;

/** What a step has done, and not verified yet. */
export const Deed = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("wrote-files"), files: z.int() }),
  z.object({ kind: z.literal("installed-key"), locations: z.int() }),
  z.object({ kind: z.literal("installed-certificates") }),
]);
export type Deed = z.infer<typeof Deed>;

/** What a step that stands waits for: nothing is wrong, and nothing can be hurried. */
export const Awaited = z.discriminatedUnion("kind", [
  /** A log has to tell of a login by the new key. */
  z.object({ kind: z.literal("login-in-log") }),
  /** Somebody has to log in while the change can still be taken back. */
  z.object({ kind: z.literal("login"), account: z.string() }),
  /** Somebody has to bring a certificate. */
  z.object({ kind: z.literal("certificate") }),
]);
export type Awaited = z.infer<typeof Awaited>;

/** A key of a run, as people know it. */
export const KeyName = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("new"), comment: z.string().nullable() }),
  z.object({ kind: z.literal("old") }),
  z.object({ kind: z.literal("other"), fingerprint: z.string() }),
]);
export type KeyName = z.infer<typeof KeyName>;

/** The words of a host, a server, an issuer or a transport, as they are shown: nobody decides by them. */
const Described = z.object({ kind: z.literal("described"), text: z.string() });

/** Of a file of a host: why it is not as it should be. */
const FileCause = [
  /** `isRoots`: nobody but root can have answered, so that all which it names is told. */
  RefusedByHost.extend({ kind: z.literal("refused"), path: z.string(), isRoots: z.boolean() }),
  z.object({ kind: z.literal("work-folder-occupied"), folder: z.string() }),
  /** An editor wrote to it while it was replaced. `files`: where that is kept; none: it is not known which. */
  z.object({ kind: z.literal("late-edit"), folder: z.string(), files: z.array(z.string()) }),
  z.object({ kind: z.literal("file-unreadable"), path: z.string() }),
  /** So that nothing was written to it. */
  z.object({ kind: z.literal("file-changed-unwritten"), path: z.string() }),
  z.object({ kind: z.literal("being-changed"), path: z.string() }),
  /** Somebody else has changed it, and nothing shows what it was; or they have changed the very lines of the run. */
  z.object({ kind: z.literal("no-copy"), path: z.string() }),
  z.object({ kind: z.literal("own-lines-changed"), path: z.string() }),
] as const;

/** Of a private key, or its agent. */
const KeyCause = [
  /** `path`: where it was looked for; null: nowhere. */
  z.object({ kind: z.literal("new-key-unavailable"), path: z.string().nullable() }),
  z.object({ kind: z.literal("key-file-changed"), path: z.string() }),
  z.object({ kind: z.literal("key-made-by-another-run"), path: z.string() }),
  z.object({ kind: z.literal("agent-did-not-sign"), path: z.string() }),
  z.object({ kind: z.literal("another-key"), path: z.string() }),
  z.object({
    kind: z.literal("key-did-not-sign"),
    path: z.string(),
    why: z.union([ClaimReason, z.literal("other-key")]),
  }),
] as const;

/** Of servers and their certificates. `said`: their words. */
const RenewalCause = [
  z.object({ kind: z.literal("files-rejected"), server: z.string(), said: z.string() }),
  z.object({ kind: z.literal("not-reloaded"), server: z.string(), said: z.string() }),
  /** Before anything was changed, so that nothing was ordered. */
  z.object({ kind: z.literal("fails-own-test"), server: z.string(), said: z.string() }),
  z.object({ kind: z.literal("not-served"), whys: z.array(z.string()) }),
  z.object({ kind: z.literal("served-not-visible"), whys: z.array(z.string()) }),
  z.object({ kind: z.literal("order-refused"), name: z.string(), issuer: z.string(), said: z.string() }),
  /** `issuer` null: it was issued before, and has become so. */
  z.object({
    kind: z.literal("certificate-faulty"),
    name: z.string(),
    issuer: z.string().nullable(),
    faults: z.string(),
  }),
] as const;

/** What let us in. */
const LetIn = z.enum(["key", "certificate"]);

/** Of logins that verify a step. `said`: what sshd or the way to it answered; `logged`: what its log tells of that. */
const LoginCause = [
  z.object({
    kind: z.literal("login-refused"),
    account: z.string(),
    by: LetIn.nullable(),
    said: z.string(),
    logged: z.string().nullable(),
  }),
  z.object({ kind: z.literal("login-unsure"), account: z.string(), by: LetIn.nullable(), said: z.string() }),
  /** By whoever runs its script. */
  z.object({ kind: z.literal("verified-by-hand"), account: z.string() }),
  z.object({ kind: z.literal("key-not-usable-here"), account: z.string() }),
  z.object({
    kind: z.literal("own-login-ended"),
    account: z.string(),
    by: LetIn,
    said: z.string(),
  }),
  z.object({ kind: z.literal("own-key-refused"), account: z.string() }),
  /** What let us in does not any more, as was agreed to, and nothing can show that something else does. */
  z.object({ kind: z.literal("no-other-login"), account: z.string(), by: LetIn }),
  z.object({ kind: z.literal("awaited"), for: Awaited }),
  z.object({ kind: z.literal("no-new-host-key") }),
  z.object({
    kind: z.literal("host-key-not-installed"),
    path: z.string(),
    why: z.enum(["unseen", "absent", "not-put", "another"]),
  }),
] as const;

const PlainCause = z.discriminatedUnion("kind", [Described, ...FileCause, ...KeyCause]);

/** Why a step could not be done, or not be undone. */
export const Cause = z.discriminatedUnion("kind", [
  Described,
  ...FileCause,
  ...KeyCause,
  ...RenewalCause,
  ...LoginCause,
  /** Of a folder, or a key: what the run has kept there is left. */
  z.object({ kind: z.literal("not-cleared"), by: PlainCause }),
  /** What was begun may lie there. */
  z.object({ kind: z.literal("begun-at"), by: PlainCause, path: z.string() }),
  z.object({ kind: z.literal("file-changed"), path: z.string() }),
  z.object({ kind: z.literal("new-line-gone"), path: z.string() }),
  z.object({ kind: z.literal("old-line-gone"), path: z.string() }),
  z.object({ kind: z.literal("odd-private-key") }),
  z.object({ kind: z.literal("key-not-installed"), path: z.string() }),
  z.object({ kind: z.literal("certificate-not-installed") }),
  /** What it shows instead of the new certificate. */
  z.object({ kind: z.literal("not-served-any-more"), seen: z.array(z.string()) }),
  /** The host has taken the change back by itself, before it was verified. */
  z.object({ kind: z.literal("rollback-timer-fired") }),
]);
export type Cause = z.infer<typeof Cause>;
export type PlainCause = z.infer<typeof PlainCause>;

/** A key whose lines are gone, and which sshd goes on to take. `why`: by what, as in `AccessCheck`. */
export const StillAccepted = z.object({
  host: HostName,
  port: Port,
  account: z.string(),
  fingerprint: z.string(),
  /** The one that a rotation replaces. */
  isOldKey: z.boolean(),
  why: z.array(z.string()),
});
export type StillAccepted = z.infer<typeof StillAccepted>;

/** What shows that a step stands; or, of a step that nothing verifies, what is known of it. */
export const Evidence = z.discriminatedUnion("kind", [
  Described,
  /** Something that is not as it should be, and stops nothing. */
  z.object({ kind: z.literal("found"), cause: Cause }),
  /** What let us in is taken, beside what is typed. */
  z.object({ kind: z.literal("own-key-accepted"), account: z.string() }),
  z.object({ kind: z.literal("own-key-untried"), account: z.string(), why: z.string() }),
  /** By something that is left; what let us in does not any more, as was agreed to. */
  z.object({ kind: z.literal("other-login"), account: z.string(), key: KeyName, by: LetIn }),
  z.object({
    kind: z.literal("other-login-in-log"),
    account: z.string(),
    from: z.string().nullable(),
    by: LetIn,
  }),
  /** Its holder has signed, and sshd does not take the key from here; or nobody knows whether it does. */
  z.object({ kind: z.literal("signed-not-accepted"), account: z.string() }),
  z.object({ kind: z.literal("signed-unsure"), account: z.string(), why: z.string() }),
  z.object({ kind: z.literal("log-unsure"), account: z.string(), why: z.string() }),
  z.object({ kind: z.literal("no-key-in-logs") }),
  z.object({
    kind: z.literal("host-key"),
    is: z.enum(["known-presented", "new-named", "new-presented"]),
    fingerprint: z.string(),
  }),
  /** The known one is presented, and only the removal to come can show the new one. */
  z.object({ kind: z.literal("host-key-unverified") }),
  z.object({ kind: z.literal("login"), account: z.string(), key: KeyName }),
  z.object({ kind: z.literal("login-in-log"), account: z.string(), key: KeyName }),
  /** A file that any user of the host may write tells of it. */
  z.object({ kind: z.literal("claimed-login"), account: z.string(), key: KeyName, path: z.string() }),
  z.object({ kind: z.literal("no-login"), account: z.string(), why: z.string() }),
  /** The holder of the key has signed the run's challenge, and sshd takes it. */
  z.object({ kind: z.literal("signed"), account: z.string(), key: KeyName }),
  z.object({ kind: z.literal("approved"), account: z.string(), who: z.string(), day: z.string() }),
  /** What has let us in does so still. */
  z.object({ kind: z.literal("own-login"), account: z.string(), by: z.enum(["key", "certificate"]) }),
  /** What sshd answered when it was asked whether it takes a key. */
  z.object({
    kind: z.literal("access"),
    account: z.string(),
    fingerprint: z.string(),
    answer: z.enum(["refused", "accepted", "unknown"]),
    why: z.array(z.string()),
  }),
  z.object({ kind: z.literal("nothing-to-log-in") }),
  z.object({ kind: z.literal("key-made"), fingerprint: z.string() }),
  z.object({ kind: z.literal("key-installed"), isHere: z.boolean() }),
  z.object({ kind: z.literal("certificate-keys-made"), count: z.int() }),
  z.object({ kind: z.literal("issued"), name: z.string(), sha256: z.string().nullable() }),
  /** `isAgain`: it was before. */
  z.object({
    kind: z.literal("served"),
    isAgain: z.boolean(),
    /** At so many; none: nowhere could be looked. */
    addresses: z.int(),
    /** Of so many addresses nothing but the certificate itself could be read. */
    leavesAlone: z.int(),
  }),
  /** `isWhole`: nothing is left of the run there. */
  z.object({ kind: z.literal("cleared"), isWhole: z.boolean() }),
  /** For those whom it still lets in; for nobody who is known, but by agreement, where both are empty. */
  z.object({
    kind: z.literal("old-key-kept"),
    accepted: z.array(StillAccepted),
    remaining: z.array(RemainingAccess),
    planKind: PlanKind,
  }),
]);
export type Evidence = z.infer<typeof Evidence>;

/** How a place stands once a step of it is taken back. */
export const BackAs = z.enum([
  "rolled-back",
  "as-before",
  "unchanged",
  "issued-unused",
  "key-removed",
  "certificate-keys-removed",
  "old-certificate-served",
  "old-certificate-unseen",
]);
export type BackAs = z.infer<typeof BackAs>;

export const StepResult = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("intended"), to: Intent }),
  z.object({ kind: z.literal("acted"), what: Deed }),
  z.object({ kind: z.literal("waiting"), for: Awaited }),
  /** It is tried once more; why it was not done so far. */
  z.object({ kind: z.literal("retrying"), cause: Cause }),
  /** Somebody has asked for a step that failed to be done once more. */
  z.object({ kind: z.literal("retry-requested") }),
  z.object({ kind: z.literal("verified"), evidence: z.array(Evidence) }),
  z.object({ kind: z.literal("rolled-back"), as: BackAs, left: z.array(Cause) }),
  /** `stands`: what was done of it; `left`: what is still there, and does no harm. */
  z.object({
    kind: z.literal("failed"),
    cause: Cause,
    stands: z.enum(["rolled-back", "nothing-removed", "nothing-changed", "not-said"]),
    left: z.array(Cause),
  }),
  /** `left`: what could not be taken back; `cause`: what for it was to be, where it has failed. */
  z.object({ kind: z.literal("needs-attention"), cause: Cause.nullable(), left: z.array(Cause) }),
  /** What an offline script has told. `signature`: whose it is. */
  z.object({
    kind: z.literal("imported"),
    end: z.enum(["done", "rolled-back", "stuck", "nothing-changed", "no-further"]),
    why: z.string(),
    kept: z.string().nullable(),
    unended: z.array(Cause),
    signature: ResultSignature,
  }),
]);
export type StepResult = z.infer<typeof StepResult>;

export const described = (text: string): z.infer<typeof Described> => ({ kind: "described", text });
