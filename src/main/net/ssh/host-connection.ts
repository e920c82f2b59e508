/** An open login and the one command that runs over it: the same interface for ssh2 and for OpenSSH's client. */

import type { Client, ClientChannel } from "ssh2";
import type { ProxyRoute } from "#net/proxy/proxy.ts";
import { onAbort } from "#net/tasks.ts";
import type { Transport } from "#shared/model/hosts/probe.ts";
import { CONNECT_FAILED, openStream, PROHIBITED } from "./host-stream.ts";
import type { ClientKey } from "./identities.ts";
import { type Connection, type LoginOptions, logIn } from "./log-in.ts";
import { formatAddress, type PresentedKey, quote, type SshFailure, type Where } from "./ssh-failure.ts";

export type HostConnection = {
  transport: Transport;
  hostKey: PresentedKey;
  /** Fingerprint of the key that let us in, by itself or with what was typed; null: no key did. */
  loginKey: string | null;
  /** Fingerprint of the key of the certificate, not of a line, that let us in; null: no certificate did. */
  loginCertificate: string | null;
  /** The keys that OpenSSH's client had to offer in this login, in its order; empty for ssh2. */
  clientKeys: readonly ClientKey[];
  /** Something was typed, too: the key by itself lets nobody in. */
  isTyped: boolean;
  /** How long the login took, in milliseconds: it counts towards the time of the probe. */
  spentMs: number;
  /** The address that the connection went to; null where it is not known for certain. */
  peerAddress: string | null;
  /** Leads to what the host itself can reach, over this login; null: OpenSSH's client has none. */
  proxy: ProxyRoute | null;
  /** Runs the command that the login was opened for; once. */
  run: RunCommand;
  /** Ends it politely, and frees the socket or the process in any case. */
  close(): Promise<void>;
};

/** The command is the same for every host and account: the account's login shell parses it, be it csh or fish. */
const PLAIN = "sh -s";
const AS_ROOT = "sudo -n sh -s -- --sudo";
const BY_SUDO = `sh -c 'if ${AS_ROOT} </dev/null >/dev/null 2>&1; then exec ${AS_ROOT}; else exec ${PLAIN}; fi'`;

/**
 * A shell that reads its script from standard input: as root if `useSudo` and `sudo -n` needs no password, otherwise as
 * the account. The words are the same for the collector and for a run: whoever permits one permits the other.
 */
export const shellCommand = ({ useSudo }: { useSudo: boolean }): string => (useSudo ? BY_SUDO : PLAIN);

/** Logs in by ssh2, to run the command. Rejects only when the signal aborts. */
export async function connectBySsh2(
  options: LoginOptions,
  command: string,
): Promise<HostConnection | SshFailure> {
  const connection = await logIn(options);
  if (!("client" in connection)) return connection;
  const { client, hostKey, identity, isTyped, spentMs, peerAddress } = connection;
  return {
    transport: "ssh2",
    hostKey,
    loginKey: identity?.fingerprint ?? null,
    loginCertificate: null,
    clientKeys: [],
    isTyped,
    spentMs,
    peerAddress,
    proxy: proxyThrough(connection, options.target),
    run: runOn(client, command),
    close: () => connection.close(),
  };
}

/** How long the host may take to connect to a destination. */
const REACH_MS = 5_000;

/** A proxy to what the host itself reaches, over an open login. Its sshd connects, and may be set not to. */
function proxyThrough(connection: Connection, target: Where): ProxyRoute {
  const through = formatAddress(target);
  return {
    name: `the login at ${through}`,
    async reach({ host: address, port }, signal) {
      signal.throwIfAborted();
      const { promise: stopped, reject } = Promise.withResolvers<never>();
      const forget = onAbort(signal, () => reject(signal.reason));
      const opening = openStream(connection, { address, port }, REACH_MS);
      const opened = await Promise.race([opening, stopped])
        .catch((reason: unknown) => {
          // It may still open later, when nobody waits for it any more.
          void opening.then((late) => "stream" in late && late.stream.destroy());
          throw reason;
        })
        .finally(forget);
      if ("stream" in opened) return opened;
      const { error } = opened;
      const destination = formatAddress({ host: address, port });
      if (!error) return { outcome: "timed-out", message: `${through} itself did not reach ${destination}` };
      const said = quote(error.message.replace(/^\(SSH\) Channel open failure: /, ""));
      if (error.reason === PROHIBITED)
        return {
          outcome: "jump-failed",
          message: `the sshd of ${through} connects nobody to ${destination} (AllowTcpForwarding, PermitOpen): ${said}`,
        };
      const outcome = error.reason === CONNECT_FAILED ? "refused" : "jump-failed";
      return { outcome, message: `${through} itself cannot connect to ${destination}: ${said}` };
    },
  };
}

export type ScriptLimits = {
  /** From the request until the script has said its first word. */
  beginMs: number;
  /** From the request until the script has ended. */
  endMs: number;
  /** Most bytes of output that are kept; more ends the run. */
  streamBytes: number;
  /** Most bytes of standard error that are kept; more is dropped. */
  stderrBytes: number;
};

export type ScriptRun = {
  /**
   * `ended`: the host closed the channel in order. `refused`: it would not run anything. The others cut it short: one
   * of our limits, or a broken connection.
   */
  end: "ended" | "refused" | "flooded" | "timed-out" | "lost";
  /** Status or signal; null if the host sent neither. */
  exit: { code: number } | { signal: string } | null;
  stdout: Buffer;
  stderr: string;
};

/** What a shell reads on its standard input, one piece after the other. */
export type Script = readonly (string | Uint8Array)[];

/** `ended`: in order. `refused`: the host runs no commands. `lost`: the connection is gone. */
export type CommandEnd = "ended" | "refused" | "lost";

/** Starts a command. `output` gets what it prints and how it ends; the result writes its standard input. */
export type RunCommand = (output: {
  out(chunk: Buffer): void;
  complained(chunk: Buffer): void;
  exited(exit: NonNullable<ScriptRun["exit"]>): void;
  /** The last call. Whatever is called after it is ignored. */
  over(end: CommandEnd): void;
}) => { send(piece: string | Uint8Array): void; end(): void };

type Work = {
  run: RunCommand;
  script: Script;
  /** What the script prints before anything that counts. */
  firstWord: string;
  /** What the script prints last of all, whether or not the command then comes to its end. */
  lastLine: RegExp;
};

/**
 * How long to wait for the exit status once the script has printed its last line. The script has ended then, but not
 * always the command: a process that an rc file left in the background holds the channel open for ever.
 */
const LINGER_MS = 1_000;
const LONGEST_LINE = 512;

/** Runs a command on the host with a script on its standard input. Rejects only when `signal` aborts. */
export async function runScript(
  { run, script, firstWord, lastLine }: Work,
  limits: ScriptLimits,
  signal: AbortSignal,
): Promise<ScriptRun> {
  const { promise, resolve, reject } = Promise.withResolvers<ScriptRun["end"]>();
  const stdout = createSink(limits.streamBytes);
  const stderr = createSink(limits.stderrBytes);
  let exit: ScriptRun["exit"] = null;
  const stop = () => reject(signal.reason);
  const timers = [setTimeout(resolve, limits.endMs, "timed-out")];
  const beginTimer = setTimeout(resolve, limits.beginMs, "timed-out");
  let tail = "";
  let hasBegun = false;
  signal.addEventListener("abort", stop);

  try {
    signal.throwIfAborted();
    const input = run({
      out: take,
      complained(chunk) {
        if (!stderr.add(chunk) && stderr.seen() > limits.streamBytes) resolve("flooded");
      },
      exited(how) {
        exit = how;
      },
      over: (end) => resolve(end === "lost" && exit ? "ended" : end),
    });
    for (const piece of script) input.send(piece);
    input.end();
    const end = await promise;
    return { end, exit, stdout: stdout.take(), stderr: stderr.take().toString("utf8") };
  } finally {
    for (const timer of [...timers, beginTimer]) clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }

  function take(chunk: Buffer): void {
    if (!stdout.add(chunk)) resolve("flooded");
    if (!hasBegun && `${tail}${chunk.toString("latin1")}`.includes(firstWord)) begin();
    tail = (tail + chunk.toString("latin1", Math.max(0, chunk.length - LONGEST_LINE))).slice(-LONGEST_LINE);
    if (timers.length === 1 && lastLine.test(tail)) timers.push(setTimeout(resolve, LINGER_MS, "ended"));
  }

  function begin(): void {
    hasBegun = true;
    clearTimeout(beginTimer);
  }
}

/** Runs the command in a channel of an ssh2 connection. What is sent before the channel is open is queued. */
export const runOn =
  (client: Client, command: string): RunCommand =>
  (output) => {
    let channel: ClientChannel | null = null;
    let isOver = false;
    const early: (string | Uint8Array)[] = [];
    let isWhole = false;
    const over = (end: CommandEnd) => {
      isOver = true;
      output.over(end);
    };
    const follow = (opened: ClientChannel) => {
      channel = opened;
      opened
        .on("data", output.out)
        .on("exit", (code: number | null, name?: string) =>
          output.exited(code === null ? { signal: name ?? "unknown" } : { code }),
        )
        .on("close", () => over("ended"))
        // A host that closes before it has read all of the script is no error: its output shows what it did.
        .on("error", () => undefined);
      opened.stderr.on("data", output.complained);
      for (const piece of early.splice(0)) opened.write(piece);
      if (isWhole) opened.end();
    };
    client.once("close", () => over("lost"));
    try {
      client.exec(command, (error, opened) => (error ? over("refused") : follow(opened)));
    } catch {
      // ssh2 throws when the connection has broken already.
      over("lost");
    }
    return {
      send(piece) {
        if (channel && !isOver) channel.write(piece);
        else if (!isOver) early.push(piece);
      },
      end() {
        isWhole = true;
        if (!isOver) channel?.end();
      },
    };
  };

/** Keeps the first `limit` bytes; `add` answers whether all of them fitted so far. */
function createSink(limit: number) {
  const kept: Buffer[] = [];
  let seen = 0;
  return {
    add(chunk: Buffer): boolean {
      if (seen < limit) kept.push(chunk.subarray(0, limit - seen));
      seen += chunk.length;
      return seen <= limit;
    },
    seen: () => seen,
    take: () => Buffer.concat(kept),
  };
}
