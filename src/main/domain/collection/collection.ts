import type { ConfigurationFiles } from "#domain/server-configs/configuration.ts";
import type { PathEntry } from "./paths.ts";
import type { LastLogin, LogSummary } from "./read-logs.ts";
import type { HostWorkloads } from "./read-workloads.ts";

/**
 * What the collector found on one host: the parsed stream, whether it came over SSH or as an offline bundle. Verdicts
 * and findings are made from this alone. Bytes are as they stand on the host. `null` means "could not be determined",
 * never "none".
 */
export type Collection = {
  nonce: string;
  /** Null if the trailer is there and matches; otherwise why the stream is only partial. */
  incomplete: string | null;
  facts: HostFacts;
  /** The user that the collector ran as, and how it became that user. */
  readAs: { uid: number; user: string; how: "login" | "sudo" };
  /**
   * Fingerprint of the key that this scan logged in with, as the caller gave it to the collector; null for a bundle.
   */
  loginKey: string | null;
  /** The account that was logged in to (before any sudo); null if not known. */
  loginAccount: string | null;
  accounts: Account[];
  /** The group database; null when it was not read. */
  groups: Group[] | null;
  /** Of the first daemon that listens; if none listens, of the one that would read the usual file. */
  sshd: SshdSettings;
  /** The others that listen, each with its own options. */
  otherDaemons: SshdSettings[];
  /** What sshd's settings name: RevokedKeys, TrustedUserCAKeys, AuthorizedPrincipalsFile; by path. */
  sshdFiles: ReadonlyMap<string, SshdFile>;
  /** Folders that ChrootDirectory names, by path. */
  chrootFolders: ReadonlyMap<string, ChrootFolder>;
  /** Homes with all links resolved, by account, if that differs from the path in the account database. */
  realHomes: ReadonlyMap<string, string>;
  authorizedKeys: AuthorizedKeysFile[];
  keyFiles: KeyFile[];
  /** What the host says its host keys are, if private keys signed: fingerprints with commas between. */
  signingHost: string;
  /** Public host keys, from their .pub files or derived: blob as in a .pub file's base64. */
  hostKeys: { path: string; blob: Uint8Array }[];
  certificateFiles: CertificateFile[];
  /** What the configurations of servers say of TLS, an entry for each file where a server begins to read. */
  serverConfigs: ConfigurationFiles[];
  /** Files that these name, and links to certificates, by path. */
  diskFiles: ReadonlyMap<string, DiskFile>;
  keystores: Keystore[];
  listening: Listening;
  /** Logins by key, and by other means, that the logs show. */
  logs: LogSummary[];
  /** What calls itself su in the journal; null where it was not read. Any process of the host may have written it. */
  suLog: LogSummary | null;
  /** When accounts were last logged in to, by whatever method. */
  lastLogins: LastLogin[];
  reach: Reach;
  workloads: HostWorkloads | null;
  /** What could not be read, or was left out because of a limit, and why. */
  unreadable: Unreadable[];
};

/** `kind` says which part of the collection the thing belongs to; `path` is a path, an account or a command. */
export type Unreadable = {
  kind:
    | "accounts"
    | "password-state"
    | "sshd-config"
    | "sshd-effective"
    | "authorized-keys"
    | "home"
    | "key-file"
    | "host-key"
    | "certificate-file"
    | "keystore"
    /** Without it, we do not know completely which process serves a certificate. */
    | "server-config"
    /** A log of logins: without it, only evidence of use is missing. */
    | "log"
    /** The distribution's own trust store, which is left out on purpose. */
    | "trust-store"
    /** Rules of sudo or doas: without them, it is not known who may become whom. */
    | "sudo"
    /** Hosts that an account connects to: without it, only evidence is missing. */
    | "outbound"
    /** Units, jobs and processes: without them, only evidence of what runs is missing. */
    | "workload"
    /** Folders of setuid programs: without them, only some of these are missing. */
    | "setuid"
    /** The host's keys for Kerberos. */
    | "keytab"
    /** The collector ran out of time or space: whatever is missing may exist. */
    | "limit";
  path: string;
  why: string;
  /** There is no such file; missing: there is one, or that is not known. */
  isAbsent?: true;
  /** An option that a process which calls itself sshd claims to have been started with; missing: none. */
  claimedOption?: string;
};

export type HostFacts = {
  hostname: string | null;
  /** PRETTY_NAME of os-release. */
  os: string | null;
  kernel: string | null;
  arch: string | null;
  /** The host's clock when the collector began, seconds since the epoch. */
  unixTime: number | null;
  /** The host's zone as `date +%z` prints it: +0100. Dates without a zone in `expiry-time` are in it. */
  utcOffset: string | null;
  /** As `sshd -V` or `ssh -V` prints it: OpenSSH_10.0p2. */
  sshdVersion: string | null;
  /** The file that denies login to everybody but root, if there is one: /etc/nologin. */
  closedBy: string | null;
  /** Whether PAM's rules for sshd obey that file; null: not known. */
  isClosedUnderPam: boolean | null;
  /** Whether sshd is Debian's, which accepts files that a group with a single member may write. */
  isDebianSshd: boolean;
};

export type Account = {
  name: string;
  uid: number;
  gid: number;
  home: string;
  shell: string;
  /** Primary and supplementary groups by name; null when the group database was not read. */
  groups: string[] | null;
  /** The class of the password field, never the field: `locked` begins with "!" (or is "*"-only), `none` is empty. */
  passwordState: "set" | "locked" | "none" | "unknown";
  /**
   * Whether sshd itself treats the account as locked (it checks only with UsePAM no): the field begins with "!" or
   * "*LK*". A lone "*" is a password that nobody has, and no lock. Null: not known.
   */
  isLockedForSshd: boolean | null;
  /** Day the account expires, days since the epoch (shadow field 8); null: never; "unknown": not read. */
  expiresOnDay: number | null | "unknown";
  /**
   * Day from which the password is too old, including days of grace: from then on PAM refuses keys, too. Null: never.
   */
  agedOnDay: number | null | "unknown";
  /** The age of the password by shadow; null: not read. */
  passwordAge: ShadowAge | null;
  /** Whether the shell exists and can be executed; null: not checked. */
  isShellUsable: boolean | null;
};

/** Days as shadow has them, null where it is silent. `changedDay`: since the epoch; 0: to be changed at the next login. */
export type ShadowAge = Record<
  "changedDay" | "leastDays" | "mostDays" | "warningDays" | "graceDays",
  number | null
>;

export type Group = { name: string; gid: number; members: string[] };

export type SshdSettings = {
  /** The command line of the daemon, as the process shows it; empty if none is known. */
  daemon: string;
  /** When the daemon read its configuration, seconds since the epoch; null: not known. */
  readAt: number | null;
  /** When the files below were last changed, seconds since the epoch, as far as that is known. */
  changedAt: ReadonlyMap<string, number>;
  /**
   * What `sshd -T -C user=NAME` printed for each account: lower-case keyword -> values in order. A value is the rest of
   * one printed line, however many words it has: `authorizedkeysfile` has one value, `allowusers` many. Only the
   * keywords that decide about access are kept, and the client stands for "somebody elsewhere". Null if sshd could not
   * be run (not root); then only the files count.
   */
  effective: ReadonlyMap<string, ReadonlyMap<string, string[]>> | null;
  /** sshd_config first, then every file that it includes and that could be read, by path. */
  files: ReadonlyMap<string, Uint8Array>;
  /** Include patterns as expanded on the host: each word as written, without quotes -> paths, in sshd's order. */
  includes: ReadonlyMap<string, string[]>;
};

/** A file as sshd opens it. */
export type OpenedFile = {
  /** The path in sshd's settings, with its tokens expanded. */
  path: string;
  /** Null: it exists but could not be read, or it is not known whether it exists. */
  bytes: Uint8Array | null;
  whyUnreadable: string | null;
  /** The path with all links resolved; null if it could not be resolved. */
  realPath: string | null;
  /** StrictModes' walk: the resolved file itself, then each folder above it up to "/". */
  walk: PathEntry[];
  /** The same for the path as it is written, links followed; empty if that path has no links. */
  through: PathEntry[];
};

/** A file that sshd would open for these accounts. */
export type AuthorizedKeysFile = OpenedFile & {
  accounts: string[];
  /** A limit of this program left out a part of it. */
  isCut?: true;
  isLink: boolean;
  /** Number of hard links; null if not known. */
  linkCount: number | null;
  /** Day on which it was last written, by the host's calendar, days since the epoch; null if not known. */
  writtenDay: number | null;
};

/** A file that sshd's settings name. `isAbsent`: it is certain that no such file exists, or it is a folder. */
export type SshdFile = OpenedFile & { isAbsent: boolean };

/** `walk` is empty if owners and modes were not read; `whyUnreadable` says why. */
export type ChrootFolder = { isAbsent: boolean; walk: PathEntry[]; whyUnreadable: string | null };

export type KeyFile = {
  path: string;
  entry: PathEntry;
  format: "openssh" | "pem" | "pkcs8" | "putty" | "unknown";
  isEncrypted: boolean | null;
  /** How it is locked, as far as that is in the clear. Rounds are bcrypt's, or passes of Argon2. */
  lock: { cipher: string; kdf: string | null; rounds: number | null } | null;
  /** What `possession.sh` answered when the key had to sign the nonce; null if it had not to. */
  signature: string | null;
  /** The public key blob if it is readable without a passphrase; null otherwise. */
  blob: Uint8Array | null;
  /**
   * The key in the .pub file beside it, if the file does not show its own: likely, but anybody may have put it there.
   */
  blobBeside: Uint8Array | null;
  whyNoKey: string | null;
  /** The DER of its SubjectPublicKeyInfo, by which certificates identify it; null if its public key is not known. */
  spki: Uint8Array | null;
};

export type CertificateFile = {
  path: string;
  /** Each certificate of the file in its order: exact DER. */
  ders: Uint8Array[];
  /** Why parts of the file could not be read; empty if all of it was. */
  malformed: string[];
};

/** A file that a configuration names, or a link to a certificate. */
export type DiskFile = {
  path: string;
  /** The path with all links resolved; null if it could not be resolved. */
  realPath: string | null;
  entry: PathEntry;
  /** When its content was last written, seconds since the epoch; null if not known. */
  writtenAt: number | null;
};

/**
 * A keystore on a host. It never leaves the host; its certificates do if it opens with a password that everybody knows.
 */
export type Keystore = {
  path: string;
  entry: PathEntry;
  kind: "jks" | "jceks" | "pkcs12" | "bcfks" | "unknown";
  /**
   * `open`: without a password. `default`: by `password`. `certificates`: its certificates are in the clear, its keys
   * are not.
   */
  state: "open" | "default" | "certificates" | "locked" | "not-opened";
  /** The well-known password that opens it; null otherwise. */
  password: string | null;
  /** Why it was not opened; null if it was, or if no known password fits. */
  why: string | null;
};

/** A process that holds a listening socket. */
export type Process = {
  pid: number;
  /**
   * At most 15 bytes, as the process itself may have set it; says so if the process is in a container with files of its
   * own, or if root has not started it.
   */
  name: string;
  /** Seconds since the epoch; null if not known. */
  startedAt: number | null;
  /** Of known servers only, without what may be a secret; empty otherwise. */
  arguments: string[];
};

/** A TCP socket that listens. `address`: IPv6 without brackets; "0.0.0.0" and "::" for all of one's family. */
export type Listener = { address: string; port: number; pids: number[] };

export type Listening = {
  /** Null: they could not be determined. */
  listeners: Listener[] | null;
  processes: ReadonlyMap<number, Process>;
  /** The host's own addresses without loopback and link-local ones; null: they could not be determined. */
  addresses: string[] | null;
};

/** What lets an account of the host act as another one, and which hosts it connects to. */
export type Reach = {
  /** In the order in which they were read: the first is the one that sudo begins with. */
  sudoers: RuleFile[];
  /** The files found in each folder that sudoers include, in sudo's order. */
  sudoersFolders: ReadonlyMap<string, string[]>;
  doas: RuleFile[];
  /** Sockets and disks that make root of whoever may write to them, as far as they were there. */
  privilegedPaths: PathEntry[];
  /** Sockets of agents that were open, with the uid of their owner. */
  agents: { path: string; uid: number; kind: "forwarded" | "local" | "unknown" }[];
  /**
   * known_hosts, and the lines of ssh_config that name hosts, logins and keys. `account` is empty for the whole host.
   */
  outbound: { kind: "known-hosts" | "client-config"; path: string; account: string; bytes: Uint8Array }[];
};

export type RuleFile = { path: string; entry: PathEntry; bytes: Uint8Array };
