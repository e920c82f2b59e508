import type { Account, AuthorizedKeysFile, Collection, SshdSettings } from "#domain/collection/collection.ts";
import type { PathEntry } from "#domain/collection/paths.ts";

/** An ordinary account in good order. */
export const makeAccount = (name: string, more: Partial<Account> = {}): Account => ({
  name,
  uid: 1_000,
  gid: 1_000,
  home: `/home/${name}`,
  shell: "/bin/sh",
  groups: [name],
  passwordState: "set",
  isLockedForSshd: false,
  expiresOnDay: null,
  agedOnDay: null,
  passwordAge: null,
  isShellUsable: true,
  ...more,
});

/** An account's file in good order: its own, 0600, in folders that nobody else can write. */
export function makeKeysFile(
  account: Account,
  text: string | Uint8Array,
  more: Partial<AuthorizedKeysFile> = {},
): AuthorizedKeysFile {
  const path = more.path ?? `${account.home}/.ssh/authorized_keys`;
  const entry = (at: string, type: PathEntry["type"], mode: number, uid: number): PathEntry => ({
    path: at,
    type,
    mode,
    uid,
    gid: uid,
    hasAcl: false,
  });
  return {
    path,
    accounts: [account.name],
    bytes: typeof text === "string" ? Buffer.from(text) : text,
    whyUnreadable: null,
    realPath: path,
    walk: [
      entry(path, "file", 0o600, account.uid),
      entry(`${account.home}/.ssh`, "folder", 0o700, account.uid),
      entry(account.home, "folder", 0o755, account.uid),
      entry("/home", "folder", 0o755, 0),
      entry("/", "folder", 0o755, 0),
    ],
    through: [],
    isLink: false,
    linkCount: 1,
    writtenDay: null,
    ...more,
  };
}

/** sshd's settings of which nothing was read. */
export const NO_SETTINGS: SshdSettings = {
  daemon: "",
  readAt: null,
  effective: null,
  files: new Map(),
  changedAt: new Map(),
  includes: new Map(),
};

/** A host read as root, with this sshd_config; there is no answer of `sshd -T`. */
export function makeCollection(
  more: Partial<Collection> & { config?: string; files?: Record<string, string> },
): Collection {
  const { config = "UsePAM yes\n", files = {}, ...rest } = more;
  const all = { "/etc/ssh/sshd_config": config, ...files };
  return {
    nonce: "0123456789abcdef",
    incomplete: null,
    facts: {
      hostname: "web1",
      os: "Debian GNU/Linux 13 (trixie)",
      kernel: "Linux 6.12",
      arch: "x86_64",
      unixTime: Date.UTC(2026, 5, 1) / 1_000,
      utcOffset: "+0200",
      sshdVersion: "OpenSSH_10.0p2",
      closedBy: null,
      isClosedUnderPam: null,
      isDebianSshd: true,
    },
    readAs: { uid: 0, user: "root", how: "login" },
    loginKey: null,
    loginAccount: null,
    accounts: [],
    groups: null,
    sshd: {
      ...NO_SETTINGS,
      files: new Map(Object.entries(all).map(([path, text]) => [path, Buffer.from(text)])),
    },
    otherDaemons: [],
    sshdFiles: new Map(),
    chrootFolders: new Map(),
    realHomes: new Map(),
    authorizedKeys: [],
    keyFiles: [],
    hostKeys: [],
    signingHost: "",
    certificateFiles: [],
    serverConfigs: [],
    diskFiles: new Map(),
    keystores: [],
    listening: { listeners: null, processes: new Map(), addresses: null },
    logs: [],
    suLog: null,
    lastLogins: [],
    reach: {
      sudoers: [],
      sudoersFolders: new Map(),
      doas: [],
      privilegedPaths: [],
      agents: [],
      outbound: [],
    },
    workloads: null,
    unreadable: [],
    ...rest,
  };
}
