import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { Refusal } from "#shared/model/refusal.ts";
import { formatFault } from "#shared/text/fault.ts";
import { Answerer } from "./answer-requests.ts";
import type { FromVaultProcess, ToVaultProcess, VaultProcessSettings } from "./vault.ts";
import { LOCK_CHECK_MS } from "./vault-file.ts";

/** Fixed, because the vault process has no PATH in its environment. */
const PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * Keeps the memory of this process out of any core dump, on Linux; elsewhere the system decides. First, synchronously,
 * coredump_filter excludes all memory, wherever the kernel sends the core: to a file, to a program (`core_pattern` with
 * a pipe, which ignores a limit of 0) or to a socket. Then, if there is `prlimit`, no core is made at all: a limit of 1
 * byte holds for a file and for a pipe. Resolves when that is done.
 */
function withoutCores(): Promise<void> {
  if (process.platform !== "linux") return Promise.resolve();
  try {
    writeFileSync("/proc/self/coredump_filter", "0");
  } catch {
    // Without /proc only the limit protects.
  }
  return new Promise((resolve) => {
    execFile("prlimit", ["--core=1:1", "--pid", `${process.pid}`], { env: { PATH } }, () => resolve());
  });
}

/**
 * The only process that knows what opens the vault. It ends when it is told to, when its parent is gone, after some
 * time without requests, and when another program locks the vault; all that it knew ends with it.
 */

/** Electron's channel to the parent, under Electron. */
type ParentPort = {
  on(event: "message", receive: (event: { data: ToVaultProcess; ports: Port[] }) => void): unknown;
};
type Port = {
  /** Electron wraps a message in an event; a Node thread does not. */
  on(event: "message", receive: (event: ToVaultProcess | { data: ToVaultProcess }) => void): unknown;
  on(event: "close", receive: () => void): unknown;
  postMessage(message: FromVaultProcess): void;
  start(): void;
};

/** Runs before this process receives any secret. */
const coresOff = withoutCores();

/**
 * Ends at once, with all that it knew: an exit would first join the threads, one of which may be deriving a key from a
 * passphrase, or be waiting for this one and never end (nodejs/node#54918). Nobody reads the exit code.
 */
function leave(): void {
  if (isMainThread) process.kill(process.pid, "SIGKILL");
  // biome-ignore lint/nursery/noProcessExit: of a thread, as tests start it, that is the end of this thread alone
  else process.exit(0);
}
process.on("uncaughtException", (fault) => {
  process.stderr.write(`latchkey: the vault process ended: ${formatFault(fault)}\n`, leave);
});
// Ctrl-C at a terminal is meant for the command, which ends this process itself.
process.on("SIGINT", () => undefined);

const { parentPort } = process as { parentPort?: ParentPort };
if (parentPort) {
  parentPort.on("message", ({ ports: [port] }) => {
    if (!port) return;
    const receive = serve((message) => port.postMessage(message));
    port.on("message", (event) => receive("kind" in event ? event : event.data));
    port.on("close", leave);
    port.start();
  });
} else {
  const receive = serve((message) => process.send?.(message));
  process.on("message", (message: ToVaultProcess) => receive(message));
  process.on("disconnect", leave);
}

function serve(send: (message: FromVaultProcess) => void): (message: ToVaultProcess) => void {
  let answerer: Answerer | null = null;
  let idle: NodeJS.Timeout | null = null;
  /** Handles requests one after the other, in the order of their arrival. */
  let turn = coresOff;

  function begin({ path, cost, idleMs }: VaultProcessSettings): void {
    const mine = new Answerer({ path, cost });
    answerer = mine;
    setInterval(() => mine.isLocked() && leave(), LOCK_CHECK_MS);
    idle = setTimeout(leave, idleMs);
  }

  return (message) => {
    if (message.kind === "begin") return begin(message.settings);
    const { number, request } = message;
    turn = turn.then(async () => {
      try {
        const answer = await answerer?.answer(request);
        send({ kind: "answer", number, answer: answer ?? null });
      } catch (error) {
        if (error instanceof Refusal)
          send({ kind: "refusal", number, code: error.code, message: error.message });
        else send({ kind: "fault", number, said: formatFault(error) });
      }
      idle?.refresh();
    });
  };
}
