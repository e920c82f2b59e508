import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { type Answer, AUTHENTIC_DATA, decode, encode, type Packet, TRUNCATED_RESPONSE } from "dns-packet";

const NXDOMAIN = 3;

/** Its answer for a name: records, no such name, no answer at all, or raw bytes. */
export type DnsReply = Answer[] | "no-such-name" | "nothing" | Buffer;

type DnsServerOptions = {
  names: Record<string, DnsReply>;
  /** Sets the AD bit. */
  validates?: boolean;
  /** Truncates its answer to a datagram, so that the client queries again by TCP. */
  isLong?: boolean;
  /** Sends this before each answer by datagram. */
  before?: (question: Packet) => Buffer;
};

export type DnsServer = AsyncDisposable & {
  resolver: { address: string; port: number };
  /** Every query so far: its transport, and its name and type. */
  asked: string[];
};

/** A name server on loopback, by UDP and TCP, with scripted answers. */
export async function startDnsServer({
  names,
  validates,
  isLong,
  before,
}: DnsServerOptions): Promise<DnsServer> {
  const asked: string[] = [];
  const streams = createServer((stream) => {
    stream.on("error", () => stream.destroy());
    stream.on("data", (bytes) => {
      const said = answer(bytes.subarray(2), "tcp");
      if (said) stream.end(Buffer.concat([Buffer.from([said.length >> 8, said.length & 0xff]), said]));
    });
  });
  const socket = await listenOnOnePort(streams);
  socket.on("message", (bytes, from) => reply(bytes, from));
  const { port } = socket.address() as AddressInfo;
  return {
    resolver: { address: "127.0.0.1", port },
    asked,
    async [Symbol.asyncDispose]() {
      socket.close();
      streams.close();
      await once(streams, "close");
    },
  };

  function reply(bytes: Buffer, from: RemoteInfo): void {
    const first = before?.(decode(bytes));
    if (first) socket.send(first, from.port, from.address);
    const said = answer(bytes, "udp");
    if (said) socket.send(said, from.port, from.address);
  }

  function answer(bytes: Buffer, way: "udp" | "tcp"): Buffer | null {
    const { id, questions } = decode(bytes);
    const [question] = questions ?? [];
    asked.push(`${way} ${question?.type} ${question?.name}`);
    const said = names[question?.name ?? ""] ?? "no-such-name";
    if (said === "nothing") return null;
    if (Buffer.isBuffer(said)) return said;
    const isCut = isLong === true && way === "udp";
    const flags = (validates ? AUTHENTIC_DATA : 0) | (isCut ? TRUNCATED_RESPONSE : 0);
    const answers = said === "no-such-name" || isCut ? [] : said;
    return encode({
      type: "response",
      id,
      questions: questions ?? [],
      answers,
      flags: flags | (said === "no-such-name" ? NXDOMAIN : 0),
    });
  }
}

/** Returns a UDP socket on the port of the TCP server: one that was free for both. */
async function listenOnOnePort(streams: Server): Promise<Socket> {
  for (let tries = 0; tries < 20; tries++) {
    streams.listen(0, "127.0.0.1");
    await once(streams, "listening");
    const socket = createSocket("udp4");
    socket.bind((streams.address() as AddressInfo).port, "127.0.0.1");
    try {
      await once(socket, "listening");
      return socket;
    } catch (error) {
      // Another process uses UDP on that port.
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
      socket.close();
      streams.close();
      await once(streams, "close");
    }
  }
  throw new Error("no port of loopback is free for both datagrams and streams");
}

/** An SSHFP record with a key's SHA-256, by its fingerprint as ssh-keygen prints it. */
export const sshfpOf = (name: string, algorithm: number, fingerprint: string): Answer => ({
  type: "SSHFP",
  name,
  data: {
    algorithm,
    hash: 2,
    fingerprint: Buffer.from(fingerprint.replace("SHA256:", ""), "base64").toString("hex"),
  },
});
