import { once } from "node:events";
import { chmod, mkdir, stat } from "node:fs/promises";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname } from "node:path";
import { Refusal } from "#shared/model/refusal.ts";

/**
 * Where the web shell listens: a port of 127.0.0.1, or a Unix socket for a reverse proxy of the user's choice.
 * `authority` is the Host that the proxy passes on, the only one that is answered.
 */
export type Place = { port: number } | { socketPath: string; authority: string };

/** Begins to listen, and answers with the authority under which the server is reached. */
export const listen = (server: Server, place: Place): Promise<string> =>
  "port" in place ? listenOnPort(server, place.port) : listenOnSocket(server, place);

async function listenOnPort(server: Server, port: number): Promise<string> {
  try {
    server.listen({ host: "127.0.0.1", port, exclusive: true });
    await once(server, "listening");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EADDRINUSE" && code !== "EACCES") throw error;
    const why = code === "EACCES" ? "needs more rights than this user has" : "is in use";
    throw new Refusal("conflict", `port ${port} of 127.0.0.1 ${why}; choose another, or 0 for any`, {
      cause: error,
    });
  }
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The folder keeps others out from before the socket is there; the socket's own mode is the second lock. */
async function listenOnSocket(
  server: Server,
  { socketPath, authority }: { socketPath: string; authority: string },
): Promise<string> {
  await checkFolder(dirname(socketPath));
  try {
    server.listen({ path: socketPath, exclusive: true });
    await once(server, "listening");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    const sentence = `${socketPath} exists; another Latchkey may listen there, and if none does, delete it`;
    throw new Refusal("conflict", sentence, { cause: error });
  }
  await chmod(socketPath, 0o600);
  return authority;
}

/** Makes the folder for this user alone; one that others may enter is refused. */
async function checkFolder(folder: string): Promise<void> {
  if (process.platform === "win32")
    throw new Refusal("invalid-input", "Windows has no Unix sockets; use --port");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { mode, uid } = await stat(folder);
  if (uid === process.getuid?.() && (mode & 0o077) === 0) return;
  throw new Refusal(
    "invalid-input",
    `${folder} is not this user's alone; choose a folder of mode 0700 for the socket, or chmod 700 it`,
  );
}
