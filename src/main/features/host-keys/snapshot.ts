import type { KeyedHost } from "#domain/host-keys/host-key-rows.ts";
import { listHostKeys } from "#domain/host-keys/list-host-keys.ts";
import { type KnownHosts, nameInKnownHosts } from "#domain/ssh/known-hosts.ts";
import type { SshConfig } from "#domain/ssh-config/ssh-config.ts";
import type { HostKeyRow } from "#shared/model/hosts/host-key.ts";
import type { Workstation } from "#shared/model/hosts/workstation.ts";
import type { Store } from "#store/store.ts";

type Deps = {
  store: Store;
  workstation: Workstation;
  readKnownHosts: ReadKnownHosts;
  /** Returns the same object as before where nothing has changed. */
  loadSshConfig: (workstation: Workstation, file: null) => Promise<{ config: SshConfig }>;
};

/** All host keys at one moment. */
export type Snapshot = {
  rows: readonly HostKeyRow[];
  knownHosts: Awaited<ReturnType<ReadKnownHosts>>;
  /** How many names were not compared with the hashed ones. */
  untried: number;
  /** What a host calls itself. */
  ownNameOf: (host: Address) => string | null;
};

/** Other names are tried at port 22 and at so many other ports of the inventory. */
const MOST_PORTS = 8;

/**
 * Compares what the store knows with the files of this computer. The rows are in memory and not in the database,
 * because they depend on files that anybody may change; they are made again when either side has changed.
 */
export function createSnapshots({ store, workstation, readKnownHosts, loadSshConfig }: Deps) {
  let facts: { version: string; stored: StoredFacts } | null = null;
  let keyed: { stored: StoredFacts; config: SshConfig; hosts: KeyedHost[] } | null = null;
  let last: { hosts: KeyedHost[]; files: readonly KnownHosts[]; snapshot: Promise<Snapshot> } | null = null;

  /** `isGoingOn`: for a further page of a list, which must not read the files again. */
  return async function takeSnapshot({ isGoingOn } = { isGoingOn: false }): Promise<Snapshot> {
    if (isGoingOn && last && facts?.version === store.hostKeys.version()) return last.snapshot;
    const knownHosts = await readKnownHosts();
    const { config } = await loadSshConfig(workstation, null);
    const version = store.hostKeys.version();
    if (facts?.version !== version) facts = { version, stored: store.hostKeys.all() };
    const { stored } = facts;
    if (keyed?.stored !== stored || keyed.config !== config)
      keyed = { stored, config, hosts: listKeyedHosts(stored, knownAsBy(config, workstation)) };
    const { hosts } = keyed;
    if (last?.hosts === hosts && isSame(last.files, knownHosts.files)) return last.snapshot;
    const snapshot = make(stored, hosts, knownHosts);
    last = { hosts, files: knownHosts.files, snapshot };
    return snapshot;
  };
}

const isSame = (some: readonly unknown[], others: readonly unknown[]): boolean =>
  some.length === others.length && some.every((each, index) => each === others[index]);

async function make(
  stored: StoredFacts,
  hosts: readonly KeyedHost[],
  knownHosts: Snapshot["knownHosts"],
): Promise<Snapshot> {
  const { files } = knownHosts;
  const own = new Set(hosts.map(({ knownAs }) => nameInKnownHosts(knownAs.host, knownAs.port)));
  const otherNames = listOtherNames(stored).filter((name) => !own.has(name));
  const untried = await tryHashed([...own, ...otherNames], files);
  const wasTried = (name: string) => !untried.has(name);
  const ownNames = new Map(stored.hosts.map((host) => [addressOf(host), host.hostname]));
  return {
    ownNameOf: (host) => ownNames.get(addressOf(host)) ?? null,
    rows: listHostKeys({ hosts, otherNames, knownHosts: files, wasTried }),
    knownHosts,
    untried: untried.size,
  };
}

/** Other names of the inventory's machines, at the ports that it has. */
function listOtherNames({ hosts, names }: StoredFacts): string[] {
  const ports = [...new Set([22, ...hosts.map(({ port }) => port)])].slice(0, MOST_PORTS + 1);
  const all = new Set([
    ...hosts.map(({ host }) => host),
    ...hosts.flatMap(({ hostname }) => hostname ?? []),
    ...names,
  ]);
  return ports.flatMap((port) => Array.from(all, (name) => nameInKnownHosts(name, port)));
}

/** Reads the known_hosts of this computer; a file that has not changed is the same object as before. */
export type ReadKnownHosts = () => Promise<{
  files: readonly KnownHosts[];
  /** Those that exist but cannot be read. */
  unreadable: readonly { path: string; why: string }[];
}>;

type StoredFacts = ReturnType<Store["hostKeys"]["all"]>;

type Address = { host: string; port: number };

/** The hosts of which a key is known: hosts that were probed, jump hosts, and hosts with a pin. */
function listKeyedHosts(
  { hosts, presented, held, pins, bundleKeys }: StoredFacts,
  knownAs: (host: Address & { user: string | null }) => Address,
): KeyedHost[] {
  const keysOf = Map.groupBy(held, ({ host }) => host);
  const lastOf = new Map(presented.map((key) => [addressOf(key), key]));
  const pinOf = new Map(pins.map((pin) => [addressOf(pin), pin]));
  const bundleKeysOf = Map.groupBy(bundleKeys, addressOf);
  const probed = new Set(hosts.map(addressOf));
  const others = new Map(
    [...pins, ...presented].filter((one) => !probed.has(addressOf(one))).map((one) => [addressOf(one), one]),
  );
  const toKeyed = (at: Address & { user: string | null }, id: number | null): KeyedHost => ({
    name: at.host,
    port: at.port,
    knownAs: knownAs(at),
    id,
    pin: pinOf.get(addressOf(at)) ?? null,
    presented: lastOf.get(addressOf(at)) ?? null,
    held: id === null ? [] : (keysOf.get(id) ?? []),
    bundleKeys: bundleKeysOf.get(addressOf(at)) ?? [],
  });
  return [
    ...hosts.map((host) => toKeyed(host, host.id)),
    ...Array.from(others.values(), (other) => toKeyed({ ...other, user: null }, null)),
  ];
}

const addressOf = ({ host, port }: Address): string => `${port} ${host}`;

/** The name that a scan looks up in known_hosts for a host. */
export const knownAsBy =
  (config: SshConfig, { user: ownUser }: Workstation) =>
  ({ host, port, user }: Address & { user: string | null }): Address => {
    const route = config.routeTo({ kind: "ssh", host, port, user }, ownUser);
    return (route.kind === "hops" ? route.hops.at(-1)?.knownAs : null) ?? { host, port };
  };

/** About two microseconds each: some seconds of work, once for each content of the files. */
const MOST_TRIES = 2_000_000;
/** After so many, other work gets a turn of the event loop. */
const TRIES_AT_ONCE = 10_000;

/**
 * Compares every name with every hashed line, for only that shows whose line it is. The files remember what was found.
 * Returns the names that were not tried, because that would be too much.
 */
export async function tryHashed(
  names: readonly string[],
  knownHosts: readonly KnownHosts[],
  mostTries = MOST_TRIES,
): Promise<ReadonlySet<string>> {
  const hashed = knownHosts.reduce((sum, known) => sum + known.hashed, 0);
  if (hashed === 0) return new Set();
  const triable = Math.floor(mostTries / hashed);
  let tries = 0;
  for (const name of names.slice(0, triable)) {
    for (const known of knownHosts) known.find(name);
    tries += hashed;
    if (tries < TRIES_AT_ONCE) continue;
    tries = 0;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return new Set(names.slice(triable));
}
