import { z } from "zod";
import { KeyPossession } from "../hosts/host.ts";
import { HostName, Port } from "../hosts/target.ts";
import { Instant } from "../instant.ts";
import { FileHash, ReloadedServer, Replacement } from "./deployment.ts";
import { DisabledAccount, RemovedAccount } from "./disabled-account.ts";
import { KeyOptions, ReloadOptions, RenewalOptions } from "./plan-options.ts";
import { PlannedVerification } from "./planned-verification.ts";
import { RemainingAccess } from "./remaining-access.ts";

/**
 * A runbook as a value: what would be changed where, shown before anything is written, and approved by its hash. It
 * holds no secret. It has every byte that will be written, except the new key, which is created only when the run
 * begins: where its line will stand, the text has `NEW_KEY_PLACEHOLDER`.
 */

/** Stands for `ssh-ed25519 AAAA...`, the new key's type and base64, wherever the plan writes that. */
export const NEW_KEY_PLACEHOLDER = "{new key}";

export const PlanId = z.int().positive().brand<"PlanId">();
export type PlanId = z.infer<typeof PlanId>;

/** SHA-256 of the plan's canonical JSON, lower-case hex: a plan is approved by it. */
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
  "reload",
  "disable-account",
  "remove-account",
]);
export type PlanKind = z.infer<typeof PlanKind>;

/** A change of a file at byte `at`: `removed` is replaced by `inserted`. Both are `exact-bytes`. */
export const Splice = z.object({ at: z.int().min(0), removed: z.string(), inserted: z.string() });
export type Splice = z.infer<typeof Splice>;

/** A hunk of a unified diff: from this line of the file as it is, counted from 1. Texts are `exact-bytes`. */
export const Hunk = z.object({
  line: z.int().min(1),
  rows: z.array(z.object({ sign: z.enum([" ", "+", "-"]), text: z.string() })),
});
export type Hunk = z.infer<typeof Hunk>;

/**
 * One authorized_keys file. Both stages are written against the file as it was found (`before`), with splices in
 * ascending order that do not overlap: `added` has the new lines beside the old ones, `removed` is how it ends. A stage
 * that is null is left out: a removal adds nothing, and a plan that only adds removes nothing.
 */
export const FilePlan = z.object({
  account: z.string(),
  /** Further accounts that the file lets in; not there where there are none. */
  others: z.array(z.string()).optional(),
  /**
   * What is missing and is created, empty, before it is written: the file, or its folder, too. Not there for nothing.
   */
  creates: z.enum(["file", "folder"]).optional(),
  /** As sshd opens it, with all links resolved. */
  path: z.string(),
  uid: z.int(),
  gid: z.int(),
  /** Whose the file is: the account, or root. It is written as that user. */
  owner: z.string(),
  mode: z.string(),
  before: FileHash,
  sizeBytes: z.int(),
  /** The hashes after each stage; not there where they depend on a key that is yet to be created. */
  after: z.object({ added: FileHash, removed: FileHash }).optional(),
  added: z.array(Splice).nullable(),
  removed: z.array(Splice).nullable(),
  hunks: z.array(Hunk),
  adds: z.int(),
  changes: z.int(),
  removes: z.int(),
});
export type FilePlan = z.infer<typeof FilePlan>;

export const RollbackTimer = z.enum(["systemd-run", "at", "sleep"]);
export type RollbackTimer = z.infer<typeof RollbackTimer>;

/** A private key that is replaced: a file on a host, on this computer, or a key of this computer's agent. */
export const PrivateKeyPlan = z.object({
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
   * Whether it signed when the plan was made. One that did, or of which a plan does not say, has to sign again before
   * anything is written there.
   */
  possession: KeyPossession.default({ kind: "verified" }),
});
export type PrivateKeyPlan = z.infer<typeof PrivateKeyPlan>;

/**
 * What was checked before the plan was made. `refused` stops the run; `acknowledge` stops it until somebody has
 * acknowledged the risk.
 */
export const Check = z.object({
  state: z.enum(["ok", "warning", "acknowledge", "refused"]),
  /** What is checked, as a stable id: `other-way-in`, `rollback-timer`, `managed`, `own-login`, `root`, `clock`, ... */
  id: z.string(),
  host: z.string().nullable(),
  account: z.string().nullable(),
  /**
   * The one file that it is about: whoever acknowledges the check names it. Not there where the check is about no
   * single file.
   */
  path: z.string().optional(),
  /** The one address that it is about, likewise. */
  address: z.string().optional(),
  text: z.string(),
});
export type Check = z.infer<typeof Check>;

/** The name or address of a host, and its port. */
export type HostAddress = { host: string; port: number };

export const isSameHost = (one: HostAddress, other: HostAddress): boolean =>
  one.host === other.host && one.port === other.port;

/**
 * The name of a host in checks and their acknowledgements: an identifier, `web1` or `web1:2222`, `[2001:db8::1]:2222`.
 */
export const hostIdOf = ({ host, port }: HostAddress): string => {
  if (port === 22) return host;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
};

/** A host, and how a run changes it, whatever it changes there. */
export const PlannedHost = z.object({
  host: HostName,
  port: Port,
  /** The login that does the work. */
  user: z.string().nullable(),
  useSudo: z.boolean(),
  /** 0 is the canary; hosts of one batch are changed side by side. */
  batch: z.int().min(0),
  /**
   * The pinned host key, as ssh-keygen prints it; empty: the host is known from a bundle that no key of it has signed.
   */
  hostKey: z.string(),
  rollbackTimer: RollbackTimer.nullable(),
});

export type PlannedHost = z.infer<typeof PlannedHost>;

/** A host whose authorized_keys files change, or that has a private key which is replaced. */
export const AccessHost = PlannedHost.extend({
  files: z.array(FilePlan),
  privateKeyLocations: z.array(PrivateKeyPlan),
  /** One for each account of its files. */
  verifications: z.array(z.object({ account: z.string(), verification: PlannedVerification })),
});
export type AccessHost = z.infer<typeof AccessHost>;

/** The host that gets a second host key. */
export const HostKeyHost = PlannedHost.extend({
  /** The one file of sshd's configuration that names its host keys; none where it could not be planned. */
  files: z.array(FilePlan),
});
export type HostKeyHost = z.infer<typeof HostKeyHost>;

/** A host that has certificates which are renewed. */
export const RenewalHost = PlannedHost.extend({ certificates: z.array(Replacement) });
export type RenewalHost = z.infer<typeof RenewalHost>;

/** A host whose servers read their configuration and their files again. */
export const ReloadHost = PlannedHost.extend({ servers: z.array(ReloadedServer) });
export type ReloadHost = z.infer<typeof ReloadHost>;

/** A host of which accounts are disabled; its files are those that let keys in to them. */
export const DisableHost = AccessHost.extend({ disables: z.array(DisabledAccount) });
export type DisableHost = z.infer<typeof DisableHost>;

/** A host of which the entries of accounts are removed. */
export const RemoveHost = PlannedHost.extend({ removes: z.array(RemovedAccount) });
export type RemoveHost = z.infer<typeof RemoveHost>;

export type HostPlan = AccessHost | HostKeyHost | RenewalHost | ReloadHost | DisableHost | RemoveHost;

/** A new key that somebody else has created; `line` is `type base64`. `path`: its private key on this computer. */
const ProvidedNewKey = z.object({
  kind: z.literal("provided"),
  line: z.string(),
  comment: z.string(),
  path: z.string().nullable(),
});
export type ProvidedNewKey = z.infer<typeof ProvidedNewKey>;

/** A new key that is created on the host where it will be used, and never leaves it. */
const MadeOnHost = z.object({
  kind: z.literal("made-on-host"),
  keyType: z.string(),
  comment: z.string(),
  host: HostName,
  port: Port,
  path: z.string(),
});

/** Where the new key is created, or which one was provided. */
export const NewKey = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("made-here"), keyType: z.string(), comment: z.string(), path: z.string() }),
  MadeOnHost,
  ProvidedNewKey,
]);
export type NewKey = z.infer<typeof NewKey>;

/** What every plan has. */
const PlanBase = z.object({
  format: z.literal("latchkey-plan-1"),
  title: z.string(),
  madeAt: Instant,
  checks: z.array(Check),
  /** What should have been in it and is not, each a sentence. */
  leftOut: z.array(z.string()),
  /** The word that has to be typed before it runs, and why; null where none has to be. */
  confirm: z.object({ word: z.string(), why: z.array(z.string()) }).nullable(),
});

export const AccessBase = PlanBase.extend({
  /**
   * When the data that it was made of was collected, if no host was read for it: then only offline scripts execute it.
   * Null where the hosts were read when it was made.
   */
  asOf: Instant.nullable(),
  options: KeyOptions,
  /** In the order in which they are changed. */
  hosts: z.array(AccessHost),
  /** Accounts that still let in a key that should go or be restricted, since their lines are left as they are. */
  remaining: z.array(RemainingAccess),
});

export type AccessBase = z.infer<typeof AccessBase>;

/** A key is replaced by another one wherever it logs in, and wherever its private key is. */
export const RotateKeyPlan = AccessBase.extend({
  kind: z.literal("rotate-key"),
  /** The fingerprint of the key that goes. */
  oldKey: z.string(),
  newKey: NewKey,
  /** The private keys on this computer. */
  here: z.array(PrivateKeyPlan),
});
export type RotateKeyPlan = z.infer<typeof RotateKeyPlan>;

/** Accounts get a grant of a key. */
const AddGrantsPlan = AccessBase.extend({ kind: z.literal("add-grants"), newKey: ProvidedNewKey });

/** The key of all the lines that go or change; null: the lines are of several. */
const KeyOfLines = z.string().nullable();

/** Lines go. */
export const RemoveGrantsPlan = AccessBase.extend({ kind: z.literal("remove-grants"), oldKey: KeyOfLines });

export type RemoveGrantsPlan = z.infer<typeof RemoveGrantsPlan>;

/** Lines get restrictions. */
const TightenGrantsPlan = AccessBase.extend({
  kind: z.literal("tighten-grants"),
  oldKey: KeyOfLines,
  /** The private key on this computer that verifies that the restricted key still logs in; null where none does. */
  verificationKey: z.string().nullable(),
});

/** Lines for a key become lines for the certificates of an authority. */
const MoveToAuthorityPlan = AccessBase.extend({
  kind: z.literal("move-to-authority"),
  oldKey: KeyOfLines,
  newKey: ProvidedNewKey,
});

/** Who may log in where changes. */
export const AccessPlan = z.discriminatedUnion("kind", [
  RotateKeyPlan,
  AddGrantsPlan,
  RemoveGrantsPlan,
  TightenGrantsPlan,
  MoveToAuthorityPlan,
]);
export type AccessPlan = z.infer<typeof AccessPlan>;

/** A host gets a second host key, and later loses the first. */
export const HostKeyPlan = PlanBase.extend({
  kind: z.literal("rotate-host-key"),
  options: KeyOptions,
  hosts: z.array(HostKeyHost),
  /** The fingerprint of the host key that goes; null: it has none of that type. */
  oldKey: z.string().nullable(),
  newKey: MadeOnHost,
  /** What somebody may have to do elsewhere once the plan is executed, each a sentence. */
  afterwards: z.array(z.string()),
});
export type HostKeyPlan = z.infer<typeof HostKeyPlan>;

/** Certificates are renewed where servers read them. */
export const RenewalPlan = PlanBase.extend({
  kind: z.literal("rotate-certificate"),
  options: RenewalOptions,
  /** In the order in which they are changed. */
  hosts: z.array(RenewalHost),
});
export type RenewalPlan = z.infer<typeof RenewalPlan>;

/** Servers are reloaded. It writes no file, and nothing of it can be undone. */
export const ReloadPlan = PlanBase.extend({
  kind: z.literal("reload"),
  options: ReloadOptions,
  hosts: z.array(ReloadHost),
});
export type ReloadPlan = z.infer<typeof ReloadPlan>;

/**
 * Accounts are disabled: password locked, expired, without a shell, their grants revoked. `graceDays`: how long their
 * logs are watched before somebody decides whether they are removed, restored, or left so.
 */
export const DisablePlan = AccessBase.extend({
  kind: z.literal("disable-account"),
  hosts: z.array(DisableHost),
});
export type DisablePlan = z.infer<typeof DisablePlan>;

/** The entries of accounts are removed that a run has disabled; their files stay. */
export const RemovePlan = PlanBase.extend({
  kind: z.literal("remove-account"),
  options: KeyOptions,
  hosts: z.array(RemoveHost),
  /** The run that has disabled them, and ends with this one. */
  disabledBy: z.int().positive(),
});
export type RemovePlan = z.infer<typeof RemovePlan>;

/** A plan that changes lines of files: of who may log in, or of which host keys sshd has. */
export type KeyPlan = AccessPlan | HostKeyPlan | DisablePlan;

export const Plan = z.discriminatedUnion("kind", [
  RotateKeyPlan,
  AddGrantsPlan,
  RemoveGrantsPlan,
  TightenGrantsPlan,
  MoveToAuthorityPlan,
  HostKeyPlan,
  RenewalPlan,
  ReloadPlan,
  DisablePlan,
  RemovePlan,
]);
export type Plan = z.infer<typeof Plan>;

export const isRenewal = (plan: Plan): plan is RenewalPlan => plan.kind === "rotate-certificate";

/** Whether it changes lines of files. */
export const isKeyPlan = (plan: Plan): plan is KeyPlan =>
  plan.kind !== "rotate-certificate" && plan.kind !== "reload" && plan.kind !== "remove-account";

/** The plan, if offline scripts can execute it; null for one of another kind. */
export const offlinePlan = (plan: Plan | null | undefined): AccessPlan | null =>
  !plan || plan.kind === "rotate-host-key" || plan.kind === "disable-account" || !isKeyPlan(plan)
    ? null
    : plan;

/** The fingerprint of the key that goes, or whose lines change; null where there is none, or there are several. */
export const oldKeyOf = (plan: Plan): string | null => ("oldKey" in plan ? plan.oldKey : null);

/** The new key; null where there is none. */
export const newKeyOf = (plan: Plan): NewKey | null => ("newKey" in plan ? plan.newKey : null);

/** The private keys on this computer that are replaced. */
export const privateKeysHere = (plan: Plan): readonly PrivateKeyPlan[] =>
  plan.kind === "rotate-key" ? plan.here : [];

/** The private keys on each of its hosts that are replaced, in the order of `plan.hosts`. */
export const privateKeysByHost = ({ hosts }: Plan): readonly (readonly PrivateKeyPlan[])[] =>
  hosts.map((host) => ("privateKeyLocations" in host ? host.privateKeyLocations : []));

/** The accounts that it disables, on each of its hosts. */
export const disabledAccounts = (host: HostPlan): readonly DisabledAccount[] =>
  "disables" in host ? host.disables : [];

/** The accounts whose entries it removes, on each of its hosts. */
export const removedAccounts = (host: HostPlan): readonly RemovedAccount[] =>
  "removes" in host ? host.removes : [];

/** How it is verified, for each account of a host, that it is not locked out. */
export const verificationsOf = (host: HostPlan): AccessHost["verifications"] =>
  "verifications" in host ? host.verifications : [];

/** The authorized_keys files, or files of sshd's configuration, that it changes, over all of its hosts. */
export const plannedFiles = (plan: Plan): readonly FilePlan[] =>
  isKeyPlan(plan) ? plan.hosts.flatMap(({ files }) => files) : [];

export const plannedCertificates = ({ hosts }: RenewalPlan): readonly Replacement[] =>
  hosts.flatMap(({ certificates }) => certificates);
