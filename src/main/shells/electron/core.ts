/** Latchkey in a process of its own beside the window: it holds the database, and connects to hosts. */
import type {} from "electron";
import { type AppOptions, createApp } from "#app";
import { Refusal } from "#shared/model/refusal.ts";
import { formatFault } from "#shared/text/fault.ts";
import { endOnFault, narrowUmask } from "#shells/end-process.ts";
import { acceptCommandsOrWarn } from "#shells/socket/accept-commands.ts";
import { type FromCore, servePorts, ToCore } from "./core/core-messages.ts";
import { createVaultProcessStarter } from "./core/vault-processes.ts";

narrowUmask();

const { parentPort } = process;
const [databasePath = "", files = "{}"] = process.argv.slice(2);
const named: Pick<AppOptions, "startFiles"> = JSON.parse(files);
const post = (message: FromCore) => parentPort.postMessage(message);

endOnFault();
// A malformed message rejects a promise that nobody awaits: the page's fault, and no reason to stop a scan.
process.on("unhandledRejection", (fault) => process.stderr.write(`latchkey: ${formatFault(fault)}\n`));

try {
  const startVaultProcess = createVaultProcessStarter(parentPort, post);
  const app = createApp({
    ...named,
    databasePath,
    whenDamaged: "read",
    keepsBackups: true,
    startVaultProcess,
  });
  servePorts(app, parentPort);
  const warn = (sentence: string) => process.stderr.write(`latchkey: ${sentence}\n`);
  const acceptance = acceptCommandsOrWarn({ app, warn });
  parentPort.on("message", ({ data }) => {
    if (ToCore.safeParse(data).data?.kind !== "stop") return;
    void close().then(() => post({ kind: "stopped" }));
  });
  post({ kind: "ready" });

  async function close(): Promise<void> {
    await using _app = app;
    await using _acceptance = await acceptance;
  }
} catch (error) {
  // The parent ends this process once it has the message: the process itself might end before it was delivered.
  if (!(error instanceof Refusal)) throw error;
  post({ kind: "unable", sentence: error.message });
}
