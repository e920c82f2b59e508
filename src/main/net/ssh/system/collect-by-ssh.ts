/**
 * Reads a host by OpenSSH's own client, as collect.ts does by ssh2: the same script, limits, outcomes and words, and the
 * host's key is judged by the same verifier.
 *
 * ssh gets the keys that are trusted for the host beforehand, and logs in to no other. One that nobody knew is shown to
 * the verifier when ssh has hung up; where that takes it (--accept-new), ssh is started once more, with that key alone.
 */
import type { CollectOptions, HostReading } from "#net/ssh/host-reading.ts";
import type { Way } from "#net/ssh/login-options.ts";
import { commandFor, limitsAfter, marksOf, scriptFor, toReading } from "#net/ssh/reading.ts";
import { runScript, type Script, type Start } from "#net/ssh/run-script.ts";
import { type PresentedKey, type Reason, type SshFailure, sayAddress } from "#net/ssh/ssh-failure.ts";
import { type ClientFolder, makeClientFolder } from "./client-folder.ts";
import { type ClientLog, readClientLog } from "./client-log.ts";
import { type ClientKey, type ClientLogin, MOST_CLIENT_KEYS } from "./client-login.ts";
import { type ClientFailure, explainClient, explainClientTimeout, readClientEnd } from "./explain-client.ts";
import { startRelay } from "./relay.ts";
import { type RunningSsh, startSsh } from "./start-ssh.ts";

export type ClientOptions = Omit<CollectOptions, "identities" | "unusable" | "typed"> & {
  /** OpenSSH's client, by its path. */
  ssh: string;
  login: ClientLogin;
  /** In the order to offer them; at most five are. */
  keys: readonly ClientKey[];
  /** Those that the verifier takes, as far as they are known before one is presented. */
  trustedKeys: readonly Uint8Array[];
  /** Opens the way once more; without it, a way that is a stream leads there once. */
  reopen?: () => Promise<Way | SshFailure>;
};

type Visit = { reading: HostReading; taken: null } | { reading: null; taken: PresentedKey };

/** Visits a host once, by one command. Rejects only when told to stop. */
export async function collectBySsh(options: ClientOptions): Promise<HostReading> {
  const first = await visitOnce(options, options.trustedKeys);
  if (first.reading) return first.reading;
  const way = await options.reopen?.();
  if (way && "outcome" in way) return { state: "failed", ...way };
  const second = await visitOnce({ ...options, ...(way && { way }) }, [first.taken.blob]);
  if (second.reading) return second.reading;
  return failWith(second.taken, {
    outcome: "host-key-changed",
    message: `${sayAddress(options.target)} presents another key each time`,
    isKeyRefused: true,
  });
}

async function visitOnce(options: ClientOptions, trustedKeys: readonly Uint8Array[]): Promise<Visit> {
  const { ssh, login, target, user, hostKeyTypes, limits, way, signal } = options;
  signal.throwIfAborted();
  const keys = options.keys.slice(0, MOST_CLIENT_KEYS);
  await using relay = way && "stream" in way && !login.proxyCommand ? await startRelay(way.stream) : null;
  await using folder = await makeClientFolder({
    ...login,
    user,
    hostKeyTypes,
    trustedKeys,
    keys,
    connectMs: limits.connectMs,
    address: relay?.address ?? login.address,
    port: relay?.port ?? target.port,
  });
  const begun = performance.now();
  const running = startSsh(ssh, target.host, commandFor(options), folder);
  const explainable = (log: ClientLog): ClientFailure => ({
    target,
    user,
    log,
    complaints: running.complaints.said(),
    proxyCommand: login.proxyCommand,
    tried: sayKeys(keys),
    hasSecurityKey: keys.some(({ keyType }) => keyType.startsWith("sk-")),
  });
  try {
    const log = await orStopped(running.loggedIn, limits.readyMs, signal);
    const hostKey = await folder.readHostKey();
    if (log === "too late")
      return failed(
        hostKey,
        explainClientTimeout(
          explainable(readClientLog(await folder.readLog())),
          hostKey !== null,
          limits.readyMs,
        ),
      );
    if (!log.isLoggedIn && !log.isHostKeyRefused) return failed(hostKey, explainClient(explainable(log)));
    const answer = hostKey && (await options.verifyHostKey({ ...target, blob: hostKey.blob }));
    if (!hostKey || !answer) return failed(null, UNSHOWN);
    if (answer.kind === "refused") {
      const { outcome, message, passing = null } = answer;
      return failed(hostKey, { outcome, message, passing, isKeyRefused: true });
    }
    if (!log.isLoggedIn) return { reading: null, taken: hostKey };
    const { acceptedKey } = log;
    // A certificate is not the key in it: no line of that key has let us in.
    const loginKey = acceptedKey?.isCertificate ? null : (acceptedKey?.fingerprint ?? null);
    const run = await runScript(
      { start: startIn(running, folder, scriptFor(options, loginKey)), ...marksOf(options) },
      limitsAfter(options, performance.now() - begun),
      signal,
    );
    return { reading: toReading(options, { loginKey, hostKey }, run), taken: null };
  } finally {
    await running.stop();
  }
}

/** As on Windows, and by a client older than OpenSSH 8.5. */
const UNSHOWN: Reason = {
  outcome: "host-key-unknown",
  message:
    "the host key is not trusted, and the ssh of this computer does not show it: add it to known_hosts once it was compared, then scan again",
};

export function startIn(running: RunningSsh, folder: ClientFolder, script: Script): Start {
  return (told) => {
    running.output.pour(told.out, "too");
    // What came before is what others said, as the host's banner.
    running.complaints.pour(told.complained);
    const tellEnd = async () => {
      const how = await running.ended;
      const end = readClientEnd(readClientLog(await folder.readLog()), how);
      if (end === "ended") told.exited(how);
      told.over(end);
    };
    // Once nobody waits any more, the folder may be gone.
    tellEnd().catch(() => told.over("lost"));
    for (const piece of script) running.input.write(piece);
    running.input.end();
  };
}

/** Rejects when told to stop. */
export async function orStopped<T>(
  work: Promise<T>,
  afterMs: number,
  signal: AbortSignal,
): Promise<T | "too late"> {
  const { promise, resolve, reject } = Promise.withResolvers<"too late">();
  const timer = setTimeout(resolve, afterMs, "too late");
  const stop = () => reject(signal.reason);
  signal.addEventListener("abort", stop);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}

const failWith = (hostKey: PresentedKey | null, reason: Reason): HostReading => ({
  state: "failed",
  hostKey,
  isKeyRefused: false,
  passing: null,
  ...reason,
});

const failed = (hostKey: PresentedKey | null, reason: Reason): Visit => ({
  reading: failWith(hostKey, reason),
  taken: null,
});

/** How many keys were offered, and from where. */
function sayKeys(keys: readonly ClientKey[]): string {
  const inAgent = keys.filter(({ kind }) => kind === "agent").length;
  const sources = [
    ...(inAgent > 0 ? [`the agent (${inAgent})`] : []),
    ...keys.flatMap((key) => (key.kind === "file" ? [key.path] : [])),
  ];
  if (sources.length === 0) return "no key was offered";
  return `${keys.length} ${keys.length === 1 ? "key was" : "keys were"} offered by ssh: ${sources.join(", ")}`;
}
