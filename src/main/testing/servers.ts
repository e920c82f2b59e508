import type { KeyObject } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { printPem } from "#codec/pem.ts";
import { makeCertificate } from "./make-certificate.ts";

type Endpoint = { host: string; port: number };
export type TestServer = AsyncDisposable & { endpoint: Endpoint };

/** A TLS server on loopback with a certificate made for the test. */
export async function startTlsServer(
  wish: Parameters<typeof makeCertificate>[0] = {},
): Promise<TestServer & { der: Uint8Array }> {
  const { der, pem, keyPem } = await makeCertificate(wish);
  return { ...(await listen(createTlsServer({ cert: pem, key: keyPem }))), der };
}

type ServedCertificate = { der: Uint8Array; privateKey: KeyObject };

/** The same with a chain of the caller's: the server's own certificate, and what it sends after it. */
export function startChainServer(
  leaf: ServedCertificate,
  above: readonly { der: Uint8Array }[],
): Promise<TestServer> {
  const cert = [leaf, ...above].map(({ der }) => printPem(der)).join("");
  return listen(createTlsServer({ cert, key: leaf.privateKey.export({ format: "pem", type: "pkcs8" }) }));
}

/** A server that accepts the connection and never sends anything. */
export const startSilentServer = (): Promise<TestServer> => listen(createServer());

/** A server that sends a plain text banner, as SSH does, and so speaks no TLS. */
export const startPlainServer = (): Promise<TestServer> =>
  listen(createServer((socket) => socket.end("SSH-2.0-OpenSSH_10.0\r\n")));

/** An endpoint where nobody listens, nor will while this process lives: it is our end of a connection. */
export async function findClosedEndpoint(): Promise<Endpoint> {
  const server = createServer((far) => far.unref());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const near = connect(port, "127.0.0.1");
  await once(near, "connect");
  near.unref();
  server.unref();
  return { host: "127.0.0.1", port: near.localPort ?? 0 };
}

/** Listens on that port of loopback, or on a free one; the server and its connections end with the returned value. */
export async function listen(server: Server, host = "127.0.0.1", port = 0): Promise<TestServer> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy()).on("close", () => sockets.delete(socket));
  });
  server.listen(port, host);
  await once(server, "listening");
  return {
    endpoint: { host, port: (server.address() as AddressInfo).port },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
