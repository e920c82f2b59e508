import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, copyFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { takeAddress } from "#testing/lab/loopback-address.ts";
import type { ServerRequest, StartedServer } from "./server.ts";

const PORT = 23;

/**
 * telnetd-ssl on 23, one for each connection as inetd would start it. It turns to TLS by the option of authentication;
 * START_TLS it does not know.
 */
export async function startTelnetd(wish: ServerRequest): Promise<StartedServer> {
  const { address, release } = await takeAddress();
  const files = {
    certificatePath: join(wish.folder, "telnetd.pem"),
    keyPath: join(wish.folder, "telnetd.key"),
  };
  await copyFile(wish.certificatePath, files.certificatePath);
  await copyFile(wish.keyPath, files.keyPath);
  await chmod(files.keyPath, 0o600);
  const run = (socket: Socket) => {
    const arguments_ = wish.isPlain
      ? ["-z", "nossl"]
      : ["-z", `cert=${files.certificatePath}`, "-z", `key=${files.keyPath}`];
    spawn("setpriv", ["--pdeathsig", "KILL", "in.telnetd", ...arguments_], {
      stdio: [socket, socket, "ignore"],
    });
    // It has a descriptor of its own now.
    socket.destroy();
  };
  const server = createServer({ pauseOnConnect: true }, run);
  server.listen(PORT, address);
  await once(server, "listening");
  return {
    address,
    ...files,
    pid: process.pid,
    configPath: wish.folder,
    endpoints: [{ protocol: "telnet", port: PORT }],
    reload: async () => undefined,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, "close");
      release();
    },
  };
}
