import type { Hop, Route } from "#domain/ssh-config/ssh-config.ts";
import type { SshTarget } from "#shared/model/target.ts";
import type { TransportWish } from "#shared/model/transport.ts";
import type { Asked } from "#store/scans/unvisited-table.ts";
import { type ChosenTransport, chooseTransport } from "./choose-transport.ts";
import { keyOf } from "./jump-hosts.ts";

/** One login to one host, and how it is reached. */
export type Login = {
  target: SshTarget;
  useSudo: boolean;
  transport: ChosenTransport;
  route: { kind: "unsupported"; why: string } | { kind: "hops"; jumps: readonly Hop[]; host: Hop };
};

/** Hosts that lie behind the same jump hosts: the same one holds them all up, and is open for them all. */
export type HostsOfWay = {
  jumps: readonly Hop[];
  /** The logins to one host stand together; they are done one after the other, in this order. */
  hosts: Login[][];
};

type Deps = {
  routeTo: (target: SshTarget) => Route;
  /** OpenSSH's client, by its path; null where none is installed. */
  ssh: string | null;
};

/** Which hosts are visited through which jump hosts. */
export function planHosts(asked: readonly Asked[], deps: Deps): HostsOfWay[] {
  const logins = asked.flatMap(({ target, useSudo, transport = "auto" }) =>
    target.kind === "ssh" ? [{ target, useSudo, ...planLogin(target, transport, deps) }] : [],
  );
  const ways = Map.groupBy(logins, ({ route }) => (route.kind === "hops" ? keyOf(route.jumps) : ""));
  return [...ways.values()].map((ofWay) => ({
    jumps: jumpsOf(ofWay[0]),
    hosts: [...Map.groupBy(ofWay, placeOf).values()],
  }));
}

const jumpsOf = (login: Login | undefined): readonly Hop[] =>
  login?.route.kind === "hops" ? login.route.jumps : [];

function planLogin(
  target: SshTarget,
  wish: TransportWish,
  { routeTo, ssh }: Deps,
): Pick<Login, "route" | "transport"> {
  const route = routeTo(target);
  if (route.kind === "unsupported") return { route, transport: "ssh2" };
  const host = route.hops.at(-1);
  if (!host) throw new Error("a route has no hops");
  const transport = chooseTransport(host, wish, ssh);
  if (typeof transport !== "string")
    return { route: { kind: "unsupported", why: transport.why }, transport: "ssh2" };
  return { route: { kind: "hops", jumps: route.hops.slice(0, -1), host }, transport };
}

/** Two names of ssh_config may mean one address. */
const placeOf = ({ target, route }: Login): string =>
  route.kind === "hops" ? `${route.host.address}:${route.host.port}` : `${target.host}:${target.port}`;
