import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { watch } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import type { ClientFolder } from "./client-folder.ts";
import { type ClientLog, readClientLog } from "./client-log.ts";

export type Ended = { code: number } | { signal: string };

export type RunningSsh = {
  input: Writable;
  output: Tap;
  complaints: Tap;
  /** Once it has ended, and all that it printed is there. */
  ended: Promise<Ended>;
  /** Once it has logged in, or has ended. */
  loggedIn: Promise<ClientLog>;
  /** Ends it, and whatever it has started; answers when it is gone. */
  stop(): Promise<void>;
};

/** What a stream has said, from its first byte on. */
type Tap = {
  /** So far, at most so much. */
  said(): string;
  /** What comes from now on goes here; `early` is what came before. */
  pour(take: (chunk: Buffer) => void, early?: "too"): void;
};

const MOST_EARLY = 64 * 1024;

/** For ssh to say goodbye, and to end what it has started. */
const GOODBYE_MS = 500;

/** Where the system does not tell of changes to a file. */
const LOOK_AGAIN_MS = 200;

/**
 * Starts OpenSSH's client with a folder of ours. Its words are the same for every host but for the host's name, and hold
 * no secret; it has no terminal to ask at, and is told to ask nobody. Without a command it logs in and runs nothing.
 */
export function startSsh(
  ssh: string,
  host: string,
  command: string | null,
  folder: ClientFolder,
): RunningSsh {
  const options = ["-F", folder.configFile, "-E", folder.logFile, "-T"];
  const args = command === null ? [...options, "-N", "--", host] : [...options, "--", host, command];
  const child = spawn(ssh, args, {
    cwd: folder.path,
    // A group of its own, with what it starts: so all of it can be ended at once.
    detached: process.platform !== "win32",
    env: { ...process.env, LC_ALL: "C", SSH_ASKPASS_REQUIRE: "never" },
    stdio: ["pipe", "pipe", "pipe"],
    windowsHide: true,
  });
  child.stdin.on("error", () => undefined);
  const ended = untilEnded(child);
  return {
    input: child.stdin,
    output: tap(child.stdout),
    complaints: tap(child.stderr),
    ended,
    loggedIn: untilLoggedIn(folder, ended),
    stop: () => stop(child, ended),
  };
}

/** A stream that nobody reads yet would lose what it says when its process ends. */
function tap(stream: Readable): Tap {
  const early: Buffer[] = [];
  let size = 0;
  const keep = (chunk: Buffer) => {
    if (size < MOST_EARLY) early.push(chunk);
    size += chunk.length;
  };
  let take = keep;
  stream.on("data", (chunk: Buffer) => take(chunk));
  return {
    said: () => Buffer.concat(early).toString("utf8"),
    pour(to, which) {
      take = to;
      if (which === "too") early.forEach(to);
    },
  };
}

/** What it started may hold its error output open, but never its output: so long that one is waited for. */
const LAST_WORDS_MS = 250;

async function untilEnded(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  const { promise: exit, resolve } = Promise.withResolvers<Ended>();
  child.on("error", (error) => resolve({ signal: error.message }));
  child.on("exit", (code, signal) => resolve(code === null ? { signal: signal ?? "unknown" } : { code }));
  const printed = new Promise<void>((done) => child.stdout.on("close", done));
  const complained = new Promise<void>((done) => child.stderr.on("close", done));
  const how = await exit;
  if (child.pid === undefined) return how;
  await printed;
  await Promise.race([complained, pause(LAST_WORDS_MS, undefined, { ref: false })]);
  return how;
}

async function untilLoggedIn(folder: ClientFolder, ended: Promise<Ended>): Promise<ClientLog> {
  const { promise, resolve } = Promise.withResolvers<ClientLog>();
  let isOver = false;
  const look = async () => {
    // What is read before the end may lack the last words.
    const isWhole = isOver;
    const log = readClientLog(await folder.readLog());
    if (log.isLoggedIn || isWhole) resolve(log);
  };
  // Once nobody waits any more, the folder may be gone.
  const lookOrLeave = () => void look().catch(() => undefined);
  const watcher = watch(folder.logFile, lookOrLeave).on("error", () => undefined);
  const timer = setInterval(lookOrLeave, LOOK_AGAIN_MS);
  void ended.then(() => {
    isOver = true;
    lookOrLeave();
  });
  return promise.finally(() => {
    clearInterval(timer);
    watcher.close();
  });
}

async function stop(child: ChildProcessWithoutNullStreams, ended: Promise<Ended>): Promise<void> {
  if (child.pid === undefined) return;
  child.stdin.destroy();
  kill(child, "SIGTERM");
  const timer = setTimeout(kill, GOODBYE_MS, child, "SIGKILL");
  await ended;
  clearTimeout(timer);
  // A command that leads to the host may be deaf to the first.
  kill(child, "SIGKILL");
  child.stderr.destroy();
}

function kill(child: ChildProcessWithoutNullStreams, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    if (process.platform === "win32") child.kill(signal);
    else process.kill(-(child.pid ?? 0), signal);
  } catch (error) {
    // All of it has ended already.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
