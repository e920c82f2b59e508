import type { ConfigurationFiles } from "#domain/server-configs/configuration.ts";
import type { PathEntry } from "./paths.ts";
import type { LastLogin, LogSummary } from "./read-logs.ts";

/**
 * What the collector found on one host: the parsed stream, whether it came over SSH or was carried
 * as a bundle. Verdicts and findings are made from this alone. Bytes are as they stand on the host.
 * `null` means "could not be told", never "none".
 */
export type Collection = {
  nonce: string;
  /** Null when the trailer was there and fits; otherwise why the stream is only partial. */
  incomplete: string | null;
  facts: HostFacts;
  /** Under which user the collector ran, and how it got there. */
  readAs: { uid: number; user: string; how: "login" | "sudo" };
  /** Fingerprint of the key that let this scan in, as the caller told the collector; null for a bundle. */
  loginKey: string | null;
  /** The account that was logged in to (before any sudo); null if not known. */
  loginAccount: string | null;
  accounts: Account[];
  /** The group database; null when it was not read. */
  groups: Group[] | null;
  /** Of the first daemon that listens; without one, of the one that would read the usual file. */
  sshd: SshdSettings;
  /** The others that listen, each with its own options. */
  otherDaemons: SshdSettings[];
  /** What sshd's settings name: RevokedKeys, TrustedUserCAKeys, AuthorizedPrincipalsFile; by path. */
  sshdFiles: ReadonlyMap<string, SshdFile>;
  /** Folders that ChrootDirectory names, by path. */
  chrootFolders: ReadonlyMap<string, ChrootFolder>;
  /** Homes without links, by account, where they are not as they are written. */
  realHomes: ReadonlyMap<string, string>;
  authorizedKeys: AuthorizedKeysFile[];
  keyFiles: KeyFile[];
  /** What the host says its host keys are, where private keys signed: fingerprints with commas between. */
  signingHost: string;
  /** Public host keys, from their .pub files or derived: blob as in a .pub file's base64. */
  hostKeys: { path: string; blob: Uint8Array }[];
  certificateFiles: CertificateFile[];
  /** What the configurations of servers say of TLS, an entry for each place where one begins to read. */
  serverConfigs: ConfigurationFiles[];
  /** Files that these name, and links to certificates, by path. */
  diskFiles: ReadonlyMap<string, DiskFile>;
  keystores: Keystore[];
  listening: Listening;
  /** What the logs tell of logins by key. */
  logs: LogSummary[];
  /** When accounts were last logged in to, by whatever means. */
  lastLogins: LastLogin[];
  reach: Reach;
  /** What could not be read, or was left out for a limit, and why. */
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
    /** What serves a certificate is not wholly known without it. */
    | "server-config"
    /** A log of logins: only evidence of use is missing without it. */
    | "log"
    /** The distribution's own trust store, which is left out on purpose. */
    | "trust-store"
    /** Rules of sudo or doas: who becomes whom is not known without them. */
    | "sudo"
    /** Where an account has been: only evidence is missing without it. */
    | "outbound"
    /** The collector ran out of time or room: whatever is missing may be there. */
    | "limit";
  path: string;
  why: string;
  /** There is no such file; not there: there is one, or that is not known. */
  isAbsent?: true;
  /** An option that a process which calls itself sshd claims to have been started with; not there: none. */
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
  /** The file that closes the host to all but root, where there is one: /etc/nologin. */
  closedBy: string | null;
  /** Whether PAM's rules for sshd go by that file; null: not told. */
  isClosedUnderPam: boolean | null;
  /** Whether sshd is Debian's, which takes files that a group of one may write. */
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
   * Whether sshd itself takes the account for locked (it asks only with UsePAM no): the field begins with "!" or
   * "*LK*". A lone "*" is a password that nobody has, and no lock. Null: not told.
   */
  isLockedForSshd: boolean | null;
  /** Day the account expires, days since the epoch (shadow field 8); null: never; "unknown": not read. */
  expiresOnDay: number | null | "unknown";
  /** Day from which the password is too old, days of grace and all: PAM refuses keys then, too. Null: never. */
  agedOnDay: number | null | "unknown";
  /** Whether the shell exists and can be executed; null: not looked at. */
  isShellUsable: boolean | null;
};

export type Group = { name: string; gid: number; members: string[] };

export type SshdSettings = {
  /** The command line of the daemon, as it shows it; empty where none is known. */
  daemon: string;
  /** When the daemon read its configuration, seconds since the epoch; null: not told. */
  readAt: number | null;
  /** When the files below were last changed, seconds since the epoch, where that was told. */
  changedAt: ReadonlyMap<string, number>;
  /**
   * What `sshd -T -C user=NAME` printed, lower-case keyword -> values in order, an account each. A value is the
   * rest of one printed line, however many words it has: `authorizedkeysfile` has one value, `allowusers` many.
   * Only the keywords that decide about access are here, and the client stands for "somebody elsewhere".
   * Null where sshd could not be asked (not root); then only the files speak.
   */
  effective: ReadonlyMap<string, ReadonlyMap<string, string[]>> | null;
  /** sshd_config first, then every file that it includes and that could be read, by path. */
  files: ReadonlyMap<string, Uint8Array>;
  /** Include patterns as they were expanded on the host: each word as written, without quotes -> paths, in sshd's order. */
  includes: ReadonlyMap<string, string[]>;
};

/** A file as sshd opens it. */
export type OpenedFile = {
  /** As sshd's settings name it, their tokens expanded. */
  path: string;
  /** Null: it exists but could not be read, or whether it exists could not be told. */
  bytes: Uint8Array | null;
  whyUnreadable: string | null;
  /** The path with all links resolved; null if it could not be resolved. */
  realPath: string | null;
  /** StrictModes' walk: the resolved file itself, then each folder above it up to "/". */
  walk: PathEntry[];
  /** The same of the path as it is written, links followed; empty where that is the path without links. */
  through: PathEntry[];
};

/** Its path is the one that sshd would open for these accounts. */
export type AuthorizedKeysFile = OpenedFile & {
  accounts: string[];
  /** A limit of ours left out a part of it. */
  isCut?: true;
  isLink: boolean;
  /** Number of hard links; null if not told. */
  linkCount: number | null;
  /** Day on which it was last written, by the host's calendar, days since the epoch; null if not told. */
  writtenDay: number | null;
};

/** A file that sshd's settings name. `isAbsent`: it is provably not there, or a folder. */
export type SshdFile = OpenedFile & { isAbsent: boolean };

/** `walk` is empty where owners and modes were not read, with the reason beside it. */
export type ChrootFolder = { isAbsent: boolean; walk: PathEntry[]; whyUnreadable: string | null };

export type KeyFile = {
  path: string;
  entry: PathEntry;
  format: "openssh" | "pem" | "pkcs8" | "putty" | "unknown";
  isEncrypted: boolean | null;
  /** How it is locked, as far as that stands in clear. Rounds are bcrypt's, or passes of Argon2. */
  lock: { cipher: string; kdf: string | null; rounds: number | null } | null;
  /** What it signed the nonce with (`possession.sh`); null where it was not asked. */
  signature: string | null;
  /** The public key blob where it could be had without a passphrase; null otherwise. */
  blob: Uint8Array | null;
  /** The key in the .pub file beside it, where it does not show its own: likely, for anybody may have put it there. */
  blobBeside: Uint8Array | null;
  whyNoKey: string | null;
  /** The DER of its SubjectPublicKeyInfo, by which certificates know it; null where its public key is not known. */
  spki: Uint8Array | null;
};

export type CertificateFile = {
  path: string;
  /** Each certificate of the file in its order: exact DER. */
  ders: Uint8Array[];
  /** Set when a part of the file could not be taken: the reason. */
  malformed: string[];
};

/** A file that a configuration names, or a link to a certificate. */
export type DiskFile = {
  path: string;
  /** The path with all links resolved; null if it could not be resolved. */
  realPath: string | null;
  entry: PathEntry;
  /** When its content was last written, seconds since the epoch; null if not told. */
  writtenAt: number | null;
};

/** A store of keys on a host. It never leaves it; of one that opens with a password that everybody knows the certificates do. */
export type Keystore = {
  path: string;
  entry: PathEntry;
  kind: "jks" | "jceks" | "pkcs12" | "bcfks" | "unknown";
  /** `open`: by no password. `default`: by `password`. `certificates`: its certificates lie open, its keys do not. */
  state: "open" | "default" | "certificates" | "locked" | "not-opened";
  /** The password that everybody knows; null unless it is one. */
  password: string | null;
  /** Why it was not opened; null where it was, or where no known password fits. */
  why: string | null;
};

/** A process that holds a listening socket. */
export type Process = {
  pid: number;
  /** At most 15 bytes, as the process itself may have set it; and whether it is in a container, with files of its own, or no server of root's. */
  name: string;
  /** Seconds since the epoch; null where it could not be told. */
  startedAt: number | null;
  /** Of known servers only, without what may be a secret; empty otherwise. */
  arguments: string[];
};

/** A TCP socket that listens. `address`: IPv6 without brackets; "0.0.0.0" and "::" for all of one's family. */
export type Listener = { address: string; port: number; pids: number[] };

export type Listening = {
  /** Null: they could not be told. */
  listeners: Listener[] | null;
  processes: ReadonlyMap<number, Process>;
  /** The host's own addresses but those of loopback and of one link; null: they could not be told. */
  addresses: string[] | null;
};

/** What lets an account of the host act as another one, and where it has been. */
export type Reach = {
  /** In the order in which they were read: the first is the one that sudo begins with. */
  sudoers: RuleFile[];
  /** What a folder that sudoers include was found to hold, in sudo's order. */
  sudoersFolders: ReadonlyMap<string, string[]>;
  doas: RuleFile[];
  /** Sockets of agents that were open, with the uid of whose they are. */
  agents: { path: string; uid: number; kind: "forwarded" | "local" | "unknown" }[];
  /** known_hosts, and of ssh_config the lines that name hosts, logins and keys. `account` is empty for the whole host. */
  outbound: { kind: "known-hosts" | "client-config"; path: string; account: string; bytes: Uint8Array }[];
};

export type RuleFile = { path: string; entry: PathEntry; bytes: Uint8Array };
