import { z } from "zod";
import { FileHash } from "./file-hash.ts";
import { Instant } from "./instant.ts";
import { CertificateChange } from "./pair.ts";
import { KeyPossession } from "./possession.ts";
import { RemainingAccess } from "./remaining-access.ts";
import { HostName, Port } from "./target.ts";

/**
 * A runbook as a value: what would be changed where, shown before anything is written, and approved by its hash. It
 * holds no secret. It says every byte that will be written, but for one thing that is made only when the run begins: the
 * new key. Where its line will stand, the text has `HOLE`.
 */

/** Stands for `ssh-ed25519 AAAA...`, the new key's type and base64, wherever the plan writes that. */
export const HOLE = "{new key}";

export const PlanId = z.int().positive().brand<"PlanId">();
export type PlanId = z.infer<typeof PlanId>;

/** SHA-256 of the plan's canonical JSON, lower-case hex: what is approved. */
export const PlanHash = z.string().regex(/^[0-9a-f]{64}$/);
export type PlanHash = z.infer<typeof PlanHash>;

export const PlanKind = z.enum([
  "rotate-key",
  "rotate-host-key",
  "add-grants",
  "remove-grants",
  "tighten-grants",
  "move-to-authority",
  "rotate-certificate",
]);
export type PlanKind = z.infer<typeof PlanKind>;

/** What a file is cut by: from byte `at` on, `removed` goes and `inserted` comes. Both are `exact-bytes`. */
export const Splice = z.object({ at: z.int().min(0), removed: z.string(), inserted: z.string() });
export type Splice = z.infer<typeof Splice>;

/** A piece of a unified diff: from this line of the file as it is, counted from 1. Texts are `exact-bytes`. */
export const Hunk = z.object({
  line: z.int().min(1),
  rows: z.array(z.object({ sign: z.enum([" ", "+", "-"]), text: z.string() })),
});
export type Hunk = z.infer<typeof Hunk>;

/**
 * One authorized_keys file. Both stages are written against the file as it was found (`before`), in ascending order and
 * apart from each other: `added` has the new lines beside the old ones, `removed` is how it ends. A stage that is null is
 * left out: a removal adds nothing, and what only adds removes nothing.
 */
export const FilePlan = z.object({
  account: z.string(),
  /** Further accounts that the file lets in; not there where it lets in one alone. */
  others: z.array(z.string()).optional(),
  /** What is not there yet and is made, empty, before it is written: the file, or its folder, too. Not there for none. */
  creates: z.enum(["file", "folder"]).optional(),
  /** As sshd opens it, no link on the way. */
  path: z.string(),
  uid: z.int(),
  gid: z.int(),
  /** Whose the file is: the account, or root. It is written as that user. */
  owner: z.string(),
  mode: z.string(),
  before: FileHash,
  sizeBytes: z.int(),
  /** What it will be; not there where that depends on a key that is yet to be made. */
  after: z.object({ added: FileHash, removed: FileHash }).optional(),
  added: z.array(Splice).nullable(),
  removed: z.array(Splice).nullable(),
  hunks: z.array(Hunk),
  adds: z.int(),
  changes: z.int(),
  removes: z.int(),
});
export type FilePlan = z.infer<typeof FilePlan>;

/** How it is proved that the new key, and it alone, logs in to an account. */
export const Proof = z.discriminatedUnion("kind", [
  /** By a fresh connection from here. `command`: a word is run there; otherwise the login alone counts. */
  z.object({ kind: z.literal("from-here"), runs: z.enum(["command", "nothing"]) }),
  /** By OpenSSH's client on the host that holds the private half. */
  z.object({
    kind: z.literal("from-holder"),
    host: HostName,
    port: Port,
    runs: z.enum(["command", "nothing"]),
  }),
  /** By whoever runs the host's script there: it asks whether a login works. */
  z.object({ kind: z.literal("by-hand") }),
  /**
   * By the host's journal, once it tells of a login by the new key; else by a signature of its holder, or a person's approval.
   * A plain file, which any user of the host may write, proves nothing.
   */
  z.object({ kind: z.literal("by-log") }),
  z.object({ kind: z.literal("none"), why: z.string() }),
]);
export type Proof = z.infer<typeof Proof>;

export const DeadMan = z.enum(["systemd-run", "at", "sleep"]);
export type DeadMan = z.infer<typeof DeadMan>;

/** A private half that is replaced: a file on a host, on this computer, or a key of this computer's agent. */
export const HolderPlan = z.object({
  /** Null: this computer. */
  host: z.object({ host: HostName, port: Port }).nullable(),
  kind: z.enum(["file", "agent"]),
  /** The file; for an agent its socket. */
  path: z.string(),
  uid: z.int().nullable(),
  gid: z.int().nullable(),
  owner: z.string(),
  mode: z.string(),
  isEncrypted: z.boolean().nullable(),
  /** SHA-256 of the private file as it was found, so that no other is replaced; null for an agent. */
  before: FileHash.nullable(),
  hasPublicFile: z.boolean(),
  /**
   * Whether it signed when the plan was made. One that did has to sign again before it gets anything; so has one of a plan
   * that an earlier version has made.
   */
  possession: KeyPossession.default({ kind: "verified" }),
});
export type HolderPlan = z.infer<typeof HolderPlan>;

/** What was looked at before the plan was made. `consent` and `refused` stop the run, the one until it is given. */
export const Check = z.object({
  state: z.enum(["ok", "warning", "consent", "refused"]),
  /** What is checked, as an id that stays: `other-way-in`, `dead-man`, `managed`, `own-login`, `root`, `clock`, ... */
  id: z.string(),
  host: z.string().nullable(),
  account: z.string().nullable(),
  /** The one file that it is about: whoever agrees to it names that. Not there where the check is about no single file. */
  path: z.string().optional(),
  /** The one address that it is about, likewise. */
  address: z.string().optional(),
  text: z.string(),
});
export type Check = z.infer<typeof Check>;

export const HostPlan = z.object({
  host: HostName,
  port: Port,
  /** The login that does the work. */
  user: z.string().nullable(),
  useSudo: z.boolean(),
  /** 0 is the canary; hosts of one batch are changed side by side. */
  batch: z.int().min(0),
  /** The pinned host key, as ssh-keygen prints it; empty: it is known by a bundle that no key of it has signed. */
  hostKey: z.string(),
  deadMan: DeadMan.nullable(),
  files: z.array(FilePlan),
  holders: z.array(HolderPlan),
  /** By account of its files. */
  proofs: z.array(z.object({ account: z.string(), proof: Proof })),
  /** What is renewed there; not there where keys are what changes. */
  certificates: z.array(CertificateChange).optional(),
});
export type HostPlan = z.infer<typeof HostPlan>;

export const PlanOptions = z.object({
  canary: z.boolean().default(true),
  /** Hosts at a time after the canary. */
  batchSize: z.int().min(1).max(64).default(8),
  /** Failed hosts after which no other is begun. */
  maxFailures: z.int().min(1).max(10_000).default(1),
  /** Days to watch the logs for uses of the old key before it is removed; 0: it is removed at once. */
  graceDays: z.int().min(0).max(365).default(0),
  /** Until the host itself takes back what was not proved. */
  deadManSeconds: z.int().min(30).max(3_600).default(120),
  /** Of certificates: from when all serve the new ones until that is looked at once more. Not there: `RECHECK_MINUTES`. */
  recheckMinutes: z.int().min(0).max(10_080).optional(),
});
export type PlanOptions = z.infer<typeof PlanOptions>;

/** A server that was told to read its files again may do so late, and one that was restarted may not. */
export const RECHECK_MINUTES = 60;

/** Where the new key is made, or which one was given. */
export const NewKey = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("made-here"), keyType: z.string(), comment: z.string(), path: z.string() }),
  z.object({
    kind: z.literal("made-on-holder"),
    keyType: z.string(),
    comment: z.string(),
    host: HostName,
    port: Port,
    path: z.string(),
  }),
  /** Somebody else has made it; `line` is `type base64`. `path`: its private half on this computer. */
  z.object({ kind: z.literal("given"), line: z.string(), comment: z.string(), path: z.string().nullable() }),
]);
export type NewKey = z.infer<typeof NewKey>;

/** Of a new RSA key: as many as ssh-keygen takes by itself. */
export const RSA_BITS = 3_072;

export const Plan = z.object({
  format: z.literal("latchkey-plan-1"),
  kind: PlanKind,
  title: z.string(),
  madeAt: Instant,
  /**
   * When what it was made of was collected, where no host was looked at for it: it is carried out by scripts alone. Not
   * there where they were looked at when it was made.
   */
  asOf: Instant.optional(),
  /** The key that goes; null where none does. */
  oldKey: z.string().nullable(),
  newKey: NewKey.nullable(),
  /** The private half on this computer that proofs by the key that stays log in with; not there where none does. */
  provesWith: z.string().optional(),
  options: PlanOptions,
  /** In the order in which they are changed. */
  hosts: z.array(HostPlan),
  /** The private halves on this computer. */
  here: z.array(HolderPlan),
  checks: z.array(Check),
  /** What was meant to be in it and is not, each a sentence. */
  leftOut: z.array(z.string()),
  /** Where what is to go, or to be tightened, lets in as before all the same, for it is left as it is; not there where that is nowhere. */
  remaining: z.array(RemainingAccess).optional(),
  /** What somebody may have to do elsewhere once it is carried out, each a sentence; not there where that is nothing. */
  afterwards: z.array(z.string()).optional(),
  /** What is to be typed before it runs, and why; null where nothing is. */
  confirm: z.object({ word: z.string(), why: z.array(z.string()) }).nullable(),
});
export type Plan = z.infer<typeof Plan>;
