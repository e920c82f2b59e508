import { spawn } from "node:child_process";
import { once } from "node:events";
import type { TestServer } from "#testing/servers.ts";
import type { Made } from "./make-with-openssl.ts";

/** `openssl s_server` on a free port of loopback with a certificate of its making; `extra` are further arguments. */
export async function startOpensslServer(
  { certificatePath, keyPath }: Made,
  extra: readonly string[] = [],
): Promise<TestServer> {
  const files = ["-cert", certificatePath, "-key", keyPath];
  const server = spawn(
    "setpriv",
    ["--pdeathsig", "KILL", "openssl", "s_server", "-accept", "127.0.0.1:0", ...files, ...extra],
    {
      stdio: ["pipe", "pipe", "pipe"],
    },
  );
  let said = "";
  const { promise: port, resolve, reject } = Promise.withResolvers<number>();
  const listen = (piece: Buffer) => {
    said += piece.toString();
    const match = /ACCEPT \S*:(\d+)/.exec(said);
    if (match) resolve(Number(match[1]));
  };
  server.stdout.on("data", listen);
  server.stderr.on("data", listen);
  server.once("exit", () => reject(new Error(`openssl s_server did not start: ${said}`)));
  return {
    endpoint: { host: "127.0.0.1", port: await port },
    async [Symbol.asyncDispose]() {
      const exit = server.exitCode === null && server.signalCode === null ? once(server, "exit") : null;
      server.kill("SIGKILL");
      await exit;
    },
  };
}
