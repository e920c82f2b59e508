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

/** `ended`: in order. `refused`: the host runs no commands. `lost`: the connection is gone. */
export type CommandEnd = "ended" | "refused" | "lost";

/** Starts a command, whoever carries it: it tells what that says and what becomes of it, and takes what that is to read. */
export type RunCommand = (output: {
  out(chunk: Buffer): void;
  complained(chunk: Buffer): void;
  exited(exit: NonNullable<ScriptRun["exit"]>): void;
  /** Nothing more is told; what is told after the first counts for nothing. */
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
 * After its last line a script has ended, but not always its command: what an rc file left running in the background
 * holds the channel open for ever. So long it is waited for all the same, for the exit status.
 */
const LINGER_MS = 1_000;
const LONGEST_LINE = 512;

/** Runs a command on the host with a script on its standard input. Rejects only when told to stop. */
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

/** Runs the command in a channel of a connection of ssh2's. What is sent before the host has opened one waits for that. */
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
        // A host that closes before it has read all of the script is no error of ours: its output tells.
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
