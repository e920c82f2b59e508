import type { KeyedHost } from "#domain/host-keys/host-key-rows.ts";
import type { SshConfig } from "#domain/ssh-config/ssh-config.ts";
import type { Workstation } from "#shared/model/workstation.ts";
import type { Store } from "#store/store.ts";

export type StoredFacts = ReturnType<Store["hostKeys"]["all"]>;

type Address = { host: string; port: number };

/** The machines of which a key is known: hosts that were visited, jump hosts, and what has a pin. */
export function listKeyedHosts(
  { hosts, presented, held, pins, bundleKeys }: StoredFacts,
  knownAs: (host: Address & { user: string | null }) => Address,
): KeyedHost[] {
  const keysOf = Map.groupBy(held, ({ host }) => host);
  const lastOf = new Map(presented.map((key) => [addressOf(key), key]));
  const pinOf = new Map(pins.map((pin) => [addressOf(pin), pin]));
  const bundleKeysOf = Map.groupBy(bundleKeys, addressOf);
  const visited = new Set(hosts.map(addressOf));
  const others = new Map(
    [...pins, ...presented].filter((one) => !visited.has(addressOf(one))).map((one) => [addressOf(one), one]),
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

/** The name by which known_hosts has a host, as a scan asks for it. */
export const knownAsBy =
  (config: SshConfig, { user: ownUser }: Pick<Workstation, "user">) =>
  ({ host, port, user }: Address & { user: string | null }): Address => {
    const route = config.routeTo({ kind: "ssh", host, port, user }, ownUser);
    return (route.kind === "hops" ? route.hops.at(-1)?.knownAs : null) ?? { host, port };
  };
