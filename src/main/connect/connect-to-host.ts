/**
 * The one way into a host, for scans and runs, as a good neighbour goes it.
 *
 * A host sees one login of ours at a time, by whatever name it is reached; and beside it one connection at the most, as
 * the jump host of others. Its certificate, where one decides, is asked for by a connection that ends before the login
 * begins, once a scan. What it refuses for good is not asked of it again in this scan.
 */
import type { Hop } from "#domain/ssh-config/ssh-config.ts";
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
import type { Workstation } from "#shared/model/hosts/workstation.ts";
import type { Store } from "#store/store.ts";
import { type AcceptHostKey, createHostKeys, type HostKeyCheck, type HostKeys } from "./host-keys.ts";
import { type Before, createJumpHosts, type JumpHost, keyOf, type RouteFailure } from "./jump-hosts.ts";
import { createLoginKeys, type LoginKeys } from "./login-keys.ts";
import type { PlannedLogin, PlannedRoute, RouteToHost } from "./logins.ts";
import { createLoginAttempts, type LoginFailure } from "./logins.ts";

/** Logins under way through one jump host: sshd takes ten strangers at a time, and ten channels of one login. */
export const AT_ONCE_THROUGH_A_JUMP_HOST = 8;

/** A visit that takes longer is most likely one to a host that hangs: it goes on, and others are begun beside it. */
const YIELD_AFTER_MS = 2_000;

/** What all scans and runs of one process have in common. */
export type ConnectDeps = {
  store: Pick<Store, "bundles" | "pins">;
  accept: AcceptHostKey;
  workstation: Workstation;
  now: () => Date;
  retryPolicy: RetryPolicy;
  /** Told of the private keys of this computer that are looked at, by their paths: a fingerprint each. */
  noteKeys: (keyOfFile: ReadonlyMap<string, string>) => Promise<void>;
};

/** Of one scan or run. */
export type ConnectOptions = {
  /** Whose logins these are, unlike those of any other that goes on. */
  name: string;
  acceptNew: boolean;
  /** Named by the user. */
  identityFiles: readonly string[];
  mayPrompt: boolean;
  promptsForPassword: boolean;
  /**
   * The passphrases of the usual key files are asked for where there is no other key, and of a host that refuses all else;
   * until then no password is. Without it, they are asked for before anything else.
   */
  opensLocked?: boolean;
  promptUser: PromptUser;
  /** Logins at a time. `isFixed`: it is never passed, not even by hosts that hang. */
  atOnce: { hosts: number; isFixed: boolean };
  signal: AbortSignal;
};

/** What a host is connected to for. */
export type HostWork<T> = {
  /** What is run there. */
  command: string;
  /** Asks more of the login than what is asked of every one. */
  adapt?: (login: LoginOptions) => LoginOptions;
  /** Closes the connection, then or later: the host's turn ends with what this gives. */
  use: (connection: HostConnection, login: LoginOptions) => Promise<T>;
};

/** What was met, and what may speak against it: the jump host that ended meanwhile. */
export type Met<T> = {
  met: T | LoginFailure | RouteFailure;
  lost: Where | null;
  check: HostKeyCheck | null;
  tookMs: number;
};

export type Connections = {
  /**
   * Logs in to a host in its turn, and again where what it met may pass, and has the work done there. Rejects only when
   * told to stop, and as the work does.
   */
  connectToHost<T extends object>(login: RoutedLogin, work: HostWork<T>): Promise<Met<T>>;
  /** The last of these jump hosts, open with those before it, once they are, until it is disposed; null: there are none. */
  keepJumpHosts(jumps: readonly Hop[]): Promise<JumpHost<Hop> | null>;
};

/** A login for which there is a route. */
export type RoutedLogin = Pick<PlannedLogin, "transport"> & { route: RouteToHost };

/** The ways into the hosts of one scan or run: all that it connects to is named here, for its keys. */
export type OpenConnections = (
  planned: readonly PlannedRoute[],
  options: ConnectOptions,
) => Promise<Connections>;

/**
 * Keys and known_hosts are read once for each scan or run, and a locked key is asked for once. All of one process take
 * turns at each host.
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
    const logInTo = createLogins({ hostKeys, keys, signal });
    return connectionsBy({ options, keys, logInTo, limiter, retryPolicy });
  };
}

type ConnectionDeps = {
  options: ConnectOptions;
  keys: LoginKeys;
  logInTo: ReturnType<typeof createLogins>;
  limiter: ConnectionLimiter;
  retryPolicy: RetryPolicy;
};

/** Where a machine is, by its name. */
type Found = { addresses: readonly string[] };

function connectionsBy({ options, keys, logInTo, limiter, retryPolicy }: ConnectionDeps): Connections {
  const { name, atOnce, signal } = options;
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
  const standing = new Map<string, Met<object>>();

  return {
    keepJumpHosts: jumpHosts.keep,
    async connectToHost(login, work) {
      const wasHeldBack = keys.isHeldBack();
      const first = await connect(login, work);
      const isRefused = "outcome" in first.met && MAY_BE_A_KEY.has(String(first.met.outcome));
      if (!isRefused || !wasHeldBack || !(await keys.openLocked(jumpHosts.forget))) return first;
      return connect(login, work);
    },
  };

  async function connect<T extends object>(login: RoutedLogin, work: HostWork<T>): Promise<Met<T>> {
    const { jumps, host } = login.route;
    const machine = machineKey(keyOf(jumps), host.name, host.port);
    const known = standing.get(machine) as Met<T> | undefined;
    if (known) return { ...known, tookMs: 0 };
    await using jumpHost = await jumpHosts.keep(jumps);
    const before = jumpHost?.leadTo(host) ?? null;
    const met = await retry(() => connectWithinLimits(login, before, work), retryPolicy, signal);
    if (stands(met)) standing.set(machine, met);
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

  /** It is logged in to at the addresses that were found for it, and nowhere else: a name that is found only later holds no limit. */
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

/** A host, or a machine on the way to it, may have wanted a key that is still locked. */
const MAY_BE_A_KEY: ReadonlySet<string> = new Set(["login-refused", "jump-failed"]);

const NOT_FETCHED = "behind a ProxyCommand no host is asked for its certificate";

/**
 * Logs in to machines of one scan or run. Where a certificate of the machine decides, a connection of its own asks for it,
 * once a scan where it answers, and has ended before the login begins: so there is one stranger of ours there at any time.
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

  /** `open` opens the route; it may be called twice. */
  return async function logInTo<T extends object>(
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
  };
}

/** Where a command leads, only that may know the name: it stands for the address. */
const findRoute = async ({ address, port, openssh }: Hop, limits: Parameters<typeof lookUp>[1]) =>
  openssh?.proxyCommand ? { addresses: [address] } : lookUp({ host: address, port }, limits);

const open = async (route: Before | Found): Promise<LoginRoute | RouteFailure> =>
  "reach" in route ? route.reach() : route;

const NOTHING_MORE = { lost: null, check: null, tookMs: 0 };

/** Where the jump host ended before the host was read at all, another connection to it may lead there. */
function transientCauseOf(met: object, lost: Where | null): TransientCause | null {
  if (!("transient" in met)) return null;
  return lost ? "refused" : (met.transient as TransientCause | null);
}

/** What a key refuses does not pass within a scan, and who was turned away for so long does not come back to it. */
const stands = ({ met, lost }: Met<object>): boolean =>
  lost === null &&
  (("isKeyRefused" in met && met.isKeyRefused === true) ||
    ("transient" in met && met.transient === "throttled"));

/** At one machine, as it is seen from the jump host before it, or from here. */
const machineKey = (behind: string, address: string, port: number): string => `${behind}|${address}:${port}`;

const scanLimit = (name: string, { hosts, isFixed }: ConnectOptions["atOnce"]): ConnectionLimit => ({
  key: name,
  most: hosts,
  ...(!isFixed && { yieldAfterMs: YIELD_AFTER_MS }),
});

/** A host that waits for a place at its jump host holds none that others need. */
const jumpHostLimits = (name: string, jumps: readonly Hop[]): ConnectionLimit[] =>
  jumps.map((_, index) => ({
    key: `through ${name} ${keyOf(jumps.slice(0, index + 1))}`,
    most: AT_ONCE_THROUGH_A_JUMP_HOST,
  }));

/** One jump host is kept open at a time at each address, whichever logins there are to it: the others wait. */
function openJumpHostLimits(name: string, { port }: Hop, route: Found | SshFailure): ConnectionLimit[] {
  const addresses = "addresses" in route ? route.addresses : [];
  return addresses.map((one) => ({ key: `kept ${name} ${machineKey("", one, port)}`, most: 1 }));
}

/** One login at a time at each of a machine's addresses, whatever it is called. */
function loginLimits({ address, port }: Hop, route: Before | Found): ConnectionLimit[] {
  const [behind, addresses] = "reach" in route ? [route.key, [address]] : ["", route.addresses];
  return addresses.map((one) => ({ key: `login ${machineKey(behind, one, port)}`, most: 1 }));
}
