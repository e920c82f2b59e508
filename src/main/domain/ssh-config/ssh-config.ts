import type { BrokenEntry } from "#shared/contract/scans.ts";
import { isAddress, type SshTarget } from "#shared/model/hosts/target.ts";

/** One machine of the route to a host; the host itself is the last. */
export type Hop = {
  /** The name by which the user or ssh_config names it; pins are stored by name and port. */
  name: string;
  port: number;
  /** The address to connect to: HostName, or the name itself. */
  address: string;
  user: string;
  /** The name to look up in known_hosts: HostKeyAlias (without a port, as in ssh: 22), or the address and port. */
  knownAs: { host: string; port: number };
  /** Absolute paths, in the order of ssh_config; null: ssh's defaults. */
  identityFiles: readonly string[] | null;
  /** Offer only `identityFiles`, not the agent's other keys (IdentitiesOnly). */
  identitiesOnly: boolean;
  /** Settings that OpenSSH's client supports and ssh2 does not; absent without any. */
  openssh?: OpensshRequest;
};

export type OpensshRequest = {
  /** The command that connects to it; `isUser`: it is in this user's own files. */
  proxyCommand: { value: string; location: string; isUser: boolean } | null;
  /** Absolute paths. */
  certificateFiles: readonly string[];
  pkcs11Provider: string | null;
  securityKeyProvider: string | null;
  gssapi: boolean;
  /** This user's own files have one of these settings. */
  isSetByUser: boolean;
};

export type Route =
  | { kind: "hops"; hops: readonly Hop[] }
  /** A sentence: which setting of ssh_config we do not support, where, and what to do. */
  | { kind: "unsupported"; why: string };

/** ~/.ssh/config and the system's ssh_config, read once for a scan. */
export type SshConfig = {
  /** The hosts that this user's own files name without pattern and negation. */
  names: readonly string[];
  /** Whether it names this host without a pattern: then the host keeps its case, which matters to ssh. */
  isNamed(host: string): boolean;
  /** Whether it sets another address or a route for this name, so that only SSH reaches the host. */
  isAlias(host: string): boolean;
  portOf(host: string, user: string | null): number | null;
  routeTo(target: SshTarget, defaultUser: string): Route;
  /** Settings for these hosts that we do not follow, with locations: sentences for people, each once. */
  notesOn(targets: readonly SshTarget[], defaultUser: string): string[];
  broken: readonly BrokenEntry[];
  /** What we do not evaluate at all, such as Match exec, with locations. */
  notes: readonly string[];
};

/** As which accounts this computer logs in where, on its way to these hosts: by `keyOfHost`, each with their names. */
export function listLogins(
  hosts: readonly { host: string; port: number; user: string | null }[],
  routeTo: SshConfig["routeTo"],
  defaultUser: string,
): Map<string, Map<string, Set<string>>> {
  const logins = new Map<string, Map<string, Set<string>>>();
  for (const { host, port, user } of hosts) {
    const route = routeTo({ kind: "ssh", host, port, user }, defaultUser);
    for (const hop of route.kind === "hops" ? route.hops : []) {
      const key = keyOfHost({ host: hop.name, port: hop.port });
      const accounts = logins.get(key) ?? new Map<string, Set<string>>();
      accounts.set(hop.user, (accounts.get(hop.user) ?? new Set()).add(host));
      logins.set(key, accounts);
    }
  }
  return logins;
}

/** To how many of these hosts each jump host leads, by `keyOfHost`. */
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

/**
 * The name or address by which a host is known to be reached, beside the one that it is named by; null: none. What is
 * loopback there is this computer's here, an address behind a jump host may be another machine's, and behind another
 * port than that of ssh there is often a gateway, which leads to several.
 */
export function nameReached(hop: Hop, jumps: readonly Hop[]): string | null {
  const { address, port } = hop;
  return port !== SSH_PORT || isLoopback(address) || (!isDirect(hop, jumps) && isAddress(address))
    ? null
    : address;
}

/** What else only OpenSSH's client can do leads nowhere else: Debian asks for GSSAPI at every host. */
const isDirect = ({ openssh }: Hop, jumps: readonly Hop[]): boolean =>
  jumps.length === 0 && !openssh?.proxyCommand;

/**
 * The address of a host by our own connection to it, `peer`; null behind a jump host, and for what every machine has, or
 * every link. Behind another port than that of ssh it may be a gateway's, and then says only who else is there.
 */
export function addressReached(hop: Hop, jumps: readonly Hop[], peer: string | null): string | null {
  const isOwn = isDirect(hop, jumps) && peer !== null && !isLoopback(peer) && !LINK_LOCAL.test(peer);
  return isOwn ? peer.toLowerCase() : null;
}

const SSH_PORT = 22;

const LINK_LOCAL = /^(?:fe[89ab].:|169\.254\.)|%/i;

const isLoopback = (name: string): boolean =>
  /^(?:(?:.+\.)?localhost\d*(?:\.localdomain\d*)?\.?|ip6-(?:localhost|loopback)|loopback|0|127\..*|0\..*|::1?|::ffff:(?:127|0)\..*)$/i.test(
    name,
  );

/** The configuration where there is no ssh_config. */
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
