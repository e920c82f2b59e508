import type { Hop, Route } from "#domain/ssh-config/ssh-config.ts";
import type { Transport, TransportRequest } from "#shared/model/hosts/probe.ts";
import type { SshTarget } from "#shared/model/hosts/target.ts";
import type { RequestedTarget } from "#store/scans/probe-table.ts";
import { keyOf } from "./jump-hosts.ts";

/** `either`: ssh2, and OpenSSH's client where that fails for what only the other can do. */
export type ChosenTransport = Transport | "either";

/** One login to one host, and how it is reached. */
export type PlannedLogin = {
  target: SshTarget;
  useSudo: boolean;
  transport: ChosenTransport;
  route: { kind: "unsupported"; why: string } | RouteToHost;
};

export type RouteToHost = { kind: "hops"; jumps: readonly Hop[]; host: Hop };

/** Hosts that lie behind the same jump hosts: the same one holds them all up, and is open for them all. */
export type PlannedRoute = {
  jumps: readonly Hop[];
  /** The logins to one host stand together; they are done one after the other, in this order. */
  hosts: PlannedLogin[][];
};

type Deps = {
  routeTo: (target: SshTarget) => Route;
  /** OpenSSH's client, by its path; null where none is installed. */
  ssh: string | null;
};

/** Which hosts are visited through which jump hosts. */
export function planLogins(asked: readonly RequestedTarget[], deps: Deps): PlannedRoute[] {
  const logins = asked.flatMap(({ target, useSudo, transport = "auto" }) =>
    target.kind === "ssh" ? [{ target, useSudo, ...planLogin(target, transport, deps) }] : [],
  );
  const ways = Map.groupBy(logins, ({ route }) => (route.kind === "hops" ? keyOf(route.jumps) : ""));
  return [...ways.values()].map((ofWay) => ({
    jumps: jumpsOf(ofWay[0]),
    hosts: [...Map.groupBy(ofWay, placeOf).values()],
  }));
}

const jumpsOf = (login: PlannedLogin | undefined): readonly Hop[] =>
  login?.route.kind === "hops" ? login.route.jumps : [];

function planLogin(
  target: SshTarget,
  wish: TransportRequest,
  { routeTo, ssh }: Deps,
): Pick<PlannedLogin, "route" | "transport"> {
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
const placeOf = ({ target, route }: PlannedLogin): string =>
  route.kind === "hops" ? `${route.host.address}:${route.host.port}` : `${target.host}:${target.port}`;

/**
 * What carries a login, or why nothing does. What this user's own ssh_config says of a host is followed by itself; a
 * command of anybody else's is run only where OpenSSH's client was chosen on purpose.
 */
export function chooseTransport(
  { name, openssh }: Pick<Hop, "name" | "openssh">,
  wish: TransportRequest,
  ssh: string | null,
): ChosenTransport | { why: string } {
  const proxyCommand = openssh?.proxyCommand;
  const reached = `ssh_config reaches ${name} by ProxyCommand at ${proxyCommand?.location}`;
  if (wish === "system")
    return ssh ? "system" : { why: `${name} was to be read by OpenSSH's ssh: ${NO_SSH}` };
  if (!proxyCommand) {
    if (wish === "ssh2") return "ssh2";
    return openssh?.isSetByUser && ssh ? "system" : "either";
  }
  if (wish === "ssh2")
    return { why: `${reached}, which OpenSSH's ssh alone runs: let the transport be auto` };
  if (!proxyCommand.isUser)
    return {
      why: `${reached}, which is not in this user's own files: it is run only where the transport is system`,
    };
  return ssh ? "system" : { why: `${reached}, which OpenSSH's ssh alone runs: ${NO_SSH}` };
}

export const NO_SSH =
  "none was found on this computer; install its client (openssh-client, or openssh-clients)";
