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

/** What is to be done with a host key. A sentence goes with every refusal. */
export type HostKeyAnswer =
  | { kind: "trusted" }
  | {
      kind: "refused";
      outcome: "host-key-unknown" | "host-key-changed";
      message: string;
      transient?: SshFailure["transient"];
    };

/** Asked once for each connection, before anything of ours is sent. */
export type VerifyHostKey = (presented: {
  host: string;
  port: number;
  blob: Uint8Array;
}) => HostKeyAnswer | Promise<HostKeyAnswer>;

/** By TCP to one of these addresses, or through what the jump host before it has opened. */
export type LoginRoute = { addresses: readonly string[] } | StreamRoute;
export type StreamRoute = { stream: Duplex };

export type LoginOptions = {
  /** As it is named to people. */
  target: Where;
  /** How it is reached; without one, its name is looked up here. */
  route?: LoginRoute;
  user: string;
  /** In the order to offer them; at most five are, for sshd counts each against MaxAuthTries (6). */
  identities: readonly Identity[];
  /** What there is beside them and cannot be used, to be said where none is left. */
  unusable?: readonly UnusableIdentity[];
  /** What is typed where no key lets us in; without it, nobody is asked. */
  interactive?: InteractiveLogins | null;
  /** A key that the host is asked about before any is offered: nothing is signed with it. */
  queriedKey?: { key: ParsedKey; answer(isAccepted: boolean): void };
  verifyHostKey: VerifyHostKey;
  /** Has the host prove all keys that it names once we are in; without it, they are let pass. */
  takeHostKeys?: TakeHostKeys;
  /** The keys that it would take, as far as they are known beforehand: OpenSSH's client is told them. */
  trustedKeys?: readonly Uint8Array[];
  /** Opens the route once more. */
  reopen?: () => Promise<LoginRoute | SshFailure>;
  /** What OpenSSH's client needs to know beside; ssh2 has no use for it. */
  client?: ClientLogin;
  /** Host key algorithms in the order of preference. */
  hostKeyTypes: readonly string[];
  limits: {
    /** Until the TCP connection stands, name look-up and all. */
    connectMs: number;
    /** Until the login is done, from the very start; not while somebody is asked. */
    readyMs: number;
    /** Of the whole visit, from the very start; not while somebody is asked, however often that is. */
    probeMs?: number;
  };
  signal: AbortSignal;
};

/**
 * The one place that makes SSH connections. Each has a verifier for the host key that runs before any login, public
 * keys as its only way in unless somebody types another, no agent forwarding, and deadlines that hold whatever the
 * host does.
 */

export type Connection = {
  client: Client;
  hostKey: PresentedKey;
  /** The identity that the host took, by itself or together with what was typed; null: no key let us in. */
  identity: Identity | null;
  /** Something was typed, by itself or beside that identity. */
  isTyped: boolean;
  /** What the login took of the time of the visit. */
  spentMs: number;
  /** Ends it politely, and frees the socket in any case; answers when the host has hung up too. */
  close(): Promise<void>;
};

const KEEPALIVE_MS = 5_000;

/** Connects, checks the host's key and logs in. Rejects only when told to stop. */
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
      const into = { hostKey, identity: attempt.identity ?? accepted, isTyped, spentMs: deadline.spentMs() };
      resolve({ client, ...into, close: () => close(client, stream) });
    })
    // An agent that does not sign is not the end: ssh2 goes on to the next key.
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

/** The route to a host that is named by itself: the addresses of its name. */
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

/** Whether to go on with this host key; a key that changes within a connection never is. */
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
    // ssh2 throws when the connection has broken already: then there is nobody to be polite to.
  }
  return leave(stream);
}

/*
 * The authentication methods that a login offers, one after the other: its keys, and after them, where somebody may be asked, what is
 * typed. Nothing is sent before the host's key is trusted: ssh2 asks for a method only then.
 */

/** sshd counts each against MaxAuthTries (6). */
const MOST_KEYS = 5;

/** Without a way to type anything not even `none` is offered, which would cost a round trip. */
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
    // A key may be wanted after what was typed: those that were offered before it did not count.
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

  /** The value that tells ssh2 to give up. */
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

/** Queries a key of the host, where one is named, before any authentication method is offered. */
function queryKeyFirst(
  { queriedKey, user }: LoginOptions,
  { progress }: Ends,
  offer: AuthHandlerMiddleware,
): AuthHandlerMiddleware {
  let pending = queriedKey;
  let asking: Attempt | null = null;
  return (methods, isPartial, next) => {
    if (!pending) {
      // A host that wants something typed before any key has not been asked about this one.
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
 * An agent that shows a public key and has no private key. A host that would take the key asks for a signature, and gets
 * none; which costs no failed attempt. `onResult` is called once the host has said what it would do.
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
