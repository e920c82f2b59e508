import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type {
  AuthenticationType,
  AuthHandlerMiddleware,
  BaseAgent,
  Client,
  ConnectConfig,
  IdentityCallback,
  NextAuthHandler,
  ParsedKey,
  ServerHostKeyAlgorithm,
  SignCallback,
  SigningRequestOptions,
} from "ssh2";
import { viewKey } from "#codec/fingerprint.ts";
import { findAddresses, isFailure } from "#net/tcp-connect.ts";
import type { ClientLogin } from "./client/start-ssh.ts";
import { Deadline, dial, gatherWrites, holdUntilGreeting, leave } from "./host-stream.ts";
import { authMethodFor, type Identity, type UnusableIdentity } from "./identities.ts";
import { type Ends, formatExpired, InteractiveAuth, type InteractiveLogins } from "./interactive-login.ts";
import {
  type Attempt,
  explainEnd,
  explainTimeout,
  formatAddress,
  formatTried,
  type PresentedKey,
  type Progress,
  type Reason,
  type SshFailure,
  type Where,
} from "./ssh-failure.ts";
import { loadSsh2, spareWork, type TakeHostKeys } from "./tuned-ssh2.ts";

/** Whether to trust a host key. Every refusal has a sentence. */
export type HostKeyAnswer =
  | { kind: "trusted" }
  | {
      kind: "refused";
      outcome: "host-key-unknown" | "host-key-changed";
      message: string;
      transient?: SshFailure["transient"];
    };

/** Called once for each connection, before anything of ours is sent. */
export type VerifyHostKey = (presented: {
  host: string;
  port: number;
  blob: Uint8Array;
}) => HostKeyAnswer | Promise<HostKeyAnswer>;

/** By TCP to one of these addresses, or through the channel that the previous jump host has opened. */
export type LoginRoute = { addresses: readonly string[] } | StreamRoute;
export type StreamRoute = { stream: Duplex };

export type LoginOptions = {
  /** The address as the user named it. */
  target: Where;
  /** How to reach it; without a route, its name is resolved here. */
  route?: LoginRoute;
  user: string;
  /** In the order to offer them. At most five are offered, because sshd counts each towards MaxAuthTries (6). */
  identities: readonly Identity[];
  /** Keys that cannot be used; the message names them if there is no other key. */
  unusable?: readonly UnusableIdentity[];
  /** Prompts a person if no key lets us in; without it, nobody is prompted. */
  interactive?: InteractiveLogins | null;
  /** A key to query before any is offered: would the host take it? Nothing is signed with it. */
  queriedKey?: { key: ParsedKey; answer(isAccepted: boolean): void };
  verifyHostKey: VerifyHostKey;
  /** Has the host show, after the login, that it holds all host keys that it lists; else they are ignored. */
  takeHostKeys?: TakeHostKeys;
  /** The host keys that would be accepted, as far as they are known beforehand: OpenSSH's client needs them. */
  trustedKeys?: readonly Uint8Array[];
  /** Opens the route again. */
  reopen?: () => Promise<LoginRoute | SshFailure>;
  /** What only OpenSSH's client needs to know. */
  client?: ClientLogin;
  /** Host key algorithms in the order of preference. */
  hostKeyTypes: readonly string[];
  limits: {
    /** Until the TCP connection is open, including the name's resolution. */
    connectMs: number;
    /** From the very start until the login is done; not while a person is prompted. */
    readyMs: number;
    /** From the very start, for the whole probe; not while a person is prompted, however often. */
    probeMs?: number;
  };
  signal: AbortSignal;
};

/**
 * The only code that makes SSH connections through ssh2. Each connection verifies the host key before any login, logs
 * in by public key alone unless a person types something, forwards no agent, and has deadlines that hold whatever the
 * host does.
 */

export type Connection = {
  client: Client;
  hostKey: PresentedKey;
  /** The identity that the host accepted, by itself or together with what was typed; null: no key let us in. */
  identity: Identity | null;
  /** Something was typed, alone or in addition to that identity. */
  isTyped: boolean;
  /** How long the login took: it counts towards the time of the probe. */
  spentMs: number;
  /** The address that the connection went to; null where it was not made from here. */
  peerAddress: string | null;
  /** Ends it politely, and frees the socket in any case; resolves when the host has hung up, too. */
  close(): Promise<void>;
};

const KEEPALIVE_MS = 5_000;

/** Connects, checks the host's key and logs in. Rejects only when `signal` aborts. */
export async function logIn(options: LoginOptions): Promise<Connection | SshFailure> {
  const { target, limits, signal } = options;
  const route = options.route ?? (await lookUp(target, { timeoutMs: limits.connectMs, signal }));
  signal.throwIfAborted();
  if ("outcome" in route) return { ...NOTHING_MET, ...route };
  const { promise, resolve, reject } = Promise.withResolvers<Connection | SshFailure>();
  const progress: Progress = { stage: "connecting", hostKey: null, tried: [], ...NOTHING_TRIED };
  const stream = "stream" in route ? route.stream : new Socket();
  const greeting = holdUntilGreeting(stream, () => {
    progress.stage = "key-exchange";
  });
  const client = new (loadSsh2().Client)();

  const fail = (reason: Reason) => resolve({ ...NOTHING_MET, ...reason, hostKey: progress.hostKey });
  const end = (error: Error | null) => fail(explainEnd(target, progress, error, greeting.said()));
  const expire = (afterMs: number) => fail(explainTimeout(target, progress, greeting.said(), afterMs));
  const stop = () => reject(signal.reason);
  const login = new AbortController();

  const connectTimer = setTimeout(expire, limits.connectMs, limits.connectMs);
  const deadline = new Deadline({ pieceMs: limits.readyMs, inAllMs: limits.probeMs }, expire);
  signal.addEventListener("abort", stop);
  followStages(client, progress, () => clearTimeout(connectTimer));
  client
    .on("ready", () => {
      const { hostKey, attempt, accepted } = progress;
      if (!hostKey || !attempt) return reject(new Error("ssh2 logged in without a host key or a method"));
      attempt.onResult?.(true);
      const isTyped = progress.isTyped || (attempt.identity === null && attempt.method !== "none");
      const peerAddress = stream instanceof Socket ? (stream.remoteAddress ?? null) : null;
      const into = { hostKey, identity: attempt.identity ?? accepted, isTyped, peerAddress };
      resolve({ client, ...into, spentMs: deadline.spentMs(), close: () => close(client, stream) });
    })
    // If an agent does not sign, ssh2 goes on to the next key.
    .on("error", (error) => (error.level === "agent" ? undefined : end(error)))
    .on("change password", () => fail(explainExpired(options)))
    .on("close", () => end(null));

  if (stream instanceof Socket && "addresses" in route) dial(stream, route.addresses, target.port);
  gatherWrites(stream);
  client.connect({
    sock: stream,
    ...configure(options, { progress, fail, reject, deadline, ended: login.signal }),
  });
  spareWork(client, options.takeHostKeys);
  try {
    const result = await promise;
    if (!("client" in result)) await close(client, stream);
    return result;
  } catch (error) {
    stream.destroy();
    throw error;
  } finally {
    login.abort();
    clearTimeout(connectTimer);
    deadline.end();
    signal.removeEventListener("abort", stop);
  }
}

function followStages(client: Client, progress: Progress, onConnect: () => void): void {
  client
    .on("connect", () => {
      if (progress.stage === "connecting") progress.stage = "greeting";
      onConnect();
    })
    .on("handshake", () => {
      if (progress.stage === "key-exchange") progress.stage = "login";
    });
}

const explainExpired = ({ user, target }: LoginOptions): Reason => ({
  outcome: "login-refused",
  message: formatExpired(`${user} at ${formatAddress(target)}`),
});

const NOTHING_TRIED = { attempt: null, accepted: null, isTyped: false, promptState: null };

const NOTHING_MET = { hostKey: null, isKeyRefused: false, transient: null };

/** The route without a jump host: the addresses of the host's name. */
export async function lookUp(
  { host }: Where,
  options: { timeoutMs: number; signal: AbortSignal },
): Promise<{ addresses: readonly string[] } | SshFailure> {
  const addresses = await findAddresses(host, options);
  if (!isFailure(addresses)) return { addresses };
  const outcome = addresses.outcome === "timed-out" ? "timed-out" : "no-such-name";
  return { ...NOTHING_MET, outcome, message: `${host}: ${addresses.message}` };
}

function configure(options: LoginOptions, ends: Ends): ConnectConfig {
  return {
    username: options.user,
    agentForward: false,
    readyTimeout: 0,
    keepaliveInterval: KEEPALIVE_MS,
    algorithms: { serverHostKey: [...options.hostKeyTypes] as ServerHostKeyAlgorithm[] },
    hostVerifier: (blob: Buffer, verify: (isTrusted: boolean) => void) => {
      admit(blob, options, ends).then(verify, (error) => {
        ends.reject(error);
        verify(false);
      });
    },
    authHandler: queryKeyFirst(options, ends, offerAuthMethods(options, ends)),
  };
}

/** Whether to go on with this host key. A key that changes within a connection is never trusted. */
async function admit(
  blob: Buffer,
  { target, verifyHostKey }: LoginOptions,
  { progress, fail }: Ends,
): Promise<boolean> {
  if (progress.hostKey) return blob.equals(progress.hostKey.blob);
  progress.hostKey = { blob: Uint8Array.from(blob), ...viewKey(blob) };
  const answer = await verifyHostKey({ host: target.host, port: target.port, blob: progress.hostKey.blob });
  if (answer.kind === "trusted") return true;
  const { outcome, message, transient = null } = answer;
  fail({ outcome, message, transient, isKeyRefused: true });
  return false;
}

function close(client: Client, stream: Duplex): Promise<void> {
  try {
    client.end();
  } catch {
    // ssh2 throws when the connection has broken already: then there is nobody to say goodbye to.
  }
  return leave(stream);
}

/*
 * The authentication methods that a login offers, one after the other: its keys, then what a person types, if somebody
 * may be prompted. Nothing is sent before the host's key is trusted: ssh2 asks for a method only then.
 */

/** sshd counts each towards MaxAuthTries (6). */
const MOST_KEYS = 5;

/** If nobody can type anything, not even `none` is offered: it would cost a round trip. */
function offerAuthMethods(options: LoginOptions, ends: Ends) {
  const { target, user, identities, unusable = [], interactive = null } = options;
  const { progress, ended } = ends;
  const login = `${user} at ${formatAddress(target)}`;
  const typing =
    interactive && new InteractiveAuth({ target, user, login: interactive.open(user, ended) }, ends);
  let keys = identities.slice(0, MOST_KEYS);

  return (methods: AuthenticationType[] | null, isPartial: boolean | null, next: NextAuthHandler) => {
    const last = progress.attempt;
    last?.onResult?.(isPartial === true);
    if (isPartial && last?.identity) progress.accepted = last.identity;
    // The host may want a key after what was typed: keys that were refused before that may be accepted now.
    if (isPartial && last && !last.identity) {
      progress.isTyped = true;
      keys = identities.slice(0, MOST_KEYS);
    }
    const mayTryKey = !methods || methods.includes("publickey");
    const key = mayTryKey && !(isPartial && last?.identity) ? keys.shift() : undefined;
    if (key) {
      progress.tried.push(key);
      progress.attempt = { method: "publickey", identity: key };
      return next(authMethodFor(key, user, ended));
    }
    if (typing?.offer(methods, next)) return;
    return refuse(isPartial ? formatPartial(methods) : formatRefused(methods));
  };

  /** The value that makes ssh2 give up. */
  function refuse(message: string): false {
    ends.fail({ outcome: "login-refused", message });
    return false;
  }

  function formatPartial(methods: readonly string[] | null): string {
    const by = progress.accepted?.fingerprint ?? "what was typed";
    const more = (methods ?? []).filter((method) => method !== "publickey").join(", ") || "more";
    return `${login} is let in by ${by} only with ${more} (AuthenticationMethods)${formatPasswordHint(methods)}`;
  }

  function formatRefused(methods: readonly string[] | null): string {
    const tried = formatTried(progress.tried);
    const others = (methods ?? []).filter((method) => method !== "publickey").join(", ");
    if (methods && !methods.includes("publickey"))
      return `${login} may not log in by key${others && `, only by ${others}`}; ${tried}${formatPasswordHint(methods)}`;
    if (progress.tried.length === 0)
      return `there is no key to log in with as ${login}${formatNoKey(unusable)}`;
    const notTried = identities.length - MOST_KEYS;
    const more =
      notTried > 0 ? `; ${notTried} more were not, for sshd allows few tries: name the right file` : "";
    return `every key was refused for ${login}; ${tried}${more}${formatPasswordHint(methods)}`;
  }

  function formatPasswordHint(methods: readonly string[] | null): string {
    const takesTyped = methods?.some((method) => method === "password" || method === "keyboard-interactive");
    return takesTyped && !interactive
      ? "; it would take a password: let the scan ask for it (--ask-password, at a terminal)"
      : "";
  }
}

function formatNoKey(unusable: readonly UnusableIdentity[]): string {
  if (unusable.length === 0) return ": load one with ssh-add, or name its file";
  return `: ${unusable.map(({ source, why }) => `${source}: ${why}`).join("; ")}`;
}

/** Queries the host for `queriedKey`, if there is one, before any authentication method is offered. */
function queryKeyFirst(
  { queriedKey, user }: LoginOptions,
  { progress }: Ends,
  offer: AuthHandlerMiddleware,
): AuthHandlerMiddleware {
  let pending = queriedKey;
  let asking: Attempt | null = null;
  return (methods, isPartial, next) => {
    if (!pending) {
      // A host that wants something typed before any key has not answered for this one.
      if (asking && progress.attempt === asking && methods?.includes("publickey") === false)
        progress.attempt = { method: "publickey", identity: null };
      return offer(methods, isPartial, next);
    }
    const { agent, onResult } = createKeyQuery(pending);
    pending = undefined;
    asking = { method: "publickey", identity: null, onResult };
    progress.attempt = asking;
    return next({ type: "agent", username: user, agent });
  };
}

/**
 * An agent that shows a public key and has no private key. A host that would take the key asks for a signature, and
 * gets none; this costs no failed attempt. `onResult` is called once the host has answered.
 */
function createKeyQuery({ key, answer }: NonNullable<LoginOptions["queriedKey"]>) {
  let isAccepted = false;
  class Showing extends loadSsh2().BaseAgent {
    override getIdentities(done: IdentityCallback<ParsedKey>): void {
      done(null, [key]);
    }

    override sign(
      _key: unknown,
      _data: Buffer,
      options: SigningRequestOptions | SignCallback,
      callback?: SignCallback,
    ): void {
      isAccepted = true;
      const done = typeof options === "function" ? options : callback;
      done?.(new Error("nothing is signed with a key that was only asked about"));
    }
  }
  return { agent: new Showing() as BaseAgent, onResult: () => answer(isAccepted) };
}
