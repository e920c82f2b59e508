/**
 * The way to each host of one scan, as a good neighbour goes it.
 *
 * A host sees one login of ours at a time, by whatever name it is reached; and beside it one connection at the most, as
 * the jump host of others. Its certificate, where one decides, is asked for by a connection that ends before the login
 * begins, once a scan. What it refuses for good is not asked of it again in this scan.
 */
import type { Hop } from "#domain/ssh-config/ssh-config.ts";
import { type Passing, type Patience, tryPatiently } from "#net/retries.ts";
import { logIn, lookUp } from "#net/ssh/log-in.ts";
import type { Way } from "#net/ssh/login-options.ts";
import type { SshFailure, Where } from "#net/ssh/ssh-failure.ts";
import type { Place, Turns } from "#net/turns.ts";
import { AT_ONCE_THROUGH_A_JUMP_HOST, type AtOnce } from "./at-once.ts";
import type { HostKeyCheck } from "./host-keys.ts";
import { type Before, createJumpHosts, keyOf, type WayFailure } from "./jump-hosts.ts";
import { type Attempt, createKnock, type KnockDeps } from "./knock.ts";
import type { Login } from "./plan-hosts.ts";

type Deps = KnockDeps & {
  /** Whose visits these are, unlike those of any other scan or run that goes on. */
  name: string;
  turns: Turns;
  atOnce: AtOnce;
  patience: Patience;
};

/** What a visit met, and what may speak against it: the jump host that ended meanwhile. */
export type Visited<T> = {
  met: T | WayFailure;
  lost: Where | null;
  check: HostKeyCheck | null;
  tookMs: number;
};

/** Where a machine is, by its name. */
type Found = { addresses: readonly string[] };

type Hops = Extract<Login["route"], { kind: "hops" }>;

/** A visit that takes longer is most likely one to a host that hangs: it goes on, and others are begun beside it. */
const YIELD_AFTER_MS = 2_000;

export type Approach = ReturnType<typeof createApproach>;

export function createApproach(deps: Deps) {
  const { name, turns, atOnce, patience, signal } = deps;
  const reachMs = deps.limits.connectMs;
  const jumpHosts = createJumpHosts<Hop>({ enter, logIn: logInTo, reachMs, patience, signal });
  const knock = createKnock(deps);
  const find = (hop: Hop) => findWay(hop, { timeoutMs: reachMs, signal });
  const entered = new Map<string, Found | SshFailure>();
  const standing = new Map<string, Visited<object>>();

  return {
    /** Jump hosts that let nobody in may be asked again, for there are more keys. */
    forget: jumpHosts.forget,
    /** Keeps jump hosts open, once they are, until it is disposed. */
    keepOpen: jumpHosts.keep,
    /** Visits a host in its turn, and again where what it met may pass. Rejects only when the scan is told to stop. */
    async visit<T extends object>(route: Hops, attempt: Attempt<T>): Promise<Visited<T>> {
      const place = placeOf(keyOf(route.jumps), route.host.name, route.host.port);
      const known = standing.get(place) as Visited<T> | undefined;
      if (known) return { ...known, tookMs: 0 };
      await using jumpHost = await jumpHosts.keep(route.jumps);
      const before = jumpHost?.leadTo(route.host) ?? null;
      const visited = await tryPatiently(() => visitInTurn(route, before, attempt), patience, signal);
      if (stands(visited)) standing.set(place, visited);
      return visited;
    },
  };

  /** It is logged in to where it was entered, and nowhere else: a name that is found only later holds no place. */
  async function enter(hop: Hop) {
    const way = await find(hop);
    entered.set(keyOf([hop]), way);
    return turns.take(keptPlaces(name, hop, way), signal);
  }

  async function logInTo(hop: Hop, before: Before | null) {
    const way = before ?? entered.get(keyOf([hop])) ?? (await find(hop));
    if ("outcome" in way) return way;
    const { met } = await turns.during(loginPlaces(hop, way), signal, () =>
      knock(hop, () => open(way), logIn),
    );
    return met;
  }

  async function visitInTurn<T extends object>(
    { jumps, host }: Hops,
    before: Before | null,
    attempt: Attempt<T>,
  ) {
    const way = before ?? (await find(host));
    if ("outcome" in way) return { met: { ...way, jumpHost: null }, ...NOTHING_MORE, passing: way.passing };
    const places = [placeInScan(name, atOnce), ...throughPlaces(name, jumps), ...loginPlaces(host, way)];
    return turns.during(places, signal, async () => {
      const begun = performance.now();
      const knocked = await knock(host, () => open(way), attempt);
      const [lost, tookMs] = [before?.findLost() ?? null, Math.round(performance.now() - begun)];
      return { ...knocked, lost, tookMs, passing: passingOf(knocked.met, lost) };
    });
  }
}

/** Where a command leads, only that may know the name: it stands for the address. */
const findWay = async ({ address, port, openssh }: Hop, limits: Parameters<typeof lookUp>[1]) =>
  openssh?.proxyCommand ? { addresses: [address] } : lookUp({ host: address, port }, limits);

const open = async (way: Before | Found): Promise<Way | WayFailure> => ("reach" in way ? way.reach() : way);

const NOTHING_MORE = { lost: null, check: null, tookMs: 0 };

/** Where the jump host ended before the host was read at all, another connection to it may lead there. */
function passingOf(met: object, lost: Where | null): Passing | null {
  if (!("passing" in met)) return null;
  return lost ? "refused" : (met.passing as Passing | null);
}

/** What a key refuses does not pass within a scan, and who was turned away for so long does not come back to it. */
const stands = ({ met, lost }: Visited<object>): boolean =>
  lost === null &&
  (("isKeyRefused" in met && met.isKeyRefused === true) || ("passing" in met && met.passing === "throttled"));

/** At one machine, as it is seen from the jump host before it, or from here. */
const placeOf = (behind: string, address: string, port: number): string => `${behind}|${address}:${port}`;

const placeInScan = (name: string, { hosts, isFixed }: AtOnce): Place => ({
  key: name,
  most: hosts,
  ...(!isFixed && { yieldAfterMs: YIELD_AFTER_MS }),
});

/** A host that waits for a place at its jump host holds none that others need. */
const throughPlaces = (name: string, jumps: readonly Hop[]): Place[] =>
  jumps.map((_, index) => ({
    key: `through ${name} ${keyOf(jumps.slice(0, index + 1))}`,
    most: AT_ONCE_THROUGH_A_JUMP_HOST,
  }));

/** One jump host is kept open at a time at each address, whichever logins there are to it: the others wait. */
function keptPlaces(name: string, { port }: Hop, way: Found | SshFailure): Place[] {
  const addresses = "addresses" in way ? way.addresses : [];
  return addresses.map((one) => ({ key: `kept ${name} ${placeOf("", one, port)}`, most: 1 }));
}

/** One login at a time at each of a machine's addresses, whatever it is called. */
function loginPlaces({ address, port }: Hop, way: Before | Found): Place[] {
  const [behind, addresses] = "reach" in way ? [way.key, [address]] : ["", way.addresses];
  return addresses.map((one) => ({ key: `login ${placeOf(behind, one, port)}`, most: 1 }));
}
