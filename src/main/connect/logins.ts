/**
 * The logins to hosts: the jump hosts of each, and its transport: ssh2, or OpenSSH's own client.
 *
 * Where both may log in, ssh2 goes first, for it is the cheaper. Where it met what only OpenSSH's client can do (a key
 * exchange that ssh2 does not know; certificates, keys on security keys and of kinds that it cannot read), ssh tries
 * once, with those keys alone where the host has refused the others. ssh2 is not used again for a host that needed ssh.
 * Keys that an account has refused are not offered to it again beside those that log in: each refusal counts with sshd
 * (PerSourcePenalties), and no more than five keys are offered.
 */

import type { Hop, Route } from "#domain/ssh-config/ssh-config.ts";
import { connectByClient } from "#net/ssh/client/connect-by-client.ts";
import { connectBySsh2, type HostConnection } from "#net/ssh/host-connection.ts";
import { type ClientKey, toClientKey } from "#net/ssh/identities.ts";
import type { LoginOptions } from "#net/ssh/log-in.ts";
import type { SshFailure } from "#net/ssh/ssh-failure.ts";
import type { Transport, TransportRequest } from "#shared/model/hosts/probe.ts";
import type { SshTarget } from "#shared/model/hosts/target.ts";
import type { RequestedTarget } from "#store/scans/probe-table.ts";
import { keyOf } from "./jump-hosts.ts";

/** `either`: ssh2, and OpenSSH's client where ssh2 fails for what only that client can do. */
export type ChosenTransport = Transport | "either";

/** One login to one host, and its route. */
export type PlannedLogin = {
  target: SshTarget;
  useSudo: boolean;
  transport: ChosenTransport;
  route: { kind: "unsupported"; why: string } | RouteToHost;
};

export type RouteToHost = { kind: "hops"; jumps: readonly Hop[]; host: Hop };

/** Hosts behind the same jump hosts: these are kept open for all of them, and one that fails stops all of them. */
export type PlannedRoute = {
  jumps: readonly Hop[];
  /** The logins to one host stand together; they run one after the other, in this order. */
  hosts: PlannedLogin[][];
};

type Deps = {
  routeTo: (target: SshTarget) => Route;
  /** OpenSSH's client, by its path; null where none is installed. */
  ssh: string | null;
};

/** Which hosts are read through which jump hosts. */
export function planLogins(requested: readonly RequestedTarget[], deps: Deps): PlannedRoute[] {
  const logins = requested.flatMap(({ target, useSudo, transport = "auto" }) =>
    target.kind === "ssh" ? [{ target, useSudo, ...planLogin(target, transport, deps) }] : [],
  );
  const byJumpHosts = Map.groupBy(logins, ({ route }) => (route.kind === "hops" ? keyOf(route.jumps) : ""));
  return [...byJumpHosts.values()].map((behindThem) => ({
    jumps: jumpsOf(behindThem[0]),
    hosts: [...Map.groupBy(behindThem, addressOf).values()],
  }));
}

const jumpsOf = (login: PlannedLogin | undefined): readonly Hop[] =>
  login?.route.kind === "hops" ? login.route.jumps : [];

function planLogin(
  target: SshTarget,
  requested: TransportRequest,
  { routeTo, ssh }: Deps,
): Pick<PlannedLogin, "route" | "transport"> {
  const route = routeTo(target);
  if (route.kind === "unsupported") return { route, transport: "ssh2" };
  const host = route.hops.at(-1);
  if (!host) throw new Error("a route has no hops");
  const transport = chooseTransport(host, requested, ssh);
  if (typeof transport !== "string")
    return { route: { kind: "unsupported", why: transport.why }, transport: "ssh2" };
  return { route: { kind: "hops", jumps: route.hops.slice(0, -1), host }, transport };
}

/** Two names of ssh_config may mean one address. */
const addressOf = ({ target, route }: PlannedLogin): string =>
  route.kind === "hops" ? `${route.host.address}:${route.host.port}` : `${target.host}:${target.port}`;

/**
 * The transport of a login, or why there is none. A command in this user's own ssh_config is run without being asked
 * for; a command in anybody else's file is run only where the user chose OpenSSH's client.
 */
export function chooseTransport(
  { name, openssh }: Pick<Hop, "name" | "openssh">,
  requested: TransportRequest,
  ssh: string | null,
): ChosenTransport | { why: string } {
  const proxyCommand = openssh?.proxyCommand;
  const reached = `ssh_config reaches ${name} by ProxyCommand at ${proxyCommand?.location}`;
  if (requested === "system")
    return ssh ? "system" : { why: `${name} was to be read by OpenSSH's ssh: ${NO_SSH}` };
  if (!proxyCommand) {
    if (requested === "ssh2") return "ssh2";
    return openssh?.isSetByUser && ssh ? "system" : "either";
  }
  if (requested === "ssh2")
    return { why: `${reached}, which OpenSSH's ssh alone runs: let the transport be auto` };
  if (!proxyCommand.isUser)
    return {
      why: `${reached}, which is not in this user's own files: it is run only where the transport is system`,
    };
  return ssh ? "system" : { why: `${reached}, which OpenSSH's ssh alone runs: ${NO_SSH}` };
}

export const NO_SSH =
  "none was found on this computer; install its client (openssh-client, or openssh-clients)";

/** `transport`: the one that was tried last. */
export type LoginFailure = SshFailure & { transport: Transport };

/** One try to log in to a machine, to run one command there. Rejects only on the login's `signal`. */
export type AttemptLogin = (
  login: LoginOptions,
  transport: ChosenTransport,
  command: string,
) => Promise<HostConnection | LoginFailure>;

/** For one scan or run. `ssh`: OpenSSH's client, by its path; null where none is installed. */
export function createLoginAttempts(ssh: string | null): AttemptLogin {
  const beyondSsh2 = new Set<string>();
  /** The accounts that refused all keys but OpenSSH's client's, each as USER@HOST:PORT. */
  const byClientKeysAlone = new Set<string>();

  return async function attemptLogin(login, transport, command) {
    const address = `${login.target.host}:${login.target.port}`;
    const account = `${login.user}@${address}`;
    const isBySystem =
      transport === "system" ||
      (transport === "either" && ssh !== null && (beyondSsh2.has(address) || hasOnlyClientKeys(login)));
    const list = byClientKeysAlone.has(account) ? listClientKeys : listKeys;
    if (isBySystem) return bySystem(login, list(login), command);

    const first = await connectBySsh2(login, command);
    if (!("outcome" in first)) return first;
    const failure: LoginFailure = { ...first, transport: "ssh2" };
    if (transport === "ssh2" || first.isKeyRefused) return failure;
    if (first.isBeyondSsh2) {
      if (!ssh) return { ...failure, message: `${first.message}. OpenSSH's ssh may: ${NO_SSH}` };
      beyondSsh2.add(address);
      return again(login, listKeys(login), command);
    }
    const left = listClientKeys(login);
    if (first.outcome !== "login-refused" || left.length === 0) return failure;
    if (!ssh) return { ...failure, message: `${first.message}. ${formatLeft(left)}: ${NO_SSH}` };
    const second = await again(login, left, command);
    if (!("outcome" in second)) {
      beyondSsh2.add(address);
      byClientKeysAlone.add(account);
    } else if (second.outcome === "login-refused")
      return { ...second, message: `${first.message}; and by OpenSSH's ssh: ${second.message}` };
    return second;
  };

  async function again(login: LoginOptions, keys: readonly ClientKey[], command: string) {
    const route = await login.reopen?.();
    login.signal.throwIfAborted();
    if (route && "outcome" in route) return { ...route, transport: "system" as const };
    return bySystem({ ...login, ...(route && { route }) }, keys, command);
  }

  async function bySystem(
    options: LoginOptions,
    keys: readonly ClientKey[],
    command: string,
  ): Promise<HostConnection | LoginFailure> {
    const { client: login, trustedKeys = [] } = options;
    if (!ssh || !login) throw new Error("OpenSSH's client was chosen, and is not there");
    const met = await connectByClient({ ...options, ssh, login, keys, trustedKeys }, command);
    return "outcome" in met ? { ...met, transport: "system" } : met;
  }
}

export const listClientKeys = ({ unusable = [] }: LoginOptions): ClientKey[] =>
  unusable.flatMap(({ forClient }) => forClient ?? []);

/** A key file also stands for the certificate beside it. */
function listKeys(login: LoginOptions): ClientKey[] {
  const keys = [...login.identities.map(toClientKey), ...listClientKeys(login)];
  const paths = new Set<string>();
  return keys.filter((key) => key.kind !== "file" || (!paths.has(key.path) && paths.add(key.path)));
}

const hasOnlyClientKeys = (login: LoginOptions): boolean =>
  login.identities.length === 0 && !login.interactive && listClientKeys(login).length > 0;

const formatLeft = (keys: readonly ClientKey[]): string =>
  `${keys.length === 1 ? "One key or certificate is" : `${keys.length} keys and certificates are`} left to OpenSSH's ssh`;
