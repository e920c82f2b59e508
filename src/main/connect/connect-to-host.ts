/**
 * The one way to connect to a host, for scans and runs, with as little load as possible.
 *
 * A host sees one login of ours at a time, by whatever name it is reached; beside it at most one connection, if it is
 * the jump host of others. Where a host certificate decides, a connection of its own fetches it, once a scan, and ends
 * before the login begins. What a host refuses for good is not tried on it again in this scan.
 */
import { type Hop, keyOfHost } from "#domain/ssh-config/ssh-config.ts";
import { type ConnectionLimit, ConnectionLimiter } from "#net/connection-limiter.ts";
import { readKnownHostsFiles } from "#net/local/read-ssh-files.ts";
import { findSsh } from "#net/ssh/client/start-ssh.ts";
import { SSH_LIMITS } from "#net/ssh/collect.ts";
import { type FetchedCertificate, fetchHostCertificate } from "#net/ssh/fetch-host-certificate.ts";
import type { HostConnection } from "#net/ssh/host-connection.ts";
import type { PromptUser } from "#net/ssh/interactive-login.ts";
import { type Connection, type LoginOptions, type LoginRoute, logIn, lookUp } from "#net/ssh/log-in.ts";
import type { SshFailure, Where } from "#net/ssh/ssh-failure.ts";
import { type RetryPolicy, retry, type TransientCause } from "#net/tasks.ts";
import type { KnownBeside } from "#shared/model/hosts/offered-key.ts";
import type { Workstation } from "#shared/model/hosts/workstation.ts";
import type { Store } from "#store/store.ts";
import { type AcceptHostKey, createHostKeys, type HostKeyCheck, type HostKeys } from "./host-keys.ts";
import { type Before, createJumpHosts, type JumpHost, keyOf, type RouteFailure } from "./jump-hosts.ts";
import { createLoginKeys, type LoginKeys } from "./login-keys.ts";
import type { PlannedLogin, PlannedRoute, RouteToHost } from "./logins.ts";
import { createLoginAttempts, type LoginFailure } from "./logins.ts";

/**
 * Logins under way through one jump host: sshd allows ten unauthenticated connections, and ten channels of one login.
 */
export const AT_ONCE_THROUGH_A_JUMP_HOST = 8;

/** A connection that takes longer is most likely one to a host that hangs: it goes on, and others begin beside it. */
const YIELD_AFTER_MS = 2_000;

/** What all scans and runs of one process share. */
export type ConnectDeps = {
  store: Pick<Store, "bundles" | "pins">;
  accept: AcceptHostKey;
  workstation: Workstation;
  now: () => Date;
  retryPolicy: RetryPolicy;
  /** Called with the private keys that were read on this computer: each path with its fingerprint. */
  noteKeys: (keyOfFile: ReadonlyMap<string, string>) => Promise<void>;
};

/** Of one scan or run. */
export type ConnectOptions = {
  /** Identifies these logins among all others that are under way. */
  name: string;
  acceptNew: boolean;
  /** The files that the user named. */
  identityFiles: readonly string[];
  mayPrompt: boolean;
  promptsForPassword: boolean;
  /**
   * Prompts for the passphrases of the usual key files only where there is no other key, or where a host refuses all
   * else; and for passwords only after that. Without it, the passphrases come before anything else.
   */
  opensLocked?: boolean;
  promptUser: PromptUser;
  /** Logins at a time. `isFixed`: never exceeded, not even because of hosts that hang. */
  atOnce: { hosts: number; isFixed: boolean };
  signal: AbortSignal;
};

/** What a host is connected to for. */
export type HostWork<T> = {
  /** The command to run there. */
  command: string;
  /** Sets further options of the login. */
  adapt?: (login: LoginOptions) => LoginOptions;
  /** Closes the connection, then or later; the host's limit is released when this resolves. */
  use: (connection: HostConnection, login: LoginOptions) => Promise<T>;
};

/** The result, and the jump host that ended meanwhile (`lost`), which may be the reason for it. */
export type Met<T> = {
  met: T | LoginFailure | RouteFailure;
  lost: Where | null;
  check: HostKeyCheck | null;
  tookMs: number;
};

export type Connections = {
  /**
   * Waits for the host's limits, logs in, and does the work; tries again after a transient failure. Rejects on
   * `signal`, and as the work does.
   */
  connectToHost<T extends object>(login: RoutedLogin, work: HostWork<T>): Promise<Met<T>>;
  /**
   * The last of these jump hosts, once it and those before it may be kept open, until it is disposed; null: there are
   * none.
   */
  keepJumpHosts(jumps: readonly Hop[]): Promise<JumpHost<Hop> | null>;
  /** What this computer knows beside a key that a machine has presented, and where that was reached. */
  findBeside(at: Where, blob: Uint8Array): { known: KnownBeside; addresses: readonly string[] };
  /** Has this machine's key evaluated anew: the user has accepted it. */
  forgetRefusal(at: Where): void;
};

/** A login for which there is a route. */
export type RoutedLogin = Pick<PlannedLogin, "transport"> & { route: RouteToHost };

/** Opens the connections of one scan or run. `planned` names all hosts that it connects to, for their keys. */
export type OpenConnections = (
  planned: readonly PlannedRoute[],
  options: ConnectOptions,
) => Promise<Connections>;

/**
 * Keys and known_hosts are read once for each scan or run, and a locked key is prompted for once. All scans and runs of
 * one process share the limits of each host.
 */
export function createConnections(deps: ConnectDeps): OpenConnections {
  const limiter = new ConnectionLimiter();

  return async (planned, options) => {
    const { store, accept, workstation, now, retryPolicy } = deps;
    const { home } = workstation;
    const { acceptNew, signal } = options;
    const keys = await createLoginKeys(planned, options, workstation);
    if (planned.length > 0) await deps.noteKeys(keys.keyOfFile());
    const hostKeys = await createHostKeys({ store, accept, readKnownHostsFiles, now }, { home, acceptNew });
    const logins = createLogins({ hostKeys, keys, signal });
    return connectionsBy({ options, keys, logins, limiter, retryPolicy });
  };
}

type ConnectionDeps = {
  options: ConnectOptions;
  keys: LoginKeys;
  logins: ReturnType<typeof createLogins>;
  limiter: ConnectionLimiter;
  retryPolicy: RetryPolicy;
};

/** The addresses of a machine. */
type Found = { addresses: readonly string[] };

function connectionsBy({ options, keys, logins, limiter, retryPolicy }: ConnectionDeps): Connections {
  const { name, atOnce, signal } = options;
  const { logInTo } = logins;
  const reachMs = SSH_LIMITS.connectMs;
  const attemptLogin = createLoginAttempts(findSsh());
  const jumpHosts = createJumpHosts<Hop>({
    acquireConnection,
    logIn: logInToJumpHost,
    reachMs,
    retryPolicy,
    signal,
  });
  const find = (hop: Hop) => findRoute(hop, { timeoutMs: reachMs, signal });
  const foundRoutes = new Map<string, Found | SshFailure>();
  const standing = createStanding();

  return {
    keepJumpHosts: jumpHosts.keep,
    async connectToHost(login, work) {
      const wasHeldBack = keys.isHeldBack();
      const first = await connect(login, work);
      const isRefused = "outcome" in first.met && MAY_BE_A_KEY.has(String(first.met.outcome));
      if (!isRefused || !wasHeldBack || !(await keys.openLocked(jumpHosts.forget))) return first;
      return connect(login, work);
    },
    findBeside: logins.findBeside,
    forgetRefusal(at) {
      standing.forget(at);
      jumpHosts.forget();
    },
  };

  async function connect<T extends object>(login: RoutedLogin, work: HostWork<T>): Promise<Met<T>> {
    const { jumps, host } = login.route;
    const machine = machineKey(keyOf(jumps), host.name, host.port);
    const known = standing.find<T>(machine);
    if (known) return { ...known, tookMs: 0 };
    await using jumpHost = await jumpHosts.keep(jumps);
    const before = jumpHost?.leadTo(host) ?? null;
    const met = await retry(() => connectWithinLimits(login, before, work), retryPolicy, signal);
    standing.note(machine, host, met);
    return met;
  }

  async function connectWithinLimits<T extends object>(
    { route: { jumps, host }, transport }: RoutedLogin,
    before: Before | null,
    { command, adapt = (login) => login, use }: HostWork<T>,
  ) {
    const route = before ?? (await find(host));
    if ("outcome" in route)
      return { met: { ...route, jumpHost: null }, ...NOTHING_MORE, transient: route.transient };
    const limits = [scanLimit(name, atOnce), ...jumpHostLimits(name, jumps), ...loginLimits(host, route)];
    return limiter.during(limits, signal, async () => {
      const begun = performance.now();
      const { met, check } = await logInTo<T | LoginFailure>(
        host,
        () => open(route),
        async (offered) => {
          const login = adapt(offered);
          const connection = await attemptLogin(login, transport, command);
          return "outcome" in connection ? connection : use(connection, login);
        },
      );
      const [lost, tookMs] = [before?.findLost() ?? null, Math.round(performance.now() - begun)];
      return { met, check, lost, tookMs, transient: transientCauseOf(met, lost) };
    });
  }

  /** We connect only to the addresses found here: a name that is found only later is under no limit. */
  async function acquireConnection(hop: Hop) {
    const route = await find(hop);
    foundRoutes.set(keyOf([hop]), route);
    return limiter.acquire(openJumpHostLimits(name, hop, route), signal);
  }

  async function logInToJumpHost(hop: Hop, before: Before | null) {
    const route = before ?? foundRoutes.get(keyOf([hop])) ?? (await find(hop));
    if ("outcome" in route) return route;
    const { met } = await limiter.during(loginLimits(hop, route), signal, () =>
      logInTo<Connection | SshFailure>(hop, () => open(route), logIn),
    );
    return met;
  }
}

/** A host, or a machine on the route to it, may have needed a key that is still locked. */
const MAY_BE_A_KEY: ReadonlySet<string> = new Set(["login-refused", "jump-failed"]);

const NOT_FETCHED = "behind a ProxyCommand no host is asked for its certificate";

/**
 * Logs in to machines of one scan or run. Where a certificate of the machine decides, a connection of its own fetches
 * it, once a scan if the machine answers, and ends before the login begins: so sshd sees one unauthenticated connection
 * of ours at any time.
 */
function createLogins({
  hostKeys,
  keys,
  signal,
}: {
  hostKeys: HostKeys;
  keys: LoginKeys;
  signal: AbortSignal;
}) {
  const certificates = new Map<string, FetchedCertificate>();
  const checks = new Map<string, { check: HostKeyCheck; addresses: readonly string[] }>();

  return { logInTo, findBeside };

  function findBeside(at: Where, blob: Uint8Array): ReturnType<Connections["findBeside"]> {
    const { check, addresses } = checks.get(keyOfHost(at)) ?? { check: null, addresses: [] };
    return { known: check?.findBeside(blob, addresses) ?? { kind: "nothing" }, addresses };
  }

  /** `open` opens the route; it may be called twice. */
  async function logInTo<T extends object>(
    hop: Hop,
    open: () => Promise<LoginRoute | RouteFailure>,
    attempt: (login: LoginOptions) => Promise<T>,
  ): Promise<{ met: T | RouteFailure; check: HostKeyCheck }> {
    const { name, port, user } = hop;
    const check = hostKeys.check(hop);
    const seen = certificates.get(`${name}:${port}`);
    if (seen) check.takeCertificate(seen);
    for (;;) {
      const keyTypes = check.wantsCertificate();
      const route = await open();
      if ("outcome" in route) return { met: route, check };
      const found = "addresses" in route ? route.addresses : [];
      checks.set(keyOfHost({ host: name, port }), {
        check,
        addresses: [...new Set([hop.address, ...found])],
      });
      if (keyTypes.length > 0 && hop.openssh?.proxyCommand) {
        check.takeCertificate({ kind: "none", why: NOT_FETCHED });
        continue;
      }
      if (keyTypes.length > 0) {
        const request = { route, port, keyTypes, timeoutMs: SSH_LIMITS.connectMs, signal };
        const fetched = await fetchHostCertificate(request);
        if (fetched.kind !== "unanswered") certificates.set(`${name}:${port}`, fetched);
        check.takeCertificate(fetched);
        continue;
      }
      const met = await attempt({
        target: { host: name, port },
        route,
        user,
        limits: SSH_LIMITS,
        signal,
        ...keys.offerTo(hop),
        verifyHostKey: check.verify,
        hostKeyTypes: check.hostKeyTypes(),
        trustedKeys: check.trustedKeys(),
        reopen: open,
      });
      if (check.wantsCertificate().length === 0) return { met, check };
    }
  }
}

/** Only a ProxyCommand may know where a name is: the name then stands for the address. */
const findRoute = async ({ address, port, openssh }: Hop, limits: Parameters<typeof lookUp>[1]) =>
  openssh?.proxyCommand ? { addresses: [address] } : lookUp({ host: address, port }, limits);

const open = async (route: Before | Found): Promise<LoginRoute | RouteFailure> =>
  "reach" in route ? route.reach() : route;

const NOTHING_MORE = { lost: null, check: null, tookMs: 0 };

/** If the jump host ended before the host was read at all, another connection to it may reach the host. */
function transientCauseOf(met: object, lost: Where | null): TransientCause | null {
  if (!("transient" in met)) return null;
  return lost ? "refused" : (met.transient as TransientCause | null);
}

/**
 * What stands for the scan: a refused host key, unless the user accepts it meanwhile, and a host that throttled us for
 * so long, which is not tried again.
 */
function createStanding() {
  const standing = new Map<string, { met: Met<object>; by: string }>();
  return {
    find: <T>(machine: string) => standing.get(machine)?.met as Met<T> | undefined,
    note(machine: string, { name, port }: Hop, met: Met<object>): void {
      const { met: failure } = met;
      const isKeyRefused = "isKeyRefused" in failure && failure.isKeyRefused === true;
      const isThrottled = "transient" in failure && failure.transient === "throttled";
      if (met.lost !== null || !(isKeyRefused || isThrottled)) return;
      const jumpHost = "jumpHost" in failure ? (failure.jumpHost as Where | null) : null;
      standing.set(machine, { met, by: keyOfHost(jumpHost ?? { host: name, port }) });
    },
    /** What this machine has refused is found out anew. */
    forget(at: Where): void {
      for (const [machine, { by }] of standing) if (by === keyOfHost(at)) standing.delete(machine);
    },
  };
}

/** One machine, as the jump host before it sees it, or as it is seen from here. */
const machineKey = (behind: string, address: string, port: number): string => `${behind}|${address}:${port}`;

const scanLimit = (name: string, { hosts, isFixed }: ConnectOptions["atOnce"]): ConnectionLimit => ({
  key: name,
  most: hosts,
  ...(!isFixed && { yieldAfterMs: YIELD_AFTER_MS }),
});

/** The first limits to acquire: a login that waits for its jump host holds no limit that others need. */
const jumpHostLimits = (name: string, jumps: readonly Hop[]): ConnectionLimit[] =>
  jumps.map((_, index) => ({
    key: `through ${name} ${keyOf(jumps.slice(0, index + 1))}`,
    most: AT_ONCE_THROUGH_A_JUMP_HOST,
  }));

/** We keep one connection to a jump host at each address, whatever accounts log in there: the others wait. */
function openJumpHostLimits(name: string, { port }: Hop, route: Found | SshFailure): ConnectionLimit[] {
  const addresses = "addresses" in route ? route.addresses : [];
  return addresses.map((one) => ({ key: `kept ${name} ${machineKey("", one, port)}`, most: 1 }));
}

/** One login at a time at each of a machine's addresses, whatever its name. */
function loginLimits({ address, port }: Hop, route: Before | Found): ConnectionLimit[] {
  const [behind, addresses] = "reach" in route ? [route.key, [address]] : ["", route.addresses];
  return addresses.map((one) => ({ key: `login ${machineKey(behind, one, port)}`, most: 1 }));
}
