import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ServerWish, type StartedServer, startServer } from "./server.ts";

/** HAProxy on 443: its master, which is told to reload, and the worker that serves. */
export const startHaproxy = (wish: ServerWish): Promise<StartedServer> =>
  startServer(wish, { name: "haproxy" }, async ({ folder, address, certificatePath, keyPath }) => {
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
      reload: "SIGUSR2",
    };
  });
