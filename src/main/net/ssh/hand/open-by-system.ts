import type { Way } from "#net/ssh/login-options.ts";
import { type PresentedKey, type Reason, type SshFailure, sayAddress } from "#net/ssh/ssh-failure.ts";
import { type ClientFolder, makeClientFolder } from "#net/ssh/system/client-folder.ts";
import { type ClientLog, readClientLog } from "#net/ssh/system/client-log.ts";
import { type ClientLogin, MOST_CLIENT_KEYS } from "#net/ssh/system/client-login.ts";
import { explainClient, explainClientTimeout } from "#net/ssh/system/explain-client.ts";
import { startRelay } from "#net/ssh/system/relay.ts";
import { type RunningSsh, startSsh } from "#net/ssh/system/start-ssh.ts";
import type { Hand } from "./hand.ts";
import { commandFor, failToBegin, type HandOptions, type HandTransport, toHand } from "./hand-options.ts";
import type { Line } from "./line.ts";
import { beginSession } from "./session.ts";

type System = Extract<HandTransport, { by: "system" }>;
type LoggedIn = { hostKey: PresentedKey; log: ClientLog };

/**
 * By OpenSSH's client, which logs in to a host whose key is trusted already, and to no other: what is changed is changed
 * on pinned hosts only, so a key that nobody knew is never taken here.
 */
export async function openBySystem(options: HandOptions, { ssh, keys }: System): Promise<Hand | SshFailure> {
  const system: System = { by: "system", ssh, keys: keys.slice(0, MOST_CLIENT_KEYS) };
  const { client: login, signal, target, way } = options;
  if (!login) throw new Error("OpenSSH's client was chosen, and is not told how to log in");
  signal.throwIfAborted();
  const held: AsyncDisposable[] = [];
  const close = async () => {
    for (const one of held.splice(0).reverse()) await one[Symbol.asyncDispose]();
  };
  let opened: Hand | null = null;
  try {
    const relay = isStream(way) && !login.proxyCommand ? await startRelay(way.stream) : null;
    if (relay) held.push(relay);
    const folder = await makeFolder(options, login, { system, relay });
    held.push(folder);
    const running = startSsh(ssh, target.host, commandFor(options), folder);
    held.push({ [Symbol.asyncDispose]: () => running.stop() });
    const loggedIn = await waitForLogin(options, { running, folder, system });
    if ("outcome" in loggedIn) return loggedIn;
    const begun = await orStopped(
      beginSession(lineOf(running), options.script, options.limits.beginMs),
      signal,
    );
    if (!("ask" in begun)) return failToBegin(options, loggedIn.hostKey, begun);
    const { acceptedKey } = loggedIn.log;
    const fingerprint = acceptedKey?.fingerprint ?? null;
    const told = {
      ...(acceptedKey?.isCertificate
        ? { loginKey: null, loginCertificate: fingerprint }
        : { loginKey: fingerprint, loginCertificate: null }),
      clientKeys: system.keys,
      isTyped: false,
      hostKey: loggedIn.hostKey,
      transport: "system",
      way: null,
    } as const;
    opened = toHand(options, begun, { ...told, close });
    return opened;
  } finally {
    if (!opened) await close();
  }
}

function makeFolder(
  options: HandOptions,
  login: ClientLogin,
  { system, relay }: { system: System; relay: { address: string; port: number } | null },
): Promise<ClientFolder> {
  const { target, user, hostKeyTypes, limits, trustedKeys = [] } = options;
  return makeClientFolder({
    ...login,
    user,
    hostKeyTypes,
    trustedKeys,
    connectMs: limits.connectMs,
    keys: system.keys,
    address: relay?.address ?? login.address,
    port: relay?.port ?? target.port,
  });
}

const isStream = (way: Way | undefined): way is Extract<Way, { stream: unknown }> =>
  way !== undefined && "stream" in way;

async function waitForLogin(
  options: HandOptions,
  { running, folder, system }: { running: RunningSsh; folder: ClientFolder; system: System },
): Promise<LoggedIn | SshFailure> {
  const { target, user, limits, signal, client } = options;
  const { keys } = system;
  const met = (log: ClientLog) => ({
    target,
    user,
    log,
    complaints: running.complaints.said(),
    proxyCommand: client?.proxyCommand ?? null,
    tried: `${keys.length} ${keys.length === 1 ? "key was" : "keys were"} offered by ssh`,
    hasSecurityKey: keys.some(({ keyType }) => keyType.startsWith("sk-")),
  });
  const { promise: late, resolve } = Promise.withResolvers<"too late">();
  const timer = setTimeout(resolve, limits.readyMs, "too late");
  const log = await orStopped(Promise.race([running.loggedIn, late]), signal).finally(() =>
    clearTimeout(timer),
  );
  const hostKey = await folder.readHostKey();
  if (log === "too late") {
    const soFar = met(readClientLog(await folder.readLog()));
    return failWith(hostKey, explainClientTimeout(soFar, hostKey !== null, limits.readyMs));
  }
  if (!log.isLoggedIn && !log.isHostKeyRefused) return failWith(hostKey, explainClient(met(log)));
  const answer = hostKey && (await options.verifyHostKey({ ...target, blob: hostKey.blob }));
  if (answer?.kind === "refused") {
    const { outcome, message, passing = null } = answer;
    return failWith(hostKey, { outcome, message, passing, isKeyRefused: true });
  }
  if (hostKey && answer && log.isLoggedIn) return { hostKey, log };
  const message = `the host key of ${sayAddress(target)} is not trusted: scan it and accept its key first`;
  return failWith(hostKey, { outcome: "host-key-unknown", message, isKeyRefused: true });
}

const failWith = (hostKey: PresentedKey | null, reason: Reason): SshFailure => ({
  hostKey,
  isKeyRefused: false,
  passing: null,
  ...reason,
});

const lineOf = (running: RunningSsh): Line => ({
  send: (text) => void running.input.write(text),
  follow(told) {
    running.output.pour(told.out, "too");
    running.complaints.pour(() => undefined);
    void running.ended.then(() => told.over("the connection is gone"));
  },
});

/** Rejects when told to stop. */
async function orStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop);
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
