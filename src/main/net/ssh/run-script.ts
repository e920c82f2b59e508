import type { Client, ClientChannel } from "ssh2";

export type ScriptLimits = {
  /** From the request until the script has said its first word. */
  beginMs: number;
  /** From the request until the script has ended. */
  endMs: number;
  /** Of output kept; more ends the run. */
  streamBytes: number;
  /** Of what it complained, kept; more is dropped. */
  stderrBytes: number;
};

export type ScriptRun = {
  /**
   * `ended`: the host closed the channel in order. `refused`: it would not run anything. The others cut it short:
   * a limit of ours, or the connection.
   */
  end: "ended" | "refused" | "flooded" | "timed-out" | "lost";
  /** Status or signal; null where the host told neither. */
  exit: { code: number } | { signal: string } | null;
  stdout: Buffer;
  stderr: string;
};

/** What a shell reads on its standard input, one piece after the other. */
export type Script = readonly (string | Uint8Array)[];

/** Starts the command, and tells what it says and what becomes of it, whoever carries it. */
export type Start = (told: {
  out(chunk: Buffer): void;
  complained(chunk: Buffer): void;
  exited(exit: NonNullable<ScriptRun["exit"]>): void;
  /** Nothing more is told. */
  over(end: "ended" | "refused" | "lost"): void;
}) => void;

type Work = {
  start: Start;
  /** What the script prints before anything that counts. */
  firstWord: string;
  /** What the script prints last of all, whether or not the command then comes to its end. */
  lastLine: RegExp;
};

/**
 * After its last line a script has ended, but not always its command: what an rc file left running in the background
 * holds the channel open for ever. So long it is waited for all the same, for the exit status.
 */
const LINGER_MS = 1_000;
const LONGEST_LINE = 512;

/** Runs a command on the host with a script on its standard input. Rejects only when told to stop. */
export async function runScript(
  { start, firstWord, lastLine }: Work,
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
    start({
      out: take,
      complained(chunk) {
        if (!stderr.add(chunk) && stderr.seen() > limits.streamBytes) resolve("flooded");
      },
      exited(how) {
        exit = how;
      },
      over: (end) => resolve(end === "lost" && exit ? "ended" : end),
    });
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

/** Runs the command in a channel of a connection of ssh2's. */
export const startOn =
  (client: Client, command: string, script: Script): Start =>
  (told) => {
    client.once("close", () => told.over("lost"));
    const follow = (channel: ClientChannel) => {
      channel
        .on("data", told.out)
        .on("exit", (code: number | null, name?: string) =>
          told.exited(code === null ? { signal: name ?? "unknown" } : { code }),
        )
        .on("close", () => told.over("ended"))
        // A host that closes before it has read all of the script is no error of ours: its output tells.
        .on("error", () => undefined);
      channel.stderr.on("data", told.complained);
      for (const piece of script) channel.write(piece);
      channel.end();
    };
    try {
      client.exec(command, (error, channel) => (error ? told.over("refused") : follow(channel)));
    } catch {
      // ssh2 throws when the connection has broken already.
      told.over("lost");
    }
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
