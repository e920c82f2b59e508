import { connect, createServer, type Socket } from "node:net";
import { listen, type TestServer } from "#testing/servers.ts";

type Login = { user: string; password: string };

/** A proxy, with the destinations that were requested and the logins that were tried. */
export type TestProxy = TestServer & { destinations: string[]; logins: string[] };

type ProxyOptions = {
  /** By default no login is required. */
  login?: Login;
  /** The addresses of names: a proxy resolves them itself. */
  names?: Record<string, string>;
};

/** A SOCKS5 proxy on loopback that connects to any destination. `reply`: it refuses everything with that code. */
export async function startSocksProxy(options: ProxyOptions & { reply?: number } = {}): Promise<TestProxy> {
  const seen = { destinations: [] as string[], logins: [] as string[] };
  const server = await listen(createServer((client) => void serveSocks(client, options, seen)));
  return { ...server, ...seen };
}

async function serveSocks(
  client: Socket,
  { login, names = {}, reply }: ProxyOptions & { reply?: number },
  seen: Pick<TestProxy, "destinations" | "logins">,
): Promise<void> {
  const { bytes, rest } = readerOf(client);
  const [, count = 0] = await bytes(2);
  await bytes(count);
  client.write(Buffer.from([5, login ? 2 : 0]));
  if (login) {
    const [, userSize = 0] = await bytes(2);
    const user = (await bytes(userSize)).toString();
    const [passwordSize = 0] = await bytes(1);
    const password = (await bytes(passwordSize)).toString();
    seen.logins.push(`${user}:${password}`);
    const isRight = user === login.user && password === login.password;
    client.write(Buffer.from([1, isRight ? 0 : 1]));
    if (!isRight) return void client.end();
  }
  const [, , , type] = await bytes(4);
  const host = await readHost(type ?? 0, bytes);
  const port = (await bytes(2)).readUInt16BE();
  seen.destinations.push(`${host} ${port}`);
  if (reply !== undefined) return void client.end(Buffer.from([5, reply, 0, 1, 0, 0, 0, 0, 0, 0]));
  const server = connect(port, names[host] ?? host);
  server.on("error", () => client.end(Buffer.from([5, 5, 0, 1, 0, 0, 0, 0, 0, 0])));
  server.once("connect", () => {
    client.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 80]));
    join(client, server, rest());
  });
}

async function readHost(type: number, bytes: (size: number) => Promise<Buffer>): Promise<string> {
  if (type === 1) return [...(await bytes(4))].join(".");
  if (type === 3) return (await bytes((await bytes(1))[0] ?? 0)).toString("latin1");
  const groups = (await bytes(16)).toString("hex").match(/.{4}/g) ?? [];
  return groups.join(":");
}

/** An HTTP proxy on loopback that opens a tunnel to any destination. `status`: it answers everything with that line. */
export async function startHttpProxy(options: ProxyOptions & { status?: string } = {}): Promise<TestProxy> {
  const seen = { destinations: [] as string[], logins: [] as string[] };
  const server = await listen(createServer((client) => serveHttp(client, options, seen)));
  return { ...server, ...seen };
}

function serveHttp(
  client: Socket,
  { login, names = {}, status }: ProxyOptions & { status?: string },
  seen: Pick<TestProxy, "destinations" | "logins">,
): void {
  let head = "";
  const take = (piece: Buffer) => {
    head += piece.toString("latin1");
    if (!head.includes("\r\n\r\n")) return;
    client.off("data", take);
    const [, host = "", port = ""] = /^CONNECT \[?([^\]\s]+?)\]?:(\d+) HTTP\/1\.1\r\n/.exec(head) ?? [];
    const [, basic = ""] = /^Proxy-Authorization: Basic (\S+)\r$/m.exec(head) ?? [];
    const said = Buffer.from(basic, "base64").toString();
    seen.destinations.push(`${host} ${port}`);
    seen.logins.push(said);
    if (status !== undefined) return client.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`);
    if (login && said !== `${login.user}:${login.password}`)
      return client.end("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    const server = connect(Number(port), names[host] ?? host);
    server.on("error", () => client.end("HTTP/1.1 502 Bad Gateway\r\n\r\n"));
    server.once("connect", () => {
      client.write("HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n");
      join(client, server, Buffer.alloc(0));
    });
  };
  client.on("data", take);
}

function join(client: Socket, server: Socket, first: Buffer): void {
  if (first.length > 0) server.write(first);
  client.pipe(server).pipe(client);
  client.on("close", () => server.destroy());
  server.on("close", () => client.destroy());
}

/** Reads a given number of bytes at a time from a client. */
function readerOf(client: Socket) {
  let heard = Buffer.alloc(0);
  let wake: (() => void) | null = null;
  const listener = (piece: Buffer) => {
    heard = Buffer.concat([heard, piece]);
    wake?.();
  };
  client.on("data", listener);
  return {
    async bytes(size: number): Promise<Buffer> {
      while (heard.length < size) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const taken = heard.subarray(0, size);
      heard = heard.subarray(size);
      return taken;
    },
    /** The bytes that followed; nothing more is read. */
    rest(): Buffer {
      client.off("data", listener);
      return heard;
    },
  };
}
