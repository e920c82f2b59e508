/**
 * The jump hosts of one scan. Each is logged in to once, whatever number of hosts lies behind it, and never with agent
 * forwarding: it carries a stream, in which we check the next host's own key and encrypt our login to that host.
 *
 * We log in once more to a jump host whose connection is lost. One that could not be opened, or is lost again, stays
 * failed for the scan, or until it is forgotten: each host behind it fails at once.
 */

import type { Release } from "#net/connection-limiter.ts";
import { CONNECT_FAILED, type NotOpened, openStream, PROHIBITED } from "#net/ssh/host-stream.ts";
import type { Connection, StreamRoute } from "#net/ssh/log-in.ts";
import { formatAddress, quote, type SshFailure, type Where } from "#net/ssh/ssh-failure.ts";
import { type RetryPolicy, retry } from "#net/tasks.ts";

/**
 * `name` and `port`: as it is named and pinned. `address`: where it is, as the machine before it on the route knows it.
 */
export type Hop = { name: string; port: number; address: string; user: string };

/** `jumpHost`: the jump host that failed; null: the host behind the jump hosts failed. */
export type RouteFailure = SshFailure & { jumpHost: Where | null };

/** A stream to the machine, and the jump host that has ended since, if one has. */
export type Reached = StreamRoute & { findLost: () => Where | null };

/** A jump host as the route to one machine. */
export type Before = {
  /** Which jump host it is. */
  key: string;
  reach: () => Promise<Reached | RouteFailure>;
  /** The jump host that has ended since a stream was last opened, if one has. */
  findLost: () => Where | null;
};

type Deps<H extends Hop> = {
  /** Logs in to a jump host, through streams from the one before it; the first one is reached from here. */
  logIn: (hop: H, before: Before | null) => Promise<Connection | SshFailure | RouteFailure>;
  /**
   * Waits until the first jump host of a route may be kept open; until then nothing is sent to it. Rejects only on
   * `signal`.
   */
  acquireConnection: (hop: H) => Promise<Release>;
  /** How long a jump host may take to reach the next machine. */
  reachMs: number;
  retryPolicy: RetryPolicy;
  /** The scan's. */
  signal: AbortSignal;
};

const CONNECTIONS = 2;

export function createJumpHosts<H extends Hop>(deps: Deps<H>) {
  const known = new Map<string, JumpHost<H>>();

  return {
    /** The last of these jump hosts; it and those before it stay open until nobody keeps them. */
    keep: async (hops: readonly H[]): Promise<JumpHost<H> | null> => (await find(hops)?.keep()) ?? null,
    /** Jump hosts that refused our login may be tried again, for there are more keys to log in with. */
    forget() {
      for (const jumpHost of known.values()) jumpHost.forget();
    },
  };

  function find(hops: readonly H[]): JumpHost<H> | null {
    const hop = hops.at(-1);
    if (!hop) return null;
    const key = keyOf(hops);
    const found = known.get(key) ?? new JumpHost(key, hop, find(hops.slice(0, -1)), deps);
    known.set(key, found);
    return found;
  }
}

/** Identifies a jump host by itself and all those before it. */
export const keyOf = (hops: readonly Hop[]): string =>
  hops.map(({ name, port, user }) => `${user}@${name}:${port}`).join(" ");

/** One jump host, open from when it is first needed until nobody keeps it. */
export class JumpHost<H extends Hop> implements AsyncDisposable {
  readonly #key: string;
  readonly #hop: H;
  readonly #before: JumpHost<H> | null;
  readonly #deps: Deps<H>;
  #keepers = 0;
  #losses = 0;
  #place: Promise<Release> | null = null;
  #opening: Promise<Open | RouteFailure> | null = null;
  /** A failure of this attempt does not count. */
  #forgotten: Promise<Open | RouteFailure> | null = null;

  constructor(key: string, hop: H, before: JumpHost<H> | null, deps: Deps<H>) {
    this.#key = key;
    this.#hop = hop;
    this.#before = before;
    this.#deps = deps;
  }

  async keep(): Promise<this> {
    this.#keepers++;
    if (this.#before) await this.#before.keep();
    else {
      this.#place ??= this.#deps.acquireConnection(this.#hop);
      await this.#place;
    }
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (--this.#keepers === 0) await this.#close();
    await this.#before?.[Symbol.asyncDispose]();
  }

  /** Opens a stream to a machine that this jump host can reach. Rejects only on `signal`. */
  async reach(to: SocketAddress): Promise<Reached | RouteFailure> {
    for (;;) {
      this.#opening ??= this.#open();
      const opening = this.#opening;
      const opened = await opening;
      if (!("connection" in opened)) {
        if (opening !== this.#forgotten || opened.transient === "throttled") return opened;
        if (this.#opening === opening) this.#opening = null;
        continue;
      }
      const answer = await openStream(opened.connection, to, this.#deps.reachMs);
      if ("stream" in answer) return { stream: answer.stream, findLost: opened.findLost };
      const isBroken = answer.error !== null && answer.error.reason === undefined;
      if (!isBroken && !opened.findLost()) return explainUnreached(whereOf(this.#hop), to, answer);
      opened.lose();
    }
  }

  /** What could not be opened so far is opened anew when it is needed. A jump host that throttled us is left alone. */
  forget(): void {
    this.#forgotten = this.#opening;
  }

  /** The route to one machine, for as many streams as are needed there. */
  leadTo(to: SocketAddress): Before {
    let last: Reached | null = null;
    return {
      key: this.#key,
      findLost: () => last?.findLost() ?? null,
      reach: async () => {
        const reached = await this.reach(to);
        if ("stream" in reached) last = reached;
        return reached;
      },
    };
  }

  async #open(): Promise<Open | RouteFailure> {
    const { retryPolicy, signal } = this.#deps;
    return retry(() => this.#tryToOpen(), retryPolicy, signal);
  }

  async #tryToOpen(): Promise<Open | RouteFailure> {
    const where = whereOf(this.#hop);
    if (this.#losses >= CONNECTIONS) return ended(where);
    const before = this.#before?.leadTo(this.#hop) ?? null;
    const connection = await this.#deps.logIn(this.#hop, before);
    const findLost = () => before?.findLost() ?? null;
    if ("client" in connection) return this.#follow(connection, findLost);
    if ("jumpHost" in connection && connection.jumpHost) return connection;
    if (!findLost()) return blame(where, connection);
    this.#losses++;
    return this.#tryToOpen();
  }

  /** Follows the connection until we or anything else closes it: then the next who needs it opens another one. */
  #follow(connection: Connection, findLostBefore: () => Where | null): Open {
    let isLost = false;
    let isOver = false;
    const end = () => {
      if (!isOver) this.#opening = null;
      isOver = true;
    };
    const lose = () => {
      if (!isOver) this.#losses++;
      isLost = true;
      end();
    };
    connection.client.once("close", () => isOver || lose());
    return {
      connection,
      lose,
      findLost: () => findLostBefore() ?? (isLost ? whereOf(this.#hop) : null),
      close() {
        end();
        return connection.close();
      },
    };
  }

  async #close(): Promise<void> {
    const opened = await this.#opening?.catch(() => null);
    if (opened && "connection" in opened) await opened.close();
    const release = await this.#place?.catch(() => null);
    this.#place = null;
    release?.();
  }
}

type SocketAddress = { address: string; port: number };
type Open = { connection: Connection; findLost: () => Where | null; lose(): void; close(): Promise<void> };

const whereOf = ({ name, port }: Hop): Where => ({ host: name, port });

/**
 * A refused host key stays that, so that the user can trust the jump host; all else becomes a jump host that failed.
 */
function blame(jumpHost: Where, failure: SshFailure): RouteFailure {
  if (failure.isKeyRefused) return { ...failure, jumpHost };
  const message = `the jump host ${formatAddress(jumpHost)} did not let us through: ${failure.message}`;
  return { ...failure, outcome: "jump-failed", message, jumpHost };
}

export const formatLost = (jumpHost: Where): string =>
  `the jump host ${formatAddress(jumpHost)} ended the connection that leads through it`;

const ended = (jumpHost: Where): RouteFailure => ({
  outcome: "jump-failed",
  message: formatLost(jumpHost),
  jumpHost,
  hostKey: null,
  isKeyRefused: false,
  transient: null,
});

function explainUnreached(
  jumpHost: Where,
  to: SocketAddress,
  { error, afterMs }: { error: NotOpened | null; afterMs: number },
): RouteFailure {
  const [through, address] = [formatAddress(jumpHost), formatAddress({ host: to.address, port: to.port })];
  const said = error?.message.replace(/^\(SSH\) Channel open failure: /, "") ?? "";
  const fail = (outcome: SshFailure["outcome"], message: string): RouteFailure => ({
    outcome,
    message,
    hostKey: null,
    isKeyRefused: false,
    transient: null,
    jumpHost: outcome === "jump-failed" ? jumpHost : null,
  });
  if (!error) return fail("timed-out", `${through} did not reach ${address} within ${afterMs / 1_000} s`);
  if (error.reason === PROHIBITED)
    return fail(
      "jump-failed",
      `the jump host ${through} lets nobody go on to ${address} (AllowTcpForwarding, PermitOpen): ${quote(said)}`,
    );
  if (error.reason !== CONNECT_FAILED)
    return fail("jump-failed", `the jump host ${through} opened no connection to ${address}: ${quote(said)}`);
  // biome-ignore lint/plugin: a jump host says why in words alone (RFC 4254, 5.1)
  if (/unknown host|not known|resol/i.test(said))
    return fail("no-such-name", `${through} knows no host ${to.address}: ${quote(said)}`);
  // biome-ignore lint/plugin: a jump host says why in words alone (RFC 4254, 5.1)
  if (/timed? ?out|unreachable|no route/i.test(said))
    return fail("timed-out", `${through} did not reach ${address}: ${quote(said)}`);
  return {
    ...fail("refused", `${through} cannot connect to ${address}: ${quote(said)}`),
    transient: "refused",
  };
}
