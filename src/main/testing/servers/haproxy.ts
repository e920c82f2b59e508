import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type ServerRequest, type StartedServer, startServer } from "./server.ts";

/** HAProxy on 443: its master, which is told to reload, and the worker that serves. */
export async function startHaproxy(wish: ServerRequest): Promise<StartedServer> {
  const server = await startServer(wish, { name: "haproxy" }, async (prepared) => {
    const { folder, address, certificatePath, keyPath } = prepared;
    const configPath = join(folder, "haproxy.cfg");
    await writeFile(
      configPath,
      `global
  log stderr local0 emerg
  maxconn 32
crt-store files
  load crt ${certificatePath} key ${keyPath} alias own
defaults
  mode tcp
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend web
  bind ${address}:443 ssl crt @files/own
`,
    );
    return {
      configPath,
      command: ["haproxy", "-W", "-db", "-f", configPath],
      endpoints: [{ protocol: "tls", port: 443 }],
    };
  });
  return { ...server, reload: () => reload(server.pid) };
}

/** Until there is another worker: a master that has just begun may not hear the first signal. */
async function reload(master: number): Promise<void> {
  const workers = async () =>
    (await readFile(`/proc/${master}/task/${master}/children`, "utf8")).trim().split(" ");
  const before = new Set(await workers());
  const isNew = (worker: string) => !before.has(worker);
  for (let waited = 0; !(await workers()).some(isNew); waited += PAUSE_MS) {
    if (waited % AGAIN_MS === 0) process.kill(master, "SIGUSR2");
    await pause(PAUSE_MS);
  }
}

const PAUSE_MS = 20;
/** Longer than a reload takes: a signal within one may begin another. */
const AGAIN_MS = 2000;
