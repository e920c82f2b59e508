import { fork } from "node:child_process";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { vaultEnvironment } from "#shared/model/child-environment.ts";
import type { FromVaultProcess, ToVaultProcess, VaultChildProcess } from "./keeper-messages.ts";

/** Beside this file, as source and as built: all parts of the program are in one folder then. */
const VAULT_PROCESS = fileURLToPath(new URL(`./keeper${extname(import.meta.url)}`, import.meta.url));

/** Starts the keeper under Node, in an environment without whatever this one has. */
export async function forkVaultProcess(): Promise<VaultChildProcess & { pid: number | undefined }> {
  // Node hands this one on by itself, unless it is said to be nothing.
  const env = Object.assign(vaultEnvironment(process.env), { NODE_V8_COVERAGE: undefined });
  const child = fork(VAULT_PROCESS, [], {
    execArgv: [],
    env,
    serialization: "advanced",
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  return {
    pid: child.pid,
    tell: (message: ToVaultProcess) => {
      // One that has just ended is heard of by its end.
      child.send(message, () => undefined);
    },
    onMessage: (hear) => child.on("message", (message) => hear(message as FromVaultProcess)),
    onExit: (hear) => void ended.then(hear),
    kill: () => void child.kill("SIGKILL"),
  };
}
