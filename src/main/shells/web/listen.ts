import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, stat } from "node:fs/promises";
import type { Server } from "node:http";
import { type AddressInfo, createServer, type Server as NetServer } from "node:net";
import { dirname } from "node:path";
import { Refusal } from "#shared/model/refusal.ts";

/**
 * Where the web shell listens: a port of this computer's loopback addresses, or a Unix socket for a reverse proxy of
 * the user's choice. `authority` is the Host that the proxy passes on, the only one that is answered.
 *
 * A port is reached by a name that is new at each start, `lk-….localhost`, which browsers themselves resolve to
 * loopback: what another program has left in the browser under an address, a page or a worker, is of another origin
 * than ours. `named: false` uses the address itself, for a browser that does not resolve such names.
 */
export type ListenAddress = { port: number; named?: boolean } | { socketPath: string; authority: string };

/**
 * The Host under which it answers, and its port; a Unix socket has no port. `isOfThisStart`: nobody has had that origin
 * before, so none but our own pages are at it.
 */
export type Listening = {
  authority: string;
  port: number | null;
  isOfThisStart: boolean;
  close(): void;
};

/** Begins to listen; connections reach `server` from each address. */
export const listen = async (server: Server, address: ListenAddress): Promise<Listening> =>
  "port" in address
    ? await listenOnPort(server, address)
    : {
        authority: await listenOnSocket(server, address),
        port: null,
        isOfThisStart: false,
        close: () => undefined,
      };

/** How often we try to find a port that is free at both addresses. */
const MOST_TRIES = 20;

async function listenOnPort(server: Server, { port, named = true }: { port: number; named?: boolean }) {
  for (let left = MOST_TRIES; ; left--) {
    await listenAt(server, port, "127.0.0.1");
    const { port: actualPort } = server.address() as AddressInfo;
    const other = await listenAtOther(server, actualPort, { isChosen: port !== 0 || left === 1 });
    if (other !== "in-use") {
      const name = named ? `lk-${randomBytes(10).toString("hex")}.localhost` : "127.0.0.1";
      return {
        authority: `${name}:${actualPort}`,
        port: actualPort,
        isOfThisStart: named,
        close: () => other?.close(),
      };
    }
    server.close();
    await once(server, "close");
  }
}

/**
 * A browser connects to either loopback address for such a name: another program at the same port of the other address
 * would receive the page's requests. Null if this computer has no such address, for us or for anybody.
 */
async function listenAtOther(
  server: Server,
  port: number,
  { isChosen }: { isChosen: boolean },
): Promise<NetServer | "in-use" | null> {
  const other = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
    server.emit("connection", socket),
  );
  // As for the first: a connection that cannot be accepted is lost for its caller alone.
  try {
    await listenAt(other, port, "::1");
    return other.on("error", () => undefined);
  } catch (error) {
    const code = error instanceof Refusal ? "EADDRINUSE" : (error as NodeJS.ErrnoException).code;
    if (code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT") return null;
    if (code === "EADDRINUSE" && !isChosen) return "in-use";
    server.close();
    throw error;
  }
}

async function listenAt(server: NetServer, port: number, host: "127.0.0.1" | "::1"): Promise<void> {
  try {
    server.listen({ host, port, exclusive: true });
    await once(server, "listening");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EADDRINUSE" && code !== "EACCES") throw error;
    const why = code === "EACCES" ? "needs more rights than this user has" : "is in use";
    throw new Refusal("conflict", `port ${port} of ${host} ${why}; choose another, or 0 for any`, {
      cause: error,
    });
  }
}

/** The folder keeps other users out before the socket exists; the socket's own mode keeps them out as well. */
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
