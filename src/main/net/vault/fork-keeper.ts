import { execFile, fork } from "node:child_process";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { FromKeeper, KeeperProcess, ToKeeper } from "./keeper-messages.ts";

/** Beside this file, as source and as built: all parts of the program are in one folder then. */
const KEEPER = fileURLToPath(new URL(`./keeper${extname(import.meta.url)}`, import.meta.url));

/** What reaches the keyring of the operating system, and nothing else. */
const ENVIRONMENT = ["DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "HOME", "DISPLAY", "USER", "LOGNAME"];

/** Starts the keeper under Node. It leaves no core behind where `prlimit` is there to say so. */
export async function forkKeeper(): Promise<KeeperProcess & { pid: number | undefined }> {
  const kept = ENVIRONMENT.flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]]],
  );
  const child = fork(KEEPER, [], {
    ...{ execArgv: [], env: Object.fromEntries(kept), serialization: "advanced" },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  await withoutCores(child.pid);
  return {
    pid: child.pid,
    tell: (message: ToKeeper) => {
      // One that has just ended is heard of by its end.
      child.send(message, () => undefined);
    },
    onMessage: (hear) => child.on("message", (message) => hear(message as FromKeeper)),
    onExit: (hear) => void ended.then(hear),
    kill: () => void child.kill("SIGKILL"),
  };
}

const withoutCores = (pid: number | undefined): Promise<void> =>
  new Promise((resolve) => {
    if (process.platform !== "linux" || pid === undefined) return resolve();
    execFile("prlimit", ["--core=0", "--pid", `${pid}`], () => resolve());
  });
