import { z } from "zod";
import { Sha256 } from "../model/certificates/certificate.ts";
import { PromptRequest } from "../model/hosts/prompt.ts";
import { HostName, Port } from "../model/hosts/target.ts";
import { Instant } from "../model/instant.ts";
import { ChallengeMethod } from "../model/issuers/issuer.ts";
import { KeyKind, Sealed, SecretId } from "../model/issuers/vault.ts";
import { LocalPath, localFile } from "../model/local-file.ts";
import { ImportedResult, ResultInput, Scripts } from "../model/runs/offline-script.ts";
import { Plan, PlanHash, PlanId, PlanKind, PlanOptions } from "../model/runs/plan.ts";
import { RunDetail, RunEntry, RunId, RunRepair, RunRow, RunState } from "../model/runs/run.ts";
import { command, listOf, Page, query, Search, sortedBy } from "./procedure.ts";

/** A key as ssh-keygen prints its fingerprint (`SHA256:...`), or the line of a .pub file. */
const KeyText = z.string().trim().min(1).max(20_000);

const GrantIds = z.array(z.int().positive()).min(1).max(10_000);

/** An account of a host, as `user@host:port`. */
export const AccountAddress = z.object({ host: HostName, port: Port, account: z.string().min(1).max(256) });

/** A place where TLS is spoken, as far as a certificate is found by it. */
const ServedAt = z.object({ host: HostName, port: Port, serverName: HostName.nullable().default(null) });

/** Words for a shell. */
const ShellLine = z
  .string()
  .min(1)
  .max(4_096)
  .regex(/^[^\n\r\0]+$/, "a command is one line");

/** Certificates are named by themselves, by where they are served, or by a rule; all that are named are renewed. */
export const RenewalRequest = z.object({
  kind: z.literal("rotate-certificate"),
  certificates: z.array(Sha256).max(2_000).default([]),
  endpoints: z.array(ServedAt).max(2_000).default([]),
  /** All that are past two thirds of their life; those that nobody is known to renew are left out, and it is said why. */
  isDue: z.boolean().default(false),
  /**
   * The name of an issuer; `local`, `csr`, or `acme:URL` where one alone is meant by it. Null: the one that a label names
   * (`issuer.NAME`), or that renewed it before.
   */
  issuer: z.string().trim().min(1).max(600).nullable().default(null),
  /** Null: as the old one. */
  keyKind: KeyKind.nullable().default(null),
  /** The key is made on this computer and sent; otherwise on the host, which it never leaves. */
  makesKeyHere: z.boolean().default(false),
  /** Null: as the issuer has it, or as the host's servers allow. */
  challenge: ChallengeMethod.nullable().default(null),
  /** The server of certificates that no server reads whose configuration is known: its key's file, and what root is to run there. */
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

/** What is wanted, as it was asked for; a plan is made of it and of what is on the hosts now. */
export const PlanRequest = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("rotate-key"),
    fingerprint: KeyText,
    /** `ed25519`, `ecdsa`, `rsa`. */
    keyType: z.enum(["ed25519", "ecdsa", "rsa"]).default("ed25519"),
    /** The new key, where somebody has made it: a .pub line, or the path of a private key file here. */
    newKey: localFile("key-or-identity", KeyText).nullable().default(null),
    /** Where the new private key goes on this computer, where no holder is known. */
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
  RenewalRequest,
]);
export type PlanRequest = z.infer<typeof PlanRequest>;

/** Of who may log in where, and by which key a host is known. */
export type KeyRequest = Exclude<PlanRequest, RenewalRequest>;

/** `making`: hosts are being read; `ready`; `failed`: why no plan could be made is its `message`. */
export const PlanState = z.enum(["making", "ready", "failed"]);

export const PlanDetail = z.object({
  id: PlanId,
  state: PlanState,
  message: z.string(),
  madeAt: Instant,
  /** Null until it is ready. */
  plan: Plan.nullable(),
  hash: PlanHash.nullable(),
  /** Of hosts to read for it. */
  read: z.int(),
  total: z.int(),
  /** What it was made for, so that it can be made anew; null where it was made elsewhere. */
  request: PlanRequest.nullable(),
  /** The run that was started of it; null before that. */
  runId: RunId.nullable(),
});
export type PlanDetail = z.infer<typeof PlanDetail>;

const OfRun = z.object({ runId: RunId });

/** What a plan does not hold is refused, for it would be lost. */
const Agreement = z.strictObject({
  acknowledgements: z.array(z.string()).max(10_000).default([]),
  typed: z.string().max(300).nullable().default(null),
});

export const runs = {
  /** Reads the hosts that the request is about, and makes a plan of what they hold now. Returns at once; announced as `plan-changed`. */
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

  findPlan: query.input(z.object({ planId: PlanId })).output(PlanDetail),

  /**
   * Takes a plan that was exported. One whose hash does not fit, or that shows something else than it would write, was
   * edited, and is refused; so is one for hosts that are not known. Then reads the hosts, as `plan` does: its changes stay,
   * and what is shown and checked of them is as of now. Returns at once; announced as `plan-changed`.
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
   * What of the plan can be carried to its hosts now, as one POSIX script a host. `signWith`: a private key file here, or the
   * .pub file of a key that the agent has. Its first part is refused as `start` is: where a consent is missing, or where
   * `typed` is not the word that is to be typed.
   */
  exportScripts: command
    .input(
      Agreement.extend({
        planId: PlanId,
        signWith: localFile("identity", z.string().min(1).max(4_096)).nullable().default(null),
      }),
    )
    .output(Scripts),

  /** Takes what a carried script has written for a host of a plan: the run is over once every host has told. */
  importResult: command.input(ResultInput).output(ImportedResult),

  /**
   * Approves a plan by its hash and starts its run; returns at once, announced as `run-changed`. Refused where a check
   * refuses, where a consent is missing, or where `typed` is not the word that is to be typed.
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

  /** Stops after the steps that are under way; nothing is taken back. */
  pause: command.input(OfRun).output(z.object({ wasRunning: z.boolean() })),

  /** Goes on with a run that was paused, stopped, interrupted or waits: re-reads the hosts first. */
  resume: command
    .input(
      OfRun.extend({
        /** The days of grace are over now, whatever is left of them; `typed` is the word that the plan asks for. */
        endsGrace: z.boolean().default(false),
        typed: z.string().max(300).nullable().default(null),
        /** With `endsGrace`: by name each use of the old key (`checkOfUse`) that is known, and may be shut out. */
        acknowledgements: z.array(z.string()).max(10_000).default([]),
        /** The old private keys that the run has kept (`RunDetail.kept`) are removed, also of one that is committed. */
        removesOld: z.boolean().default(false),
        mayPrompt: z.boolean().default(false),
        identityFiles: z.array(LocalPath("identity")).max(32).default([]),
      }),
    )
    .output(z.object({})),

  /**
   * The certificate that a run waits for, as it came: PEM, or DER in base64, the leaf wherever it stands. It is checked
   * against the request; then the run may be gone on with.
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
   * What is known of a run's new key where no login with it can be tried: the signature of its challenge by that key, or by
   * name the accounts for which somebody takes it upon himself. Checked and kept; the run goes on by `resume`.
   */
  confirm: command
    .input(
      OfRun.extend({
        signature: z.string().max(65_536).nullable().default(null),
        approvals: z.array(AccountAddress).max(10_000).default([]),
      }),
    )
    .output(z.object({})),

  /** Takes everything back, in the reverse order; of a file that somebody else has changed meanwhile its own lines alone. */
  rollBack: command
    .input(
      OfRun.extend({
        mayPrompt: z.boolean().default(false),
        identityFiles: z.array(LocalPath("identity")).max(32).default([]),
      }),
    )
    .output(z.object({})),

  /**
   * Puts stuck files right as `RunDetail.files` shows it, by the same hand, over the very bytes that were seen; then goes on
   * with the run the way it was going. What is another file by then is left, and shown anew.
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

  /** What a run or a plan waits for; announced as `run-prompts`. */
  prompts: query.output(z.array(PromptRequest)),
  answer: command
    .input(z.object({ promptId: z.string(), answers: z.array(z.string().max(4_096)).max(16).nullable() }))
    .output(z.object({})),
};
