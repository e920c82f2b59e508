import type { KeyRequest } from "#shared/contract/runs.ts";
import type { BundleStandingKind } from "#shared/model/hosts/bundle.ts";
import type { KeyPossession } from "#shared/model/hosts/host.ts";
import type { UseEvidence } from "#shared/model/hosts/host-use.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { FileHash } from "#shared/model/runs/deployment.ts";
import type { AccountProcess, EntryState } from "#shared/model/runs/disabled-account.ts";
import type { HostRefusal } from "#shared/model/runs/host-refusal.ts";
import type { RollbackTimer } from "#shared/model/runs/plan.ts";
import type { KeyOptions } from "#shared/model/runs/plan-options.ts";

/**
 * All that a plan is made of: the request, what the inventory knows, and what was seen on the hosts just now. Null
 * means "not known", never "none".
 */
export type PlanFacts = {
  now: Instant;
  request: KeyRequest;
  options: KeyOptions;
  /**
   * The key that is removed, or that is added or becomes an authority's; null if the request names none that is known.
   */
  key: KeyFacts | null;
  /**
   * The key line that the request provides: a new key, a key to grant, or an authority; null if it could not be read.
   */
  provided: ProvidedKey | null;
  /** Each host that the request is about, once: where the key is granted, and where its private key is. */
  hosts: readonly HostFacts[];
  /** Private keys of the key on this computer; if grants are tightened, those that can verify it. */
  here: readonly PrivateKeyFacts[];
  /** The default path of a new private key on this computer: `~/.ssh/id_ed25519`, if that is free. */
  freeKeyFile: string | null;
  /** Old private keys that earlier runs have left beside new ones. */
  keptKeys: readonly KeptKeyFact[];
};

export type KeptKeyFact = {
  /** Null: on this computer. */
  host: string | null;
  port: number | null;
  /** The path of the new key that replaced it. */
  path: string;
  kept: string;
  run: number;
};

export type KeyFacts = {
  /** As ssh-keygen prints it. */
  fingerprint: string;
  keyType: string;
  comment: string;
  /** Who has it, by the people source. */
  people: readonly string[];
};

export type ProvidedKey = {
  /** `type base64`. */
  line: string;
  fingerprint: string;
  comment: string;
  /**
   * The path of its private key on this computer; null if only the public key was provided, and no private key is known
   * here.
   */
  path: string | null;
  /** This computer's agent has it, so verifications can use it. */
  isInAgent: boolean;
};

export type HostFacts = {
  host: string;
  port: number;
  user: string | null;
  useSudo: boolean;
  /** The pinned host key, as ssh-keygen prints it; null: none is. */
  hostKey: string | null;
  labels: readonly string[];
  /** Other hosts of the inventory that are reached through this one. */
  jumpFor: number;
  /** Why it could not be inspected now, as a sentence; then the rest is what the inventory knows. */
  unreadable: string | null;
  /** When all of this was collected, if the host is known by a bundle alone; null: it was inspected now. */
  asOf: Instant | null;
  /** Whether that bundle is of the host: `claimed` if nothing shows it; null if the host was inspected now. */
  bundleStanding: BundleStandingKind | null;
  os: string | null;
  /** Its clock minus ours, in seconds. */
  clockOffset: number | null;
  /** The kind of its login logs that were last read; null: none of them has every login. */
  logs: UseEvidence | null;
  /** Its own addresses, when it was last read. */
  addresses: readonly string[];
  /** Logins with the key of the request, as its logs showed them: the last from each address. */
  logins: readonly KnownLogin[];
  /** The rollback timers that it has, the best first. */
  rollbackTimers: readonly RollbackTimer[];
  login: LoginFacts;
  accounts: readonly AccountFacts[];
  files: readonly FileFacts[];
  /** Where keys of its accounts may be that could not be read. */
  unreadableKeys: readonly UnreadableKeys[];
  privateKeyLocations: readonly PrivateKeyFacts[];
  /** For a rotation of its host key alone. */
  daemon: DaemonFacts | null;
  /** For a request that disables accounts alone. */
  disabling: DisablingFacts | null;
};

export type KnownLogin = { account: string; from: string; at: Instant; evidence: UseEvidence };

/** Our own login there. */
export type LoginFacts = {
  account: string;
  /** Whether it acts as root, by itself or by sudo: then it reaches every account's files. */
  isRoot: boolean;
  /** The fingerprint of the key that logged it in; null: something else did, or it is not known. */
  key: string | null;
  /**
   * The certificate that logged it in instead; `authority`: the fingerprint of the key that signed it, null if it could
   * not be read.
   */
  certificate: { authority: string | null } | null;
  /** The address that the host saw it come from. */
  from: string | null;
};

/** An account that a file of the plan is for. */
export type AccountFacts = {
  name: string;
  uid: number;
  gid: number;
  /** False: its shell runs nothing (nologin, false). */
  runsCommands: boolean | null;
  /** Files that sshd consults for it, in its order, as it opens them; empty for `none`. */
  consulted: readonly string[] | null;
  /**
   * Files that other sshds of the host, on other ports, consult for it; patterns with wildcards stay as they are, here
   * and above.
   */
  consultedByOthers: readonly string[];
  /** Whether sshd's settings for it are known; else the next three are null, and nothing is known of them. */
  isSshdKnown: boolean;
  /** AuthorizedKeysCommand; null: none. */
  keysCommand: string | null;
  /** As sshd prints it: `any`, `publickey,password publickey,keyboard-interactive`. */
  authenticationMethods: string | null;
  /** sshd's own ForceCommand; null: none. */
  forceCommand: string | null;
  /** Every grant of the account that the inventory knows. */
  grants: readonly KnownGrant[];
};

export type KnownGrant = {
  id: number;
  file: string;
  /** The whole line; bytes that are not UTF-8 are replaced. */
  text: string;
  fingerprint: string | null;
  isAuthority: boolean;
  effective: "yes" | "no" | "unknown";
  isDormant: boolean;
  /** The addresses that it is limited to. */
  onlyFrom: readonly string[];
  /** Who may have its private key: `known` if a private key or a person is known, `gone` if the person is former. */
  owner: "known" | "gone" | "unknown";
};

export type UnreadableKeys = {
  /** Of all of them, or of one of them. */
  accounts: readonly string[];
  /** A file or a home; null: the account itself is not known there now. */
  path: string | null;
  why: string;
  /** Of these accounts, as the inventory knows them from an earlier reading. */
  grants: readonly AccountGrant[];
};

export type AccountGrant = { account: string; grant: KnownGrant };

export type FileFacts = {
  /** As sshd opens it. */
  path: string;
  /** Other paths by which sshd opens this very file: a linked home, a second pattern. */
  otherPaths: readonly string[];
  accounts: readonly string[];
  /** With all links resolved. */
  realPath: string | null;
  /** It does not exist, and is planned as if it existed and were empty. */
  creates?: "file" | "folder";
  stand: FileStand;
};

export type FileStand =
  /** `lacks`: what would have to be created, in a folder of whose; absent if more is missing, or it is not known. */
  | { kind: "absent"; lacks?: { creates: "file" | "folder"; uid: number; workFolder: string | null } }
  /**
   * The host refuses to write it, by its own words: a link on the path, hard links, immutable, no space. Or it is
   * unreadable.
   */
  | { kind: "refused"; why: string; bytes: Uint8Array | null }
  | ({ kind: "file"; bytes: Uint8Array } & FileState);

export type FileState = {
  uid: number;
  gid: number;
  /** The name of its owner. */
  owner: string;
  /** Four octal digits. */
  mode: string;
  /** Who holds the lock of its folder, and since when; null: nobody. */
  lockedBy: string | null;
  /** What lies where a run would keep its lock, and was not made by a run; null: nothing. */
  workFolder: string | null;
};

/** A private key of the key: a file, or a key of an agent of this computer. */
export type PrivateKeyFacts = {
  kind: "file" | "agent";
  /** The file; for an agent its socket. */
  path: string;
  uid: number | null;
  gid: number | null;
  owner: string;
  mode: string;
  isEncrypted: boolean | null;
  /** SHA-256 of the private key file; null for an agent. */
  before: FileHash | null;
  hasPublicFile: boolean;
  possession: KeyPossession;
  /** Why it cannot be replaced (a link, a format that we do not write, unreadable); null: it can. */
  stuck: string | null;
};

/** The facts for disabling accounts. */
export type DisablingFacts = {
  /** Those of the request. */
  entries: readonly AccountEntry[];
  /** The accounts as which this computer logs in there, by itself or on its way to other hosts; `to`: their names. */
  enteredAs: readonly { account: string; to: readonly string[] }[];
};

/** `refused`: why the host does not change it. */
export type AccountEntry =
  | { kind: "refused"; account: string; why: HostRefusal }
  | {
      kind: "entry";
      account: string;
      uid: number;
      gid: number;
      home: string;
      state: EntryState;
      /** Other names of the same number. */
      shares: readonly string[];
      /** A program of root's own that ends each login; null: there is none. */
      nologin: string | null;
      processes: readonly AccountProcess[];
      /** Units that run as it by their files. */
      units: readonly string[];
      /** Its crontab, its jobs of at, and what lets its own units run without a login. */
      crontabs: readonly string[];
      /** Groups that it is in beside its own, and lines of sudo's and doas' files that name it. */
      groups: readonly string[];
      rights: readonly string[];
    };

/** The facts for a rotation of the host key. */
export type DaemonFacts = {
  /** sshd_config and what it includes, in the order in which sshd reads them. */
  files: readonly FileFacts[];
  /** Why sshd would reject them as they are, in its own words; null: it would not. */
  problem: string | null;
  /** Host keys that sshd uses now, as `sshd -T` prints them. `line`: `type base64`, null if it is not known. */
  hostKeys: readonly { path: string; keyType: string; fingerprint: string; line: string | null }[];
  /** Paths that exist, so that the new key gets another one. */
  occupied: readonly string[];
  canReload: boolean | null;
};
