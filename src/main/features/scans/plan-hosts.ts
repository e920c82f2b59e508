import type { Hop, Route } from "#domain/ssh-config/ssh-config.ts";
import { keyOf } from "#net/ssh/jump-hosts.ts";
import type { SshTarget } from "#shared/model/target.ts";
import type { Asked } from "#store/scans/unvisited-table.ts";

/** One login to one host, and how it is reached. */
export type Login = {
  target: SshTarget;
  useSudo: boolean;
  route: { kind: "unsupported"; why: string } | { kind: "hops"; jumps: readonly Hop[]; host: Hop };
};

/** Hosts that lie behind the same jump hosts: the same one holds them all up, and is open for them all. */
export type HostsOfWay = {
  jumps: readonly Hop[];
  /** The logins to one host stand together; they are done one after the other, in this order. */
  hosts: Login[][];
};

/** Which hosts are visited through which jump hosts. */
export function planHosts(asked: readonly Asked[], routeTo: (target: SshTarget) => Route): HostsOfWay[] {
  const logins = asked.flatMap(({ target, useSudo }) =>
    target.kind === "ssh" ? [{ target, useSudo, route: splitRoute(routeTo(target)) }] : [],
  );
  const ways = Map.groupBy(logins, ({ route }) => (route.kind === "hops" ? keyOf(route.jumps) : ""));
  return [...ways.values()].map((ofWay) => ({
    jumps: jumpsOf(ofWay[0]),
    hosts: [...Map.groupBy(ofWay, placeOf).values()],
  }));
}

const jumpsOf = (login: Login | undefined): readonly Hop[] =>
  login?.route.kind === "hops" ? login.route.jumps : [];

function splitRoute(route: Route): Login["route"] {
  if (route.kind === "unsupported") return route;
  const host = route.hops.at(-1);
  if (!host) throw new Error("a route has no hops");
  if (host.openssh?.proxyCommand)
    return { kind: "unsupported", why: `ProxyCommand at ${host.openssh.proxyCommand.place} is not run here` };
  return { kind: "hops", jumps: route.hops.slice(0, -1), host };
}

/** Two names of ssh_config may mean one address. */
const placeOf = ({ target, route }: Login): string =>
  route.kind === "hops" ? `${route.host.address}:${route.host.port}` : `${target.host}:${target.port}`;
