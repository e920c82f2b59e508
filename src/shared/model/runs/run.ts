import { z } from "zod";
import { Sha256 } from "../certificates/certificate.ts";
import { UseEvidence } from "../hosts/host-use.ts";
import { HostName, Port } from "../hosts/target.ts";
import { Instant } from "../instant.ts";
import { FileHash } from "./deployment.ts";
import { AccountWatch } from "./disabled-account.ts";
import { PlanHash, PlanId, PlanKind } from "./plan.ts";
import { RemainingAccess } from "./remaining-access.ts";
import { RenewalTrust } from "./renewal-trust.ts";
import { ClaimEvaluation } from "./result-claim.ts";
import { Cause, StepResult } from "./step-result.ts";

export const RunId = z.int().positive().brand<"RunId">();
export type RunId = z.infer<typeof RunId>;

/**
 * `stopped`: a host failed, was rolled back, and no other is begun. `interrupted`: its process ended before it did.
 * `waiting`: old and new key both stay while logs are watched; or somebody has to provide a certificate, or a
 * post-deployment check is due. `needs-attention`: something could be neither done nor rolled back, and the run says
 * what to do by hand.
 */
export const RunState = z.enum([
  "running",
  "paused",
  "stopped",
  "interrupted",
  "waiting",
  "committed",
  "rolled-back",
  "needs-attention",
]);
export type RunState = z.infer<typeof RunState>;

/**
 * The phases, one after the other over all hosts: a phase begins when the one before it has been verified everywhere.
 * For certificates: `request`, `issue`, `install`, `post-check`, `finish`; a host that failed does not keep the others
 * from those that are left. For servers that are reloaded: `test`, `reload`, likewise. For accounts that are disabled:
 * `disable`, `revoke`, `keep`, `finish`. For entries of accounts that are removed: `remove`, `finish`.
 */
export const Phase = z.enum([
  "create-key",
  "grant",
  "install-key",
  "revoke",
  "keep",
  "request",
  "issue",
  "install",
  "post-check",
  "finish",
  "test",
  "reload",
  "disable",
  "remove",
]);
export type Phase = z.infer<typeof Phase>;

export const StepState = z.enum([
  "planned",
  "intended",
  "acted",
  "verified",
  "rolled-back",
  "failed",
  "needs-attention",
]);
export type StepState = z.infer<typeof StepState>;

/**
 * Whether something shows what a step did: a login, or sshd's own answer. `waiting`: for somebody to log in.
 * `unverified`: nothing has shown it, and nothing is waited for.
 */
export const StepVerification = z.enum(["verified", "waiting", "unverified"]);
export type StepVerification = z.infer<typeof StepVerification>;

/**
 * How an offline script has ended. `done`: its part of several. `added`: the removal was rolled back, and what was
 * added stays.
 */
export const ScriptOutcome = z.enum([
  "committed",
  "done",
  "added",
  "rolled-back",
  "needs-attention",
  "failed",
]);
export type ScriptOutcome = z.infer<typeof ScriptOutcome>;

/** One step of a run: a phase at one host, or here (`host` null). */
export const RunStep = z.object({
  /** Its position in the run; from 1. */
  ordinal: z.int(),
  phase: Phase,
  host: z.string().nullable(),
  port: z.int().nullable(),
  batch: z.int(),
  state: StepState,
  /** Null: the act itself is the evidence, or it was rolled back, or is not done yet. */
  verification: StepVerification.nullable(),
  /** Null: only the message is known of it. */
  result: StepResult.nullable(),
  /** Its latest result, as a sentence; empty at first. */
  message: z.string(),
  /** The time of its last entry in the journal. */
  at: Instant.nullable(),
});
export type RunStep = z.infer<typeof RunStep>;

/** One line of the journal: written before an act, and after its result. It never holds a secret. */
export const RunEntry = z.object({
  id: z.int(),
  ordinal: z.int().nullable(),
  at: Instant,
  kind: z.enum(["intends", "acted", "verified", "rolled-back", "failed", "note"]),
  text: z.string(),
});
export type RunEntry = z.infer<typeof RunEntry>;

export const RunRow = z.object({
  id: RunId,
  planId: PlanId,
  kind: PlanKind,
  title: z.string(),
  state: RunState,
  startedAt: Instant,
  endedAt: Instant.nullable(),
  hosts: z.int(),
  /** The first of them; null where there is none. */
  firstHost: z.object({ host: HostName, port: Port }).nullable(),
  adds: z.int(),
  changes: z.int(),
  removes: z.int(),
  stepsDone: z.int(),
  /** Of a committed run, without those that delete what an undo would need. */
  steps: z.int(),
  failed: z.int(),
  /** Why it is in its state, as a sentence; empty where the state says it all. */
  message: z.string(),
});
export type RunRow = z.infer<typeof RunRow>;

/** A certificate of a run: what was requested, and the result. */
export const RunOrder = z.object({
  host: HostName,
  port: Port,
  /** The id of its `Replacement` in the plan. */
  change: z.string(),
  names: z.array(z.string()),
  /** `waits`: somebody has to provide the certificate. */
  state: z.enum(["planned", "requested", "ordered", "waits", "issued", "installed", "refused"]),
  /** What its issuer does now, or why it refused. */
  message: z.string(),
  /** The request, PEM; null before it was made. */
  csr: z.string().nullable(),
  /** The new certificate; null before it was issued. */
  sha256: Sha256.nullable(),
  /**
   * Which clients would refuse it, if nobody had acknowledged that when it was to be installed: then the run waits for
   * the acknowledgement `trust` (`resume`). Null: nothing is to be acknowledged.
   */
  trust: RenewalTrust.nullable(),
});
export type RunOrder = z.infer<typeof RunOrder>;

/** The namespace of the signature of a run's challenge: `ssh-keygen -Y sign -n`. */
export const CHALLENGE_NAMESPACE = "latchkey-run";

/** What replaces a login with the new key that can be tried neither from here nor from where its private key is. */
export const RunConfirmation = z.object({
  /** The challenge that the new key has to sign; null where the key is an authority's, with which nobody logs in. */
  challenge: z.string().nullable(),
  isSigned: z.boolean(),
  /**
   * The accounts that are verified so; `waits`: the run can do nothing more before it; `later`: it is not due yet, or
   * no longer.
   */
  accounts: z.array(
    z.object({
      host: HostName,
      port: Port,
      account: z.string(),
      state: z.enum(["waits", "later", "approved"]),
    }),
  ),
});
export type RunConfirmation = z.infer<typeof RunConfirmation>;

/**
 * sshd's answer to whether it accepts, from here and with the public key alone, a key whose lines a run has removed
 * from an account's files or bound to other addresses.
 */
export const AccessCheck = z.object({
  host: HostName,
  port: Port,
  account: z.string(),
  fingerprint: z.string(),
  answer: z.enum(["refused", "accepted", "unknown"]),
  /**
   * `accepted`: what lets it in, and perhaps what else, each as "by ..." or "perhaps by ..."; `unknown`: why nobody
   * knows. Sentences without a full stop.
   */
  why: z.array(z.string()),
  at: Instant,
});
export type AccessCheck = z.infer<typeof AccessCheck>;

/** A file of a host that a run did not change as planned. */
export const RunFileState = z.object({
  host: HostName,
  port: Port,
  path: z.string(),
  /** The phase from which on it is left out, or in which it is stuck. */
  phase: Phase,
  /** `left-out`: all else went on without it. `stuck`: neither done nor rolled back. */
  fate: z.enum(["left-out", "stuck"]),
  cause: Cause,
  /** For a stuck file: lines that a person has to remove from it, or put back, where no copy shows what it was. */
  takeOut: z.array(z.string()),
  putBack: z.array(z.string()),
  /**
   * For a stuck file: what `repair` would write over the very bytes that were seen; then `takeOut` and `putBack` are
   * its lines. Null: no repair is known.
   */
  repair: z.object({ over: FileHash, to: FileHash, isApproved: z.boolean() }).nullable(),
});
export type RunFileState = z.infer<typeof RunFileState>;

/** A file as it is shown. `why`: its cause as a sentence. */
export const RunFile = RunFileState.extend({ why: z.string() });
export type RunFile = z.infer<typeof RunFile>;

/** What somebody approves for a stuck file, as `RunFile` shows it. */
export const RunRepair = z.object({
  host: HostName,
  port: Port,
  path: z.string().max(4_096),
  over: FileHash,
  to: FileHash,
});
export type RunRepair = z.infer<typeof RunRepair>;

/**
 * What the result of an offline script claims of a host, without a signature that counts: it is shown, and nothing
 * follows from it. `evaluation`: by the last reading of the host; once it is confirmed, the run can continue with it.
 */
export const RunClaim = z.object({
  host: HostName,
  port: Port,
  /** The phases that the script executes. */
  phases: z.array(Phase),
  outcome: ScriptOutcome,
  why: z.string(),
  /** The key that it says was created there. */
  newKey: z.object({ line: z.string(), fingerprint: z.string() }).nullable(),
  /** Where it says that the old private key is kept, beside the new one; null: it says nothing of one. */
  keptKey: z.string().nullable(),
  /** Who has signed it, as a sentence. */
  signature: z.string(),
  importedAt: Instant,
  evaluation: ClaimEvaluation,
});
export type RunClaim = z.infer<typeof RunClaim>;

/** The last login to one account with a key that goes, after the run has installed the new private key. */
export const OldKeyUse = z.object({
  host: HostName,
  port: Port,
  account: z.string(),
  /** By the host's clock. */
  at: Instant,
  /** Its address; null: not known. */
  from: z.string().nullable(),
  evidence: UseEvidence,
});
export type OldKeyUse = z.infer<typeof OldKeyUse>;

/** What the logs that were read so far show of the keys that go, while the days of grace last. */
export const OldKeyWatch = z.object({
  /** Since when all private key locations have the new key. */
  since: Instant,
  /** Those in a journal first, then the latest. */
  uses: z.array(OldKeyUse),
  /**
   * Hosts of which no log was read since then: nothing is known of them. `readTo`: how far their logs were read; null:
   * no log has logins.
   */
  unreadable: z.array(z.object({ host: HostName, port: Port, readTo: Instant.nullable() })),
});
export type OldKeyWatch = z.infer<typeof OldKeyWatch>;

/** An old private key that a run has kept beside the new one. `host` null: on this computer. */
export const KeptKey = z.object({
  host: HostName.nullable(),
  port: Port.nullable(),
  /** The path of the new one. */
  path: z.string(),
  /** The path of the old one, beside it. */
  kept: z.string(),
});
export type KeptKey = z.infer<typeof KeptKey>;

/** `live`: executed from here. `offline`: by scripts that are run on the hosts, and whose results are imported. */
export const RunOrigin = z.enum(["live", "offline"]);
export type RunOrigin = z.infer<typeof RunOrigin>;

export const RunDetail = RunRow.extend({
  planHash: PlanHash,
  origin: RunOrigin,
  /** A name for what it has created on hosts: part of every name that it gives there. */
  token: z.string(),
  /** The new key once it is created: its line without comment, and its fingerprint. */
  newKey: z.object({ line: z.string(), fingerprint: z.string() }).nullable(),
  stepList: z.array(RunStep),
  /** While it waits for the days of grace: until when logs are watched. */
  dueAt: Instant.nullable(),
  /**
   * Until when the finished run keeps what undoing it needs; null: it has not finished, or cannot be undone. A past
   * moment: what it keeps is still to be deleted.
   */
  undoUntil: Instant.nullable(),
  /** Null where no old key is watched. */
  oldKeyWatch: OldKeyWatch.nullable(),
  /** Null where no disabled account is watched. */
  accountWatch: AccountWatch.nullable(),
  /** What to do by hand where it needs attention: a command a line. */
  byHand: z.array(z.string()),
  /** The certificates that it renews, by host; empty where it renews none. */
  orders: z.array(RunOrder),
  /** Null where the run is over, or verifies all logins by itself. */
  confirmation: RunConfirmation.nullable(),
  /** Files that it has left out, or that are stuck. */
  files: z.array(RunFile),
  /** For each account whose lines it has removed, what sshd has answered since. */
  accessChecks: z.array(AccessCheck),
  /** For a run that offline scripts execute: results that are not verified. */
  claims: z.array(RunClaim),
  /** Old private keys that it has kept beside the new ones, since the old key is still accepted somewhere. */
  kept: z.array(KeptKey),
  /** For a run that is over, or needs attention: accounts that still let in what should go. */
  remaining: z.array(RemainingAccess),
  /**
   * For a run that offline scripts execute: how a person removes those keys by hand on hosts that no session reaches; a
   * command a line.
   */
  removeKept: z.array(z.string()),
});
export type RunDetail = z.infer<typeof RunDetail>;
