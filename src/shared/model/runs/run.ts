import { z } from "zod";
import { Sha256 } from "../certificates/certificate.ts";
import { UseEvidence } from "../hosts/host-use.ts";
import { HostName, Port } from "../hosts/target.ts";
import { Instant } from "../instant.ts";
import { FileHash } from "./deployment.ts";
import { PlanHash, PlanId, PlanKind } from "./plan.ts";
import { RemainingAccess } from "./remaining-access.ts";
import { ClaimEvaluation } from "./result-claim.ts";
import { Cause, StepResult } from "./step-result.ts";

export const RunId = z.int().positive().brand<"RunId">();
export type RunId = z.infer<typeof RunId>;

/**
 * `stopped`: a host failed, was rolled back, and no other is begun. `interrupted`: its process ended before it did.
 * `waiting`: old and new key both stand while logs are watched; or a certificate is to be brought, or to be looked at once
 * more. `needs-attention`: something could neither be done nor undone, and the run says what to do by hand.
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
 * One after the other over all hosts: a phase begins when the one before it has been verified everywhere. Of certificates:
 * `request`, `issue`, `install`, `post-check`, `finish`; a host that failed keeps no other from what is left of them.
 */
export const Phase = z.enum([
  "create-key",
  "grant",
  "install-key",
  "revoke",
  "request",
  "issue",
  "install",
  "post-check",
  "finish",
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
 * Whether what a step did is shown: by a login, or by sshd's own answer. `waiting`: for somebody to log in. `unverified`: nothing has
 * shown it, and nothing is waited for.
 */
export const StepVerification = z.enum(["verified", "waiting", "unverified"]);
export type StepVerification = z.infer<typeof StepVerification>;

/** How an offline script has ended. `done`: its part of several. `added`: the removal was taken back, and what was added stands. */
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
  /** Its place in the run; from 1. */
  ordinal: z.int(),
  phase: Phase,
  host: z.string().nullable(),
  port: z.int().nullable(),
  batch: z.int(),
  state: StepState,
  /** Null: its act shows for itself, or it was rolled back, or is not done yet. */
  verification: StepVerification.nullable(),
  /** Null: nothing but the message is known of it. */
  result: StepResult.nullable(),
  /** What it has met last, as a sentence; empty at first. */
  message: z.string(),
  /** Of its last entry in the journal. */
  at: Instant.nullable(),
});
export type RunStep = z.infer<typeof RunStep>;

/** One line of the journal: written before an act, and after what came of it. Never holds a secret. */
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
  adds: z.int(),
  changes: z.int(),
  removes: z.int(),
  stepsDone: z.int(),
  steps: z.int(),
  failed: z.int(),
  /** Why it is in its state, as a sentence; empty where the word says it all. */
  message: z.string(),
});
export type RunRow = z.infer<typeof RunRow>;

/** A certificate of a run: what was asked for, and what came of it. */
export const RunOrder = z.object({
  host: HostName,
  port: Port,
  /** As its change in the plan. */
  change: z.string(),
  names: z.array(z.string()),
  /** `waits`: somebody has to bring the certificate. */
  state: z.enum(["planned", "requested", "ordered", "waits", "issued", "installed", "refused"]),
  /** What its issuer does now, or why it refused. */
  message: z.string(),
  /** The request, PEM; null before it was made. */
  csr: z.string().nullable(),
  /** The new certificate; null before it was issued. */
  sha256: Sha256.nullable(),
});
export type RunOrder = z.infer<typeof RunOrder>;

/** What the signature of a run's challenge is for: `ssh-keygen -Y sign -n`. */
export const CHALLENGE_NAMESPACE = "latchkey-run";

/** What stands in for a login with the new key that can be tried neither from here nor from its holder. */
export const RunConfirmation = z.object({
  /** What the holder of the new key signs; null where the key is an authority's, with which nobody logs in. */
  challenge: z.string().nullable(),
  isSigned: z.boolean(),
  /** The accounts that are verified so; `waits`: their run can do nothing more before it; `later`: it was not, or is not any more, due. */
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
 * What sshd answered when it was asked, with the public key alone and from here, whether it takes a key whose lines a run has taken
 * out of an account's files or bound to other addresses.
 */
export const AccessCheck = z.object({
  host: HostName,
  port: Port,
  account: z.string(),
  fingerprint: z.string(),
  answer: z.enum(["refused", "accepted", "unknown"]),
  /** `accepted`: by what it is let in, and perhaps by what, each as "by ..." or "perhaps by ..."; `unknown`: why nobody knows. Sentences without a full stop. */
  why: z.array(z.string()),
  at: Instant,
});
export type AccessCheck = z.infer<typeof AccessCheck>;

/** A file of a host that a run did not do as it was planned. */
export const RunFileState = z.object({
  host: HostName,
  port: Port,
  path: z.string(),
  /** From which on it is left out; or in which it is stuck. */
  phase: Phase,
  /** `left-out`: all else went on without it. `stuck`: neither done nor taken back. */
  fate: z.enum(["left-out", "stuck"]),
  cause: Cause,
  /** Of a stuck one: lines that a person has to take out of it, or to put back, where no copy tells. */
  takeOut: z.array(z.string()),
  putBack: z.array(z.string()),
  /**
   * Of a stuck one: what `repair` makes of it, over the very bytes that were seen; `takeOut` and `putBack` are its lines then. Null:
   * nothing is known to put it right.
   */
  repair: z.object({ over: FileHash, to: FileHash, isApproved: z.boolean() }).nullable(),
});
export type RunFileState = z.infer<typeof RunFileState>;

/** As it is shown. `why`: its cause as a sentence. */
export const RunFile = RunFileState.extend({ why: z.string() });
export type RunFile = z.infer<typeof RunFile>;

/** What somebody approves of a file that is stuck, as `RunFile` shows it. */
export const RunRepair = z.object({
  host: HostName,
  port: Port,
  path: z.string().max(4_096),
  over: FileHash,
  to: FileHash,
});
export type RunRepair = z.infer<typeof RunRepair>;

/**
 * What the result of an offline script says of a host, and nobody's signature is good for it: it is shown, and nothing
 * follows from it. `evaluation`: what the last reading of the host makes of it; confirmed, the run can go on with it.
 */
export const RunClaim = z.object({
  host: HostName,
  port: Port,
  /** What the script is for. */
  phases: z.array(Phase),
  outcome: ScriptOutcome,
  why: z.string(),
  /** The key that it says was made there. */
  newKey: z.object({ line: z.string(), fingerprint: z.string() }).nullable(),
  /** Where it says that the old private key is kept, beside the new one; null: it says so of none. */
  keptKey: z.string().nullable(),
  /** Who has signed it, as a sentence. */
  signature: z.string(),
  importedAt: Instant,
  evaluation: ClaimEvaluation,
});
export type RunClaim = z.infer<typeof RunClaim>;

/** The last login with a key that goes to one account, after its run has given its holders the new one. */
export const OldKeyUse = z.object({
  host: HostName,
  port: Port,
  account: z.string(),
  /** By the host's clock. */
  at: Instant,
  /** From which address; null: not known. */
  from: z.string().nullable(),
  evidence: UseEvidence,
});
export type OldKeyUse = z.infer<typeof OldKeyUse>;

/** What the logs that were read so far tell of the keys that go, while days of grace last. */
export const OldKeyWatch = z.object({
  /** The holders have the new key since then. */
  since: Instant,
  /** What a journal tells first, then the latest. */
  uses: z.array(OldKeyUse),
  /** Hosts of which no log was read since: nothing is known of them. `readTo`: how far back that is; null: no log tells of logins. */
  unreadable: z.array(z.object({ host: HostName, port: Port, readTo: Instant.nullable() })),
});
export type OldKeyWatch = z.infer<typeof OldKeyWatch>;

/** An old private key that a run has left beside the new one. `host` null: on this computer. */
export const KeptKey = z.object({
  host: HostName.nullable(),
  port: Port.nullable(),
  /** Of the new one. */
  path: z.string(),
  /** Of the old one, beside it. */
  kept: z.string(),
});
export type KeptKey = z.infer<typeof KeptKey>;

/** `live`: executed from here. `offline`: by scripts that are run on the hosts, and whose results are imported. */
export const RunOrigin = z.enum(["live", "offline"]);
export type RunOrigin = z.infer<typeof RunOrigin>;

export const RunDetail = RunRow.extend({
  planHash: PlanHash,
  origin: RunOrigin,
  /** Names what it has made on hosts; part of every name that it gives there. */
  token: z.string(),
  /** The new key once it is made: its line without comment, and its fingerprint. */
  newKey: z.object({ line: z.string(), fingerprint: z.string() }).nullable(),
  stepList: z.array(RunStep),
  /** While it waits for the days of grace: until when logs are watched. */
  dueAt: Instant.nullable(),
  /** Null where no old key of it is watched. */
  oldKeyWatch: OldKeyWatch.nullable(),
  /** What to do by hand where it needs attention: a command a line. */
  byHand: z.array(z.string()),
  /** Certificates that it renews, by host; empty where it renews none. */
  orders: z.array(RunOrder),
  /** Null where the run is over, or verifies all logins by itself. */
  confirmation: RunConfirmation.nullable(),
  /** Files that it has left out, or that are stuck. */
  files: z.array(RunFile),
  /** Of each account whose lines it has removed, what sshd has said since. */
  accessChecks: z.array(AccessCheck),
  /** Of a run that is carried out by offline scripts: results that are not verified. */
  claims: z.array(RunClaim),
  /** Old private keys that it has left beside the new ones, for the old key still counts somewhere. */
  kept: z.array(KeptKey),
  /** Of one that is over, or needs attention: where what was to go lets in as before. */
  remaining: z.array(RemainingAccess),
  /**
   * Of a run that is carried out by offline scripts: how a person removes those by hand, where no session gets to their hosts; a
   * command a line.
   */
  removeKept: z.array(z.string()),
});
export type RunDetail = z.infer<typeof RunDetail>;
