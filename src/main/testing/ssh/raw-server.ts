import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

type Address = { host: string; port: number };

export type RawServer = AsyncDisposable &
  Address & {
    /** Waits until every client so far has disconnected. */
    untilLeft(): Promise<void>;
  };

/** For whatever reason. */
export const untilClosed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => socket.once("close", () => resolve()));

/** A server on loopback that handles each connection by `meet`, before any protocol. */
export async function startRawServer(meet: (socket: Socket) => void): Promise<RawServer> {
  const open = new Set<Promise<unknown>>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    open.add(untilClosed(socket).finally(() => sockets.delete(socket)));
    meet(socket.resume());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: "127.0.0.1",
    port: (server.address() as AddressInfo).port,
    untilLeft: async () => void (await Promise.all(open)),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** A proxy before another server; `shape` may change, cut or delay what that server sends. */
export const startProxy = (
  to: Address,
  shape: (downstream: Socket, upstream: Socket) => void,
): Promise<RawServer> =>
  startRawServer((downstream) => {
    const upstream = connect(to);
    upstream.on("error", () => downstream.destroy()).on("close", () => downstream.end());
    downstream.on("data", (chunk) => upstream.write(chunk)).on("close", () => upstream.destroy());
    shape(downstream, upstream);
  });

/** A proxy that hangs up after this many bytes from the server. */
export const startCuttingProxy = (to: Address, afterBytes: number): Promise<RawServer> =>
  startProxy(to, (downstream, upstream) => {
    let left = afterBytes;
    if (left === 0) downstream.destroy();
    upstream.on("data", (chunk) => {
      downstream.write(chunk.subarray(0, left));
      left -= chunk.length;
      if (left <= 0) downstream.end(() => downstream.destroy());
    });
  });

const BLACK_HOLE = `
  const server = require("node:net").createServer();
  server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => console.log(server.address().port));
`;

/** An address that never answers: a process that is stopped, with its queue full. */
export async function startBlackHole(): Promise<AsyncDisposable & Address> {
  const process_ = spawn(process.execPath, ["-e", BLACK_HOLE], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(process_.stdout.setEncoding("utf8"), "data")) as [string];
  const address = { host: "127.0.0.1", port: Number(line) };
  process_.kill("SIGSTOP");
  const fillers = [1, 2, 3, 4].map(() => connect(address).on("error", () => undefined));
  await Promise.all(fillers.slice(0, 2).map((socket) => once(socket, "connect")));
  return {
    ...address,
    async [Symbol.asyncDispose]() {
      for (const socket of fillers) socket.destroy();
      const exit = once(process_, "exit");
      process_.kill("SIGKILL");
      await exit;
    },
  };
}
