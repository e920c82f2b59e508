import type { BrokenEntry } from "#shared/contract/scans.ts";
import type { SshTarget } from "#shared/model/hosts/target.ts";

/** One machine on the way to a host; the host itself is the last. */
export type Hop = {
  /** As the user, or ssh_config, names it, and the port: pins are kept by these. */
  name: string;
  port: number;
  /** Where to connect: HostName, or the name itself. */
  address: string;
  user: string;
  /** What known_hosts is asked for: HostKeyAlias (then without a port, as ssh does: 22), or the address and port. */
  knownAs: { host: string; port: number };
  /** Absolute paths, in the order of ssh_config; null: the usual ones. */
  identityFiles: readonly string[] | null;
  /** Offer only `identityFiles`, not what else the agent holds (IdentitiesOnly). */
  identitiesOnly: boolean;
  /** What OpenSSH's own client does there at the word of ssh_config, and ssh2 does not; absent where that is nothing. */
  openssh?: OpensshRequest;
};

export type OpensshRequest = {
  /** The command that leads there; `isUser`: it stands in this user's own files. */
  proxyCommand: { value: string; location: string; isUser: boolean } | null;
  /** Absolute paths. */
  certificateFiles: readonly string[];
  pkcs11Provider: string | null;
  securityKeyProvider: string | null;
  gssapi: boolean;
  /** This user's own files ask for one of these. */
  isSetByUser: boolean;
};

export type Route =
  | { kind: "hops"; hops: readonly Hop[] }
  /** A sentence: what ssh_config asks for that is not done here, where, and what to do. */
  | { kind: "unsupported"; why: string };

/** What ~/.ssh/config and the system's ssh_config say, as read once for a scan. */
export type SshConfig = {
  /** The hosts that this user's own files name in full: no pattern, no negation. */
  names: readonly string[];
  /** Whether it names this host in full: then the host keeps the letters it is written with, for ssh tells them apart. */
  isNamed(host: string): boolean;
  /** A name that it gives another address or a way there, so that it is reached by SSH alone. */
  isAlias(host: string): boolean;
  portOf(host: string, user: string | null): number | null;
  routeTo(target: SshTarget, defaultUser: string): Route;
  /** What it says of these hosts that is not done here, and where: sentences for people, each once. */
  notesOn(targets: readonly SshTarget[], defaultUser: string): string[];
  broken: readonly BrokenEntry[];
  /** What of it is not evaluated at all, such as Match exec, and where it stands. */
  notes: readonly string[];
};

/** How many of these hosts each jump host leads to, by `keyOfHost`. */
export function countJumps(
  hosts: readonly { host: string; port: number; user: string | null }[],
  routeTo: SshConfig["routeTo"],
  defaultUser: string,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { host, port, user } of hosts) {
    const route = routeTo({ kind: "ssh", host, port, user }, defaultUser);
    if (route.kind === "unsupported") continue;
    for (const { name, port: hopPort } of route.hops.slice(0, -1)) {
      const key = keyOfHost({ host: name, port: hopPort });
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return counts;
}

export const keyOfHost = ({ host, port }: { host: string; port: number }): string => `${host} ${port}`;

/** What holds where there is no ssh_config. */
export const NO_SSH_CONFIG: SshConfig = {
  names: [],
  isNamed: () => false,
  isAlias: () => false,
  portOf: () => null,
  routeTo: ({ host, port, user }, defaultUser) => ({
    kind: "hops",
    hops: [
      {
        name: host,
        port,
        address: host,
        user: user ?? defaultUser,
        knownAs: { host, port },
        identityFiles: null,
        identitiesOnly: false,
      },
    ],
  }),
  notesOn: () => [],
  broken: [],
  notes: [],
};
