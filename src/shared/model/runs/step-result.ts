/**
 * The result of a step, beside its state, as a value: stored with it, formatted by `text/runs/run-step.ts`, and the
 * basis of decisions. No sentence decides anything.
 */
import { z } from "zod";
import { ClaimReason } from "../hosts/host.ts";
import { HostName, Port } from "../hosts/target.ts";
import { HostRefusal, RefusedByHost } from "./host-refusal.ts";
import { PlanKind } from "./plan.ts";
import { RemainingAccess } from "./remaining-access.ts";
import { RenewalTrust } from "./renewal-trust.ts";
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
  z.object({ kind: z.literal("keep") }),
  z.object({ kind: z.literal("clear") }),
  z.object({ kind: z.literal("test-servers"), servers: z.array(z.string()) }),
  z.object({ kind: z.literal("reload-servers"), servers: z.array(z.string()) }),
  z.object({ kind: z.literal("disable-accounts"), accounts: z.array(z.string()) }),
  z.object({ kind: z.literal("leave-disabled"), accounts: z.array(z.string()) }),
  z.object({ kind: z.literal("remove-accounts"), accounts: z.array(z.string()) }),
]);
export type Intent = z.infer<typeof Intent>;

/** What a step has done, and not verified yet. */
export const Deed = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("wrote-files"), files: z.int() }),
  z.object({ kind: z.literal("installed-key"), locations: z.int() }),
  z.object({ kind: z.literal("installed-certificates") }),
  z.object({ kind: z.literal("reloaded-servers"), servers: z.array(z.string()) }),
  z.object({ kind: z.literal("disabled-accounts"), accounts: z.array(z.string()) }),
  z.object({ kind: z.literal("removed-accounts"), accounts: z.array(z.string()) }),
]);
export type Deed = z.infer<typeof Deed>;

/** What a step that is done waits for: nothing is wrong, and nothing can be hurried. */
export const Awaited = z.discriminatedUnion("kind", [
  /** A login by the new key has to appear in a log. */
  z.object({ kind: z.literal("login-in-log") }),
  /** Somebody has to log in while the change can still be rolled back. */
  z.object({ kind: z.literal("login"), account: z.string() }),
  /** Somebody has to provide a certificate. */
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

/** The words of a host, a server, an issuer or a transport, as they are shown: they decide nothing. */
const Described = z.object({ kind: z.literal("described"), text: z.string() });

/** Why a file of a host is not as it should be. */
const FileCause = [
  /** `isRoots`: only root can have answered, so every path in the answer is shown. */
  RefusedByHost.extend({ kind: z.literal("refused"), path: z.string(), isRoots: z.boolean() }),
  z.object({ kind: z.literal("work-folder-occupied"), folder: z.string() }),
  /**
   * An editor wrote to it while it was replaced. `files`: where that text is kept; none: it is not known which file has
   * it.
   */
  z.object({ kind: z.literal("late-edit"), folder: z.string(), files: z.array(z.string()) }),
  z.object({ kind: z.literal("file-unreadable"), path: z.string() }),
  /** Somebody has changed it, so nothing was written to it. */
  z.object({ kind: z.literal("file-changed-unwritten"), path: z.string() }),
  z.object({ kind: z.literal("being-changed"), path: z.string() }),
  /**
   * Somebody else has changed it, and nothing shows what it was (`no-copy`), or they have changed the run's own lines.
   */
  z.object({ kind: z.literal("no-copy"), path: z.string() }),
  z.object({ kind: z.literal("own-lines-changed"), path: z.string() }),
] as const;

/** Causes of a private key, or its agent. */
const KeyCause = [
  /** `path`: where it was expected; null: nowhere. */
  z.object({ kind: z.literal("new-key-unavailable"), path: z.string().nullable() }),
  z.object({ kind: z.literal("key-file-changed"), path: z.string() }),
  z.object({ kind: z.literal("key-made-by-another-run"), path: z.string() }),
  z.object({ kind: z.literal("agent-did-not-sign"), path: z.string() }),
  /** It no longer has both keys of the run. */
  z.object({ kind: z.literal("agent-lost-key"), path: z.string() }),
  /** The run's own login is by the key that an undo would take away, and nothing comes back for it. */
  z.object({ kind: z.literal("own-login-goes"), path: z.string() }),
  z.object({ kind: z.literal("another-key"), path: z.string() }),
  z.object({
    kind: z.literal("key-did-not-sign"),
    path: z.string(),
    why: z.union([ClaimReason, z.literal("other-key")]),
  }),
] as const;

/** Causes of servers and their certificates. `said`: their words. */
const RenewalCause = [
  z.object({ kind: z.literal("files-rejected"), server: z.string(), said: z.string() }),
  z.object({ kind: z.literal("not-reloaded"), server: z.string(), said: z.string() }),
  /** It failed before anything was changed, so nothing was ordered. */
  z.object({ kind: z.literal("fails-own-test"), server: z.string(), said: z.string() }),
  z.object({ kind: z.literal("not-served"), whys: z.array(z.string()) }),
  z.object({ kind: z.literal("served-not-visible"), whys: z.array(z.string()) }),
  z.object({ kind: z.literal("order-refused"), name: z.string(), issuer: z.string(), said: z.string() }),
  /** `issuer` null: it was issued before, and has become faulty. */
  z.object({
    kind: z.literal("certificate-faulty"),
    name: z.string(),
    issuer: z.string().nullable(),
    faults: z.string(),
  }),
  /** Clients would refuse what was issued, and nobody has acknowledged that. */
  z.object({
    kind: z.literal("trust-unacknowledged"),
    certificates: z.array(z.object({ name: z.string(), trust: RenewalTrust })),
  }),
] as const;

/** Causes of a reload. `said`: the server's own words. */
const ReloadCause = [
  /** Therefore it was not reloaded. */
  z.object({ kind: z.literal("fails-test"), server: z.string(), said: z.string() }),
  /** It could be tested when the plan was made, and cannot be now: it was not reloaded. */
  z.object({ kind: z.literal("untested-now"), server: z.string(), said: z.string() }),
  /** It was reloaded, and what it presents is not what its files hold. */
  z.object({ kind: z.literal("not-presented"), whys: z.array(z.string()) }),
  /** The file holds another certificate than when the plan was made. */
  z.object({ kind: z.literal("other-certificate"), path: z.string() }),
] as const;

/** Causes of an account's entry. */
const AccountCause = [
  /** It is another one than when the plan was made, or somebody has changed it since. */
  z.object({ kind: z.literal("account-changed"), account: z.string() }),
  z.object({ kind: z.literal("account-refused"), account: z.string(), why: RefusedByHost }),
  /** The host's own timer has tried to roll it back, and could not. */
  z.object({ kind: z.literal("timer-gave-up"), account: z.string(), why: HostRefusal }),
  /** The run has logged in as it: whoever disables it shuts the run out. */
  z.object({ kind: z.literal("own-account"), account: z.string() }),
  /** A login to it works, though it is locked, expired and without a shell. */
  z.object({ kind: z.literal("still-logs-in"), account: z.string(), fingerprint: z.string() }),
] as const;

/** What let the run in. */
const LetIn = z.enum(["key", "certificate"]);

/**
 * Causes of logins that verify a step. `said`: the answer of sshd, or of the route to it; `logged`: what its log says
 * of that.
 */
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
  /** Its lines were put back by an undo. `isKnown`: sshd refuses it; otherwise sshd could not be asked. */
  z.object({
    kind: z.literal("put-back-refused"),
    account: z.string(),
    fingerprint: z.string(),
    isKnown: z.boolean(),
  }),
  /** The login that let the run in ends, as somebody has acknowledged, and nothing can show that another one works. */
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
  ...ReloadCause,
  ...LoginCause,
  ...AccountCause,
  /** The run has kept a folder or a key there, which is left. */
  z.object({ kind: z.literal("not-cleared"), by: PlainCause }),
  /** What was begun may still be there. */
  z.object({ kind: z.literal("begun-at"), by: PlainCause, path: z.string() }),
  z.object({ kind: z.literal("file-changed"), path: z.string() }),
  z.object({ kind: z.literal("new-line-gone"), path: z.string() }),
  z.object({ kind: z.literal("old-line-gone"), path: z.string() }),
  z.object({ kind: z.literal("odd-private-key") }),
  z.object({ kind: z.literal("key-not-installed"), path: z.string() }),
  z.object({ kind: z.literal("certificate-not-installed") }),
  /** `seen`: what is served instead of the new certificate. */
  z.object({ kind: z.literal("not-served-any-more"), seen: z.array(z.string()) }),
  /** The host has rolled the change back by itself, before it was verified. */
  z.object({ kind: z.literal("rollback-timer-fired") }),
]);
export type Cause = z.infer<typeof Cause>;
export type PlainCause = z.infer<typeof PlainCause>;

/** A key whose lines are gone, and which sshd still accepts. `why`: what lets it in, as in `AccessCheck`. */
export const StillAccepted = z.object({
  host: HostName,
  port: Port,
  account: z.string(),
  fingerprint: z.string(),
  /** Whether it is the key that a rotation replaces. */
  isOldKey: z.boolean(),
  why: z.array(z.string()),
});
export type StillAccepted = z.infer<typeof StillAccepted>;

/** What shows that a step is done; or, for a step that nothing verifies, what is known of it. */
export const Evidence = z.discriminatedUnion("kind", [
  Described,
  /** Something that is not as it should be, and stops nothing. */
  z.object({ kind: z.literal("found"), cause: Cause }),
  /** sshd accepts the key that let the run in, and needs something typed as well. */
  z.object({ kind: z.literal("own-key-accepted"), account: z.string() }),
  z.object({ kind: z.literal("own-key-untried"), account: z.string(), why: z.string() }),
  /** Another login works; the one that let the run in ends, as somebody has acknowledged. */
  z.object({ kind: z.literal("other-login"), account: z.string(), key: KeyName, by: LetIn }),
  z.object({
    kind: z.literal("other-login-in-log"),
    account: z.string(),
    from: z.string().nullable(),
    by: LetIn,
  }),
  /** The key has signed, and sshd does not accept it from here; or (`signed-unsure`) nobody knows whether it does. */
  z.object({ kind: z.literal("signed-not-accepted"), account: z.string() }),
  z.object({ kind: z.literal("signed-unsure"), account: z.string(), why: z.string() }),
  z.object({ kind: z.literal("log-unsure"), account: z.string(), why: z.string() }),
  z.object({ kind: z.literal("no-key-in-logs") }),
  z.object({
    kind: z.literal("host-key"),
    is: z.enum(["known-presented", "new-named", "new-presented"]),
    fingerprint: z.string(),
  }),
  /** The known host key is presented, and only the removal to come can show the new one. */
  z.object({ kind: z.literal("host-key-unverified") }),
  z.object({ kind: z.literal("login"), account: z.string(), key: KeyName }),
  z.object({ kind: z.literal("login-in-log"), account: z.string(), key: KeyName }),
  /** The login is in a file that any user of the host may write. */
  z.object({ kind: z.literal("claimed-login"), account: z.string(), key: KeyName, path: z.string() }),
  z.object({ kind: z.literal("no-login"), account: z.string(), why: z.string() }),
  /** The key has signed the run's challenge, and sshd accepts it. */
  z.object({ kind: z.literal("signed"), account: z.string(), key: KeyName }),
  z.object({ kind: z.literal("approved"), account: z.string(), who: z.string(), day: z.string() }),
  /** What let the run in still does. */
  z.object({ kind: z.literal("own-login"), account: z.string(), by: z.enum(["key", "certificate"]) }),
  /** sshd's answer to whether it accepts a key. */
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
  /** `isAgain`: it was served before, too. */
  z.object({
    kind: z.literal("served"),
    isAgain: z.boolean(),
    /** How many addresses serve it; 0: none could be probed. */
    addresses: z.int(),
    /** At so many of them, only the certificate itself could be read. */
    leavesAlone: z.int(),
  }),
  /**
   * The own tests of servers; `certificates`: of those whose test tries their certificates alone, and no configuration;
   * `untested`: those of which none could be run.
   */
  z.object({
    kind: z.literal("tests-passed"),
    passed: z.array(z.string()),
    certificates: z.array(z.string()),
    untested: z.array(z.string()),
  }),
  /** So many endpoints present what the files of their servers hold; of `unknown` ones that is not known. */
  z.object({ kind: z.literal("presented"), endpoints: z.int(), unknown: z.int() }),
  /** A new session has read that it is locked, expired, and has no login shell. */
  z.object({ kind: z.literal("account-disabled"), account: z.string() }),
  /** A login with a key that opened it was not let in. `said`: why; `isRefused`: sshd has said no, and not just ended it. */
  z.object({
    kind: z.literal("login-ended"),
    account: z.string(),
    fingerprint: z.string(),
    isRefused: z.boolean(),
    said: z.string(),
  }),
  /** No key that opens it is at hand here. */
  z.object({ kind: z.literal("login-untried"), account: z.string() }),
  /** The run logged in once more, and acts as root there. */
  z.object({ kind: z.literal("root-reached"), account: z.string() }),
  z.object({ kind: z.literal("left-disabled"), account: z.string() }),
  /** A new session has found no line of it, and no name service that answers for it. */
  z.object({ kind: z.literal("account-removed"), account: z.string() }),
  /** Another run has removed it since. */
  z.object({ kind: z.literal("removed-by-run"), account: z.string(), run: z.int() }),
  /** `isWhole`: nothing of the run is left there. */
  z.object({ kind: z.literal("cleared"), isWhole: z.boolean() }),
  /** What undoing the run needs is put aside: so many old private keys. */
  z.object({ kind: z.literal("kept-for-undo"), keys: z.int() }),
  /**
   * Kept for the accounts that still let it in; where both lists are empty, because something was left as it is by
   * acknowledgement.
   */
  z.object({
    kind: z.literal("old-key-kept"),
    accepted: z.array(StillAccepted),
    remaining: z.array(RemainingAccess),
    planKind: PlanKind,
  }),
]);
export type Evidence = z.infer<typeof Evidence>;

/** The state of a host or a private key location once a step of it is rolled back. */
export const BackAs = z.enum([
  "rolled-back",
  "as-before",
  "unchanged",
  "issued-unused",
  "key-removed",
  "certificate-keys-removed",
  "old-certificate-served",
  "old-certificate-unseen",
  "stays-reloaded",
  "maybe-reloaded",
  "account-restored",
]);
export type BackAs = z.infer<typeof BackAs>;

export const StepResult = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("intended"), to: Intent }),
  z.object({ kind: z.literal("acted"), what: Deed }),
  z.object({ kind: z.literal("waiting"), for: Awaited }),
  /** It is tried again; `cause`: why it was not done so far. */
  z.object({ kind: z.literal("retrying"), cause: Cause }),
  /** Somebody has requested that a failed step is done again. */
  z.object({ kind: z.literal("retry-requested") }),
  z.object({ kind: z.literal("verified"), evidence: z.array(Evidence) }),
  z.object({ kind: z.literal("rolled-back"), as: BackAs, left: z.array(Cause) }),
  /** `stands`: what is left of its change; `left`: what is still there, and does no harm. */
  z.object({
    kind: z.literal("failed"),
    cause: Cause,
    stands: z.enum(["rolled-back", "nothing-removed", "nothing-changed", "not-said"]),
    left: z.array(Cause),
  }),
  /** `left`: what could not be rolled back; `cause`: the failure that made it roll back, if the step failed. */
  z.object({ kind: z.literal("needs-attention"), cause: Cause.nullable(), left: z.array(Cause) }),
  /** The result of an offline script. `signature`: who signed it. */
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
