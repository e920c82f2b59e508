import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { Refusal } from "#shared/model/refusal.ts";
import { formatFault } from "#shared/text/fault.ts";
import { Answerer } from "./answer-requests.ts";
import type { FromVaultProcess, ToVaultProcess, VaultProcessSettings } from "./vault.ts";
import { LOCK_CHECK_MS } from "./vault-file.ts";

/** Not from the environment, which the vault's process does not have. */
const PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * Keeps what this process holds out of any core of it, on Linux; elsewhere the system decides. At once its memory is in none
 * (coredump_filter), whoever the kernel hands the core: a file, a program (`core_pattern` with a pipe, for which a limit of
 * 0 counts for nothing) or a socket. Then, where there is `prlimit`, no core is made at all: 1 byte is the limit that both
 * a file and a pipe obey. Answers when that is done.
 */
function withoutCores(): Promise<void> {
  if (process.platform !== "linux") return Promise.resolve();
  try {
    writeFileSync("/proc/self/coredump_filter", "0");
  } catch {
    // Without /proc there is the limit alone.
  }
  return new Promise((resolve) => {
    execFile("prlimit", ["--core=1:1", "--pid", `${process.pid}`], { env: { PATH } }, () => resolve());
  });
}

/**
 * The process that alone knows what opens the vault. It ends when it is told to, when whoever started it is gone, and
 * when nothing was asked of it for a while, and when another program locks the vault; all that it knew ends with it.
 */

/** Electron's way to who started it, where it is Electron. */
type ParentPort = {
  on(event: "message", receive: (event: { data: ToVaultProcess; ports: Port[] }) => void): unknown;
};
type Port = {
  /** Electron puts what is said in an event, and a thread of Node's does not. */
  on(event: "message", receive: (event: ToVaultProcess | { data: ToVaultProcess }) => void): unknown;
  on(event: "close", receive: () => void): unknown;
  postMessage(message: FromVaultProcess): void;
  start(): void;
};

/** Before anything is told to this process. */
const coresOff = withoutCores();

/**
 * At once, with all that it knows: an exit would first join the threads, of which one may compute a key from a passphrase, or wait
 * for this one and never end (nodejs/node#54918). Nobody reads its exit code.
 */
function leave(): void {
  if (isMainThread) process.kill(process.pid, "SIGKILL");
  // biome-ignore lint/nursery/noProcessExit: of a thread, as tests start it, that is the end of this thread alone
  else process.exit(0);
}
process.on("uncaughtException", (fault) => {
  process.stderr.write(`latchkey: the vault process ended: ${formatFault(fault)}\n`, leave);
});
// Ctrl-C at a terminal is for the command, which ends this process itself.
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
  /** One after the other, as they came. */
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
