import { spawn } from "node:child_process";
import { once } from "node:events";
import { findResolvers } from "#net/dns/query-records.ts";
import type { AcmeChallenge, ChallengeMethod } from "#shared/model/issuers/issuer.ts";
import { awaitRecord, followAliases, recordOf } from "./await-record.ts";
import { type ChallengeDeps, type ChallengeOutcome, giveUp, type Undo } from "./challenge.ts";

type Dns = Extract<AcmeChallenge, { type: "dns-01" }>;

const HOOK_MS = 300_000;
const SPREAD_MS = 120_000;

/**
 * Answers by the user's program on this computer, called as lego's exec provider calls it: `present RECORD. TXT`, and
 * `cleanup` with the same words. Certbot hooks find their names in the environment.
 */
export async function answerByHook(
  { program }: Extract<ChallengeMethod, { kind: "dns-hook" }>,
  { name, txt }: Dns,
  deps: ChallengeDeps,
): Promise<ChallengeOutcome> {
  const { signal, hookMs = HOOK_MS, spreadMs = SPREAD_MS, resolvers = findResolvers() } = deps;
  const record = recordOf(name);
  const request = {
    env: {
      LATCHKEY_NAME: name,
      LATCHKEY_RECORD: record,
      LATCHKEY_TXT: txt,
      CERTBOT_DOMAIN: name,
      CERTBOT_VALIDATION: txt,
    },
    deadlineMs: hookMs,
  };
  const call = (verb: "present" | "cleanup", until: AbortSignal): Promise<HookOutcome> =>
    runHook(program, { ...request, words: [verb, `${record}.`, txt], signal: until });
  const undo: Undo = async () => {
    // Cleans up after an abort, too.
    const ran = await call("cleanup", new AbortController().signal);
    if (ran.kind === "done") return { kind: "undone" };
    return { kind: "left", message: `the TXT record of ${record}: ${formatFailed(program, "cleanup", ran)}` };
  };
  const ran = await call("present", signal);
  if (ran.kind === "failed" && !ran.isStarted)
    return { kind: "failed", message: formatFailed(program, "present", ran) };
  // Only the program itself can undo what it did before it failed.
  if (ran.kind === "failed") return giveUp(formatFailed(program, "present", ran), undo);
  const at = await followAliases(record, { resolvers, signal });
  const propagation = await awaitRecord({ record: at, txt, known: [], resolvers, spreadMs, signal });
  if (propagation.kind === "unseen") return giveUp(propagation.message, undo);
  return { kind: "ready", undo, note: propagation.note };
}

const formatFailed = (
  program: string,
  verb: string,
  { why, said }: Extract<HookOutcome, { kind: "failed" }>,
): string => `${program} ${verb}: ${why}${said ? `; it says: ${said}` : ""}`;

type HookRequest = {
  /** Its arguments: no shell is in between. */
  words: readonly string[];
  env: { [name: string]: string };
  deadlineMs: number;
  signal: AbortSignal;
};

/** `said`: the last line of its standard error. `isStarted` false: it has done nothing. */
type HookOutcome = { kind: "done" } | { kind: "failed"; isStarted: boolean; why: string; said: string };

const MOST_KEPT = 4_096;
const MOST_SAID = 300;
/** From the request to end until it is killed; and from its end until we stop waiting for its output. */
const KILL_AFTER_MS = 2_000;
const LAST_WORDS_MS = 300;

/** Runs the user's program. After a timeout or an abort, its whole process group is over when this resolves. */
export async function runHook(program: string, request: HookRequest): Promise<HookOutcome> {
  try {
    return await runToEnd(start(program, request), request);
  } catch (error) {
    return { kind: "failed", isStarted: false, why: formatStart(error as NodeJS.ErrnoException), said: "" };
  }
}

/** Throws at once for some programs that cannot be started; others emit an error later. */
function start(program: string, { words, env }: HookRequest) {
  const { ELECTRON_RUN_AS_NODE: _, NODE_OPTIONS: __, ...own } = process.env;
  return spawn(program, words, {
    env: { ...own, ...env },
    stdio: ["ignore", "ignore", "pipe"],
    // A process group of its own, so that it can be ended as a whole.
    detached: process.platform !== "win32",
    windowsHide: true,
  });
}

async function runToEnd(
  child: ReturnType<typeof start>,
  { deadlineMs, signal }: HookRequest,
): Promise<HookOutcome> {
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (piece: string) => {
    said = `${said}${piece}`.slice(-MOST_KEPT);
  });
  const closed = once(child, "close").catch(() => undefined);
  let ended: "late" | "stopped" | null = null;
  const end = (why: "late" | "stopped") => {
    ended ??= why;
    kill(child.pid, "SIGTERM");
    setTimeout(() => kill(child.pid, "SIGKILL"), KILL_AFTER_MS).unref();
  };
  const timer = setTimeout(end, deadlineMs, "late");
  const stop = () => end("stopped");
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  try {
    const [code, killedBy] = await once(child, "exit");
    const last = setTimeout(() => child.stderr.destroy(), LAST_WORDS_MS);
    await closed;
    clearTimeout(last);
    // Its children may outlive it: ends the rest of the group.
    if (ended !== null) kill(child.pid, "SIGKILL");
    if (ended === null && code === 0) return { kind: "done" };
    return {
      kind: "failed",
      isStarted: true,
      why: formatEnd(ended, code, killedBy, deadlineMs),
      said: lastLine(said),
    };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}

function kill(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === "win32" ? pid : -pid, signal);
  } catch {
    // The group has ended already.
  }
}

function formatEnd(
  ended: "late" | "stopped" | null,
  code: number | null,
  killedBy: string | null,
  deadlineMs: number,
): string {
  if (ended === "late") return `it did not end within ${deadlineMs / 1_000} s, and was ended`;
  if (ended === "stopped") return "it was ended, for it was no longer waited for";
  return code === null ? `it was ended by ${killedBy}` : `it ended with ${code}`;
}

function formatStart({ code }: NodeJS.ErrnoException): string {
  if (code === "ENOENT") return "there is no such program, or none that its first line names";
  if (code === "EACCES") return "it may not be run: make it executable (chmod +x)";
  if (code === "ENOTDIR") return "there is no such program: a folder of its path is a file";
  if (code === "ENAMETOOLONG") return "there is no such program: its path is longer than this system takes";
  if (code === "ENOEXEC") return "it is no program: a script begins with #! and its interpreter";
  return `it could not be started (${code ?? "unknown"})`;
}

const lastLine = (said: string): string => said.trim().split("\n").at(-1)?.trim().slice(0, MOST_SAID) ?? "";
