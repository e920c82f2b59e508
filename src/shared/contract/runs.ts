import { z } from "zod";
import { PlanReview } from "../model/access/review.ts";
import { Sha256 } from "../model/certificates/certificate.ts";
import { PromptRequest } from "../model/hosts/prompt.ts";
import { HostName, Port } from "../model/hosts/target.ts";
import { Instant } from "../model/instant.ts";
import { ChallengeMethod } from "../model/issuers/issuer.ts";
import { KeyKind, Sealed, SecretId } from "../model/issuers/vault.ts";
import { LocalPath, localFile } from "../model/local-file.ts";
import { ServerKind } from "../model/runs/deployment.ts";
import { ImportedResult, ResultInput, Scripts } from "../model/runs/offline-script.ts";
import { Plan, PlanHash, PlanId, PlanKind } from "../model/runs/plan.ts";
import { PlanOptions } from "../model/runs/plan-options.ts";
import { RunDetail, RunEntry, RunId, RunRepair, RunRow, RunState } from "../model/runs/run.ts";
import { command, listOf, Page, query, Search, sortedBy } from "./procedure.ts";

/** A key as ssh-keygen prints its fingerprint (`SHA256:...`), or the line of a .pub file. */
const KeyText = z.string().trim().min(1).max(20_000);

const GrantIds = z.array(z.int().positive()).min(1).max(10_000);

/** An account of a host, as `user@host:port`. */
export const AccountAddress = z.object({ host: HostName, port: Port, account: z.string().min(1).max(256) });

/** An endpoint, by which a certificate is found. */
const ServedAt = z.object({ host: HostName, port: Port, serverName: HostName.nullable().default(null) });

/** A command line for a shell. */
const ShellLine = z
  .string()
  .min(1)
  .max(4_096)
  .regex(/^[^\n\r\0]+$/, "a command is one line");

/** Names certificates by themselves, by where they are served, or by a rule; all that are named are renewed. */
export const RenewalRequest = z.object({
  kind: z.literal("rotate-certificate"),
  certificates: z.array(Sha256).max(2_000).default([]),
  endpoints: z.array(ServedAt).max(2_000).default([]),
  /** All that are past two thirds of their life. Those that nobody is known to renew are left out, with the reason. */
  isDue: z.boolean().default(false),
  /**
   * The name of an issuer; or `local`, `csr` or `acme:URL`, where that means one issuer alone. Null: the one that a
   * label names (`issuer.NAME`), or that renewed it before.
   */
  issuer: z.string().trim().min(1).max(600).nullable().default(null),
  /** Null: as the old one. */
  keyKind: KeyKind.nullable().default(null),
  /** The key is created on this computer and sent; otherwise on the host, which it never leaves. */
  makesKeyHere: z.boolean().default(false),
  /** Null: the method of the issuer, or one that the host's servers allow. */
  challenge: ChallengeMethod.nullable().default(null),
  /**
   * For certificates that no server reads whose configuration is known: the key's file, and what root has to run there.
   */
  described: z
    .object({
      keyFile: z.string().startsWith("/").max(4_096),
      test: ShellLine.nullable().default(null),
      reload: ShellLine,
      /** The key's file is a keystore: the vault's entry with its passphrase (`keepPassphrase`). */
      passphrase: SecretId.nullable().default(null),
      /** The name of the entry in a keystore that has several. */
      entry: z.string().min(1).max(1_024).nullable().default(null),
    })
    .nullable()
    .default(null),
});
export type RenewalRequest = z.infer<typeof RenewalRequest>;

/** A server of a host: `config` names the file that its configuration begins with; null: all that run there. */
const ServerOfHost = z.object({
  server: ServerKind.exclude(["described"]),
  host: HostName,
  port: Port.default(22),
  config: z.string().startsWith("/").max(4_096).nullable().default(null),
});

/** Names servers by themselves, or by what they serve: all that are named are reloaded. */
export const ReloadRequest = z.object({
  kind: z.literal("reload"),
  servers: z.array(ServerOfHost).max(2_000).default([]),
  /** Where they serve. */
  endpoints: z.array(ServedAt).max(2_000).default([]),
  /** What they serve in place of what their files hold; `host`: where that was seen, null: anywhere. */
  stale: z
    .array(z.object({ certificate: Sha256, host: HostName.nullable().default(null) }))
    .max(2_000)
    .default([]),
});
export type ReloadRequest = z.infer<typeof ReloadRequest>;

/** A request, as the user made it; a plan is made of it and of what is on the hosts now. */
export const PlanRequest = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("rotate-key"),
    fingerprint: KeyText,
    /** `ed25519`, `ecdsa`, `rsa`. */
    keyType: z.enum(["ed25519", "ecdsa", "rsa"]).default("ed25519"),
    /** The new key, where somebody has created it: a .pub line, or the path of a private key file here. */
    newKey: localFile("key-or-identity", KeyText).nullable().default(null),
    /** Where the new private key goes on this computer, where no private key location is known. */
    keyFile: LocalPath("new-key").nullable().default(null),
  }),
  z.object({
    kind: z.literal("rotate-host-key"),
    host: HostName,
    port: Port,
    keyType: z.enum(["ed25519", "ecdsa", "rsa"]).default("ed25519"),
  }),
  z.object({
    kind: z.literal("add-grants"),
    key: localFile("key-or-identity", KeyText),
    options: z.string().max(10_000).default(""),
    accounts: z.array(AccountAddress).min(1).max(10_000),
  }),
  z.object({ kind: z.literal("remove-grants"), grants: GrantIds }),
  z.object({
    kind: z.literal("tighten-grants"),
    grants: GrantIds,
    from: z.string().max(2_000).nullable().default(null),
    restrict: z.boolean().default(false),
    expiry: z
      .string()
      .regex(/^\d{8}(\d{4}(\d{2})?)?Z?$/)
      .nullable()
      .default(null),
  }),
  z.object({
    kind: z.literal("move-to-authority"),
    grants: GrantIds,
    authority: localFile("key-or-identity", KeyText),
    principals: z.array(z.string().min(1).max(256)).max(100).default([]),
  }),
  z.object({
    kind: z.literal("disable-account"),
    accounts: z.array(AccountAddress).min(1).max(1_000),
    /** Why, as the plan shows it: of a review, say. */
    reason: z.string().trim().max(1_000).default(""),
  }),
  /** The entries of all accounts that this run has disabled. */
  z.object({ kind: z.literal("remove-account"), runId: RunId }),
  RenewalRequest,
  ReloadRequest,
]);
export type PlanRequest = z.infer<typeof PlanRequest>;

export type RemoveRequest = Extract<PlanRequest, { kind: "remove-account" }>;

/** A request about who may log in where, or by which key a host is known. */
export type KeyRequest = Exclude<PlanRequest, RenewalRequest | ReloadRequest | RemoveRequest>;

/** `making`: hosts are being read; `ready`; `failed`: `message` says why no plan could be made. */
export const PlanState = z.enum(["making", "ready", "failed"]);

export const PlanDetail = z.object({
  id: PlanId,
  state: PlanState,
  message: z.string(),
  madeAt: Instant,
  /** Null until it is ready. */
  plan: Plan.nullable(),
  hash: PlanHash.nullable(),
  /** How many of the hosts have been read for it. */
  read: z.int(),
  total: z.int(),
  /** The request that it was made of, so that it can be made anew; null where it was made elsewhere. */
  request: PlanRequest.nullable(),
  /** The run that executes it; null before it is started. */
  runId: RunId.nullable(),
  /** Null: it was made for no review. */
  review: PlanReview.nullable(),
});
export type PlanDetail = z.infer<typeof PlanDetail>;

/** At most so many plans that were not applied are listed. */
export const MOST_OPEN_PLANS = 20;

/** A plan that is ready and was not applied. */
export const OpenPlan = z.object({
  id: PlanId,
  kind: PlanKind,
  title: z.string(),
  madeAt: Instant,
  hosts: z.int(),
  /** The first of them; null where there is none. */
  firstHost: z.object({ host: HostName, port: Port }).nullable(),
});
export type OpenPlan = z.infer<typeof OpenPlan>;

const OfRun = z.object({ runId: RunId });

/** Strict: a member that is not in it would be lost, so it is refused. */
const Agreement = z.strictObject({
  acknowledgements: z.array(z.string()).max(10_000).default([]),
  typed: z.string().max(300).nullable().default(null),
});

export const runs = {
  /**
   * Reads the hosts that the request is about, and makes a plan of what they hold now. Returns at once; announced as
   * `plan-changed`.
   */
  plan: command
    .input(
      z.object({
        request: PlanRequest,
        options: PlanOptions.prefault({}),
        identityFiles: z.array(LocalPath("identity")).max(32).default([]),
        mayPrompt: z.boolean().default(false),
      }),
    )
    .output(z.object({ planId: PlanId })),

  /** The plans that are ready and were not applied: the newest, first. */
  openPlans: query.input(z.object({ search: Search })).output(z.array(OpenPlan)),

  /** Drops a plan that was not applied. */
  dropPlan: command.input(z.object({ planId: PlanId })).output(z.object({ wasThere: z.boolean() })),

  findPlan: query.input(z.object({ planId: PlanId })).output(PlanDetail),

  /**
   * Imports a plan that was exported. A plan was edited, and is refused, if its hash does not fit or it shows something
   * else than it would write. A plan for unknown hosts is refused, too. Then reads the hosts, as `plan` does: its
   * changes stay, and what is shown and checked of them is as of now. Returns at once; announced as `plan-changed`.
   */
  importPlan: command
    .input(
      z.strictObject({
        plan: localFile("plan", z.unknown()),
        hash: PlanHash,
        identityFiles: z.array(LocalPath("identity")).max(32).default([]),
        mayPrompt: z.boolean().default(false),
      }),
    )
    .output(z.object({ planId: PlanId })),

  /** Keeps the passphrase of a keystore in the vault, for a request to name. `label`: which keystore, for people. */
  keepPassphrase: command
    .input(z.object({ passphrase: Sealed, label: z.string().trim().min(1).max(4_096) }))
    .output(z.object({ id: SecretId })),

  /**
   * The part of the plan that offline scripts can execute now, as one POSIX script a host. `signWith`: a private key
   * file here, or the .pub file of a key that the agent has. The first part is refused as `start` is: where an
   * acknowledgement is missing, or `typed` is not the word of the plan.
   */
  exportScripts: command
    .input(
      Agreement.extend({
        planId: PlanId,
        signWith: localFile("identity", z.string().min(1).max(4_096)).nullable().default(null),
      }),
    )
    .output(Scripts),

  /**
   * Imports the result that an offline script has written on a host of a plan. The run is over once every host has one.
   */
  importResult: command.input(ResultInput).output(ImportedResult),

  /**
   * Approves a plan by its hash and starts its run; returns at once, announced as `run-changed`. Refused where a check
   * refuses, where an acknowledgement is missing, or where `typed` is not the word of the plan.
   */
  start: command
    .input(
      Agreement.extend({
        planId: PlanId,
        hash: PlanHash,
        identityFiles: z.array(LocalPath("identity")).max(32).default([]),
        mayPrompt: z.boolean().default(false),
      }),
    )
    .output(z.object({ runId: RunId })),

  /** By default the newest first. */
  list: query
    .input(
      z.object({
        search: Search,
        state: RunState.nullable().default(null),
        kind: PlanKind.nullable().default(null),
        sort: sortedBy(["startedAt", "title", "state"]).default({ by: "startedAt", descending: true }),
        ...Page.shape,
      }),
    )
    .output(listOf(RunRow)),

  find: query.input(OfRun).output(RunDetail),

  /** The journal, the oldest first. */
  entries: query.input(Page.extend(OfRun.shape)).output(listOf(RunEntry)),

  /** Stops after the steps that are under way; nothing is rolled back. */
  pause: command.input(OfRun).output(z.object({ wasRunning: z.boolean() })),

  /** Continues a run that was paused, stopped or interrupted, or that waits: reads the hosts again first. */
  resume: command
    .input(
      OfRun.extend({
        /** Ends the days of grace now, whatever is left of them; `typed` is the word of the plan. */
        endsGrace: z.boolean().default(false),
        typed: z.string().max(300).nullable().default(null),
        /**
         * With `endsGrace`: names each known use of the old key (`checkOfUse`) that may be shut out. Otherwise: `trust`, or
         * `trust HOST`, installs what the run has stopped for (`RunOrder.trust`).
         */
        acknowledgements: z.array(z.string()).max(10_000).default([]),
        /** Removes the old private keys that the run has kept (`RunDetail.kept`), also those of a committed run. */
        removesOld: z.boolean().default(false),
        mayPrompt: z.boolean().default(false),
        identityFiles: z.array(LocalPath("identity")).max(32).default([]),
      }),
    )
    .output(z.object({})),

  /**
   * The certificate that a run waits for, as it came: PEM, or DER in base64, the leaf at any position. It is checked
   * against the request; then `resume` continues the run.
   */
  provideCertificate: command.input(OfRun.extend({ text: z.string().min(1).max(1_000_000) })).output(
    z.object({
      host: HostName,
      port: Port,
      change: z.string(),
      sha256: Sha256,
      notes: z.array(z.string()),
    }),
  ),

  /**
   * Confirms a run's new key where no login with it can be tried: by that key's signature of the challenge, or by the
   * names of accounts for which somebody takes the risk. Checked and stored; `resume` continues the run.
   */
  confirm: command
    .input(
      OfRun.extend({
        signature: z.string().max(65_536).nullable().default(null),
        approvals: z.array(AccountAddress).max(10_000).default([]),
      }),
    )
    .output(z.object({})),

  /**
   * Rolls everything back, in reverse order. In a file that somebody else has changed meanwhile, it rolls back its own
   * lines alone.
   */
  rollBack: command
    .input(
      OfRun.extend({
        mayPrompt: z.boolean().default(false),
        identityFiles: z.array(LocalPath("identity")).max(32).default([]),
      }),
    )
    .output(z.object({})),

  /**
   * Undoes a run that has finished, until `RunDetail.undoUntil`: in reverse order, each old key verified before its new
   * one goes. If anything is not as the run has left it, or a host cannot be seen, nothing is changed, and the run's
   * message says what.
   */
  undo: command
    .input(
      OfRun.extend({
        mayPrompt: z.boolean().default(false),
        identityFiles: z.array(LocalPath("identity")).max(32).default([]),
      }),
    )
    .output(z.object({})),

  /**
   * Deletes what finished runs have kept that can no longer be undone. Returns those that log in for that; announced as
   * `run-changed`.
   */
  clearOver: command.output(z.object({ runIds: z.array(RunId) })),

  /**
   * Repairs stuck files as `RunDetail.files` shows it, by the run's remote session, over the very bytes that were seen;
   * then continues the run in its direction. A file that is another one by then is left, and shown anew.
   */
  repair: command
    .input(
      OfRun.extend({
        approved: z.array(RunRepair).min(1).max(10_000),
        mayPrompt: z.boolean().default(false),
        identityFiles: z.array(LocalPath("identity")).max(32).default([]),
      }),
    )
    .output(z.object({})),

  /** The prompts of this run or plan, else of all; announced as `run-prompts`. */
  prompts: query
    .input(z.object({ runId: RunId.optional(), planId: PlanId.optional() }).default({}))
    .output(z.array(PromptRequest)),
  answer: command
    .input(z.object({ promptId: z.string(), answers: z.array(z.string().max(4_096)).max(16).nullable() }))
    .output(z.object({})),
};
