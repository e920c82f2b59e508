import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import type { Duplex } from "node:stream";
import type { HostConnection, RunCommand } from "#net/ssh/host-connection.ts";
import { leave } from "#net/ssh/host-stream.ts";
import type { ClientKey } from "#net/ssh/identities.ts";
import type { LoginOptions } from "#net/ssh/log-in.ts";
import {
  formatAddress,
  type PresentedKey,
  type Reason,
  type SshFailure,
  type Where,
} from "#net/ssh/ssh-failure.ts";
import {
  type ClientFailure,
  type ClientLog,
  explainClient,
  explainClientTimeout,
  readClientEnd,
  readClientLog,
} from "./client-log.ts";
import {
  type ClientFolder,
  type ClientLogin,
  makeClientFolder,
  type RunningSsh,
  startSsh,
} from "./start-ssh.ts";

/** sshd counts each towards MaxAuthTries (6). */
const MOST_CLIENT_KEYS = 5;

/**
 * Logs in by OpenSSH's own client, as host-connection.ts does by ssh2: the same limits, outcomes and words, and the
 * same verifier for the host's key.
 *
 * ssh gets the keys that are trusted for the host beforehand, and logs in to no other. After an unknown key ssh hangs
 * up; if the verifier accepts it (--accept-new), ssh is started once more, with that key alone.
 */

export type ClientOptions = Omit<LoginOptions, "identities" | "unusable" | "interactive"> & {
  /** Path of OpenSSH's client. */
  ssh: string;
  login: ClientLogin;
  /** In the order to offer them; at most five are offered. */
  keys: readonly ClientKey[];
  /** Host keys that the verifier accepts, as far as they are known before one is presented. */
  trustedKeys: readonly Uint8Array[];
};

/** The result of one start of ssh: a login, a failure, or a host key that the verifier accepts and ssh did not know. */
type Attempt = HostConnection | SshFailure | { trusted: PresentedKey };

/** Logs in, to run the command. Rejects only when the signal aborts. */
export async function connectByClient(
  options: ClientOptions,
  command: string,
): Promise<HostConnection | SshFailure> {
  const first = await attempt(options, command);
  if (!("trusted" in first)) return first;
  const route = await options.reopen?.();
  if (route && "outcome" in route) return route;
  const trustedKeys = [first.trusted.blob];
  const second = await attempt({ ...options, trustedKeys, ...(route && { route }) }, command);
  if (!("trusted" in second)) return second;
  return failWith(second.trusted, {
    outcome: "host-key-changed",
    message: `${formatAddress(options.target)} presents another key each time`,
    isKeyRefused: true,
  });
}

async function attempt(options: ClientOptions, command: string): Promise<Attempt> {
  const { ssh, login, target, user, hostKeyTypes, trustedKeys, limits, route, signal } = options;
  signal.throwIfAborted();
  const keys = options.keys.slice(0, MOST_CLIENT_KEYS);
  const held: AsyncDisposable[] = [];
  const close = async () => {
    for (const one of held.splice(0).reverse()) await one[Symbol.asyncDispose]();
  };
  let connection: HostConnection | null = null;
  try {
    const relay = route && "stream" in route && !login.proxyCommand ? await startRelay(route.stream) : null;
    if (relay) held.push(relay);
    const folder = await makeClientFolder({
      ...login,
      user,
      hostKeyTypes,
      trustedKeys,
      keys,
      connectMs: limits.connectMs,
      address: relay?.address ?? login.address,
      port: relay?.port ?? target.port,
    });
    held.push(folder);
    const begun = performance.now();
    const running = startSsh(ssh, target.host, command, folder);
    held.push({ [Symbol.asyncDispose]: () => running.stop() });
    const met = await waitForLogin(options, { running, folder, keys });
    if (!("log" in met)) return met;
    const { acceptedKey } = met.log;
    const fingerprint = acceptedKey?.fingerprint ?? null;
    connection = {
      transport: "system",
      hostKey: met.hostKey,
      // A certificate let us in: no authorized_keys line of the key in it did.
      loginKey: acceptedKey?.isCertificate ? null : fingerprint,
      loginCertificate: acceptedKey?.isCertificate ? fingerprint : null,
      clientKeys: keys,
      isTyped: false,
      spentMs: performance.now() - begun,
      peerAddress: null,
      proxy: null,
      run: runIn(running, folder),
      close,
    };
    return connection;
  } finally {
    if (!connection) await close();
  }
}

type Started = { running: RunningSsh; folder: ClientFolder; keys: readonly ClientKey[] };

async function waitForLogin(
  options: ClientOptions,
  { running, folder, keys }: Started,
): Promise<{ hostKey: PresentedKey; log: ClientLog } | SshFailure | { trusted: PresentedKey }> {
  const { target, user, login, limits, signal } = options;
  const explainable = (log: ClientLog): ClientFailure => ({
    target,
    user,
    log,
    complaints: running.complaints.said(),
    proxyCommand: login.proxyCommand,
    tried: formatKeys(keys),
    hasSecurityKey: keys.some(({ keyType }) => keyType.startsWith("sk-")),
  });
  const log = await orStopped(running.loggedIn, limits.readyMs, signal);
  const hostKey = await folder.readHostKey();
  if (log === "too late") {
    const soFar = explainable(readClientLog(await folder.readLog()));
    return failWith(hostKey, explainClientTimeout(soFar, hostKey !== null, limits.readyMs));
  }
  if (!log.isLoggedIn && !log.isHostKeyRefused) return failWith(hostKey, explainClient(explainable(log)));
  const answer = hostKey && (await options.verifyHostKey({ ...target, blob: hostKey.blob }));
  if (!hostKey || !answer) return failWith(null, explainUnshown(target));
  if (answer.kind === "refused") {
    const { outcome, message, transient = null } = answer;
    return failWith(hostKey, { outcome, message, transient, isKeyRefused: true });
  }
  return log.isLoggedIn ? { hostKey, log } : { trusted: hostKey };
}

/** On Windows, and with a client older than OpenSSH 8.5, which cannot record the key. */
const explainUnshown = (target: Where): Reason => ({
  outcome: "host-key-unknown",
  message: `the host key of ${formatAddress(target)} is not trusted, and the ssh of this computer does not show it: add it to known_hosts once it was compared, then try again`,
  isKeyRefused: true,
});

/** The command that ssh was started with: it runs already, and waits for its input. */
export const runIn =
  (running: RunningSsh, folder: ClientFolder): RunCommand =>
  (output) => {
    running.output.pour(output.out, "too");
    // Earlier text is not the command's, but the host's banner, for example.
    running.complaints.pour(output.complained);
    const reportEnd = async () => {
      const how = await running.ended;
      const end = readClientEnd(readClientLog(await folder.readLog()), how);
      if (end === "ended") output.exited(how);
      output.over(end);
    };
    // When nobody waits any more, the folder may be gone.
    reportEnd().catch(() => output.over("lost"));
    return {
      send: (piece) => void running.input.write(piece),
      end: () => void running.input.end(),
    };
  };

/** Rejects when the signal aborts. */
export async function orStopped<T>(
  work: Promise<T>,
  afterMs: number,
  signal: AbortSignal,
): Promise<T | "too late"> {
  const { promise, resolve, reject } = Promise.withResolvers<"too late">();
  const timer = setTimeout(resolve, afterMs, "too late");
  const stop = () => reject(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}

const failWith = (hostKey: PresentedKey | null, reason: Reason): SshFailure => ({
  hostKey,
  isKeyRefused: false,
  transient: null,
  ...reason,
});

/** How many keys were offered, and from where. */
function formatKeys(keys: readonly ClientKey[]): string {
  const inAgent = keys.filter(({ kind }) => kind === "agent").length;
  const sources = [
    ...(inAgent > 0 ? [`the agent (${inAgent})`] : []),
    ...keys.flatMap((key) => (key.kind === "file" ? [key.path] : [])),
  ];
  if (sources.length === 0) return "no key was offered";
  return `${keys.length} ${keys.length === 1 ? "key was" : "keys were"} offered by ssh: ${sources.join(", ")}`;
}

/**
 * Connects the first client of a loopback port to a stream, and no other client. ssh cannot be given a stream that a
 * jump host has opened. Whoever takes the connection first sees only what is encrypted for the host.
 */
export async function startRelay(
  stream: Duplex,
): Promise<AsyncDisposable & { address: string; port: number }> {
  const server = createServer((socket) => {
    server.close();
    const end = () => {
      socket.destroy();
      stream.destroy();
    };
    socket.setNoDelay(true).on("error", end).on("close", end);
    stream.on("error", end).on("close", end);
    socket.pipe(stream).pipe(socket);
  });
  server.maxConnections = 1;
  server.listen({ host: "127.0.0.1", port: 0, backlog: 1 });
  await once(server, "listening");
  const { address, port } = server.address() as AddressInfo;
  return {
    address,
    port,
    async [Symbol.asyncDispose]() {
      if (server.listening) server.close();
      await leave(stream);
    },
  };
}
