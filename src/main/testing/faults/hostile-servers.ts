/** Servers that do to a scanner what no honest one does. Each is on a loopback port and has one fault. */
import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { ServerChannel } from "ssh2";
import { answerScript } from "#testing/ssh/collector-stream.ts";
import { startProxy, startRawServer } from "#testing/ssh/raw-server.ts";
import { startSshServer } from "#testing/ssh/ssh-server.ts";

export type HostileServer = AsyncDisposable & {
  host: string;
  port: number;
  /** Until every client so far has disconnected: then a client's socket is free again. */
  untilLeft(): Promise<void>;
};

type Answer = { channel: ServerChannel; script: Promise<string> };

/** Sends everything that a server has to send at this many bytes per interval. */
const DRIP = { bytes: 1, everyMs: 100 };

/** Writes without end, as fast as the client reads. */
function pour(out: NodeJS.WritableStream & { destroyed?: boolean }, block: Buffer): void {
  const more = () => {
    while (out.writable && !out.destroyed && out.write(block));
  };
  out.on("drain", more);
  more();
}

function drip(from: AsyncIterable<Buffer> | Buffer[], to: Socket): void {
  const held: number[] = [];
  const timer = setInterval(() => {
    if (held.length > 0) to.write(Buffer.from(held.splice(0, DRIP.bytes)));
  }, DRIP.everyMs);
  to.on("close", () => clearInterval(timer));
  void (async () => {
    for await (const piece of from) held.push(...piece);
  })().catch(() => undefined);
}

const speak = (said: Buffer | string) => startRawServer((socket) => void socket.write(said));

const answer = (end: (answer: Answer & { stream: string }) => unknown) =>
  startSshServer({
    run: async ({ channel, script }) => end({ channel, script, stream: answerScript(await script) }),
  });

const BLOCK = Buffer.alloc(64 * 1024, "x");
const GREETING = "SSH-2.0-OpenSSH_10.0\r\n";

/** A healthy host, with which the others are compared. Reading it takes `paceMs`. */
export const startHealthy = (paceMs = 0) =>
  answer(async ({ channel, stream }) => {
    if (paceMs > 0) await pause(paceMs);
    channel.write(Buffer.from(stream, "latin1"));
    channel.exit(0);
    channel.end();
  });

/** How a lying host may change a well-formed stream. */
export const LIES = {
  "one byte changed": (stream) => stream.replace("cm9v", "cm9w"),
  "a record left out": (stream) => stream.replace(/groups .*\n(?:[A-Za-z0-9+/=]+\n)+/, ""),
  "another count": (stream) => stream.replace(/end (\d+)/, "end 1$1"),
  "another digest": (stream) => stream.replace(/sha256 [0-9a-f]{8}/, "sha256 00000000"),
  "no trailer": (stream) => stream.slice(0, stream.lastIndexOf("end ")),
  "the trailer of another visit": (stream) => stream.replace(/(end \d+) \S+/, "$1 0123456789abcdef"),
} satisfies Record<string, (stream: string) => string>;

/** A host whose command ends properly, with exit status 0, but whose output was changed on the way. */
export const startTruthful = (change: (stream: string) => string) =>
  answer(({ channel, stream }) => {
    channel.write(Buffer.from(change(stream), "latin1"));
    channel.exit(0);
    channel.end();
  });

export const hostile = {
  silent: () => startRawServer(() => undefined),
  drippedGreeting: () => startRawServer((socket) => drip([Buffer.from(`${"x".repeat(500)}\r\n`)], socket)),
  async drippedHandshake() {
    const server = await startHealthy();
    const proxy = await startProxy(server, (downstream, upstream) => {
      upstream.removeAllListeners("data");
      drip(upstream, downstream);
    });
    return { ...proxy, [Symbol.asyncDispose]: () => endBoth(proxy, server) };
  },
  bannerFlood: () => startRawServer((socket) => pour(socket, BLOCK)),
  lineFlood: () => startRawServer((socket) => pour(socket, Buffer.from("welcome\r\n".repeat(8_000)))),
  randomBytes: () => speak(randomBytes(4_096)),
  http: () => speak("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"),
  oldSsh: () => speak("SSH-1.5-OpenSSH_2.1\r\n"),
  hugePacket: () => speak(Buffer.concat([Buffer.from(GREETING), Buffer.alloc(64, 0xff)])),
  neverReplies: () => startSshServer({ run: () => undefined }),
  neverExits: () => answer(({ channel, stream }) => channel.write(stream.slice(0, 600))),
  stdoutFlood: () =>
    answer(({ channel, stream }) => {
      channel.write(stream.slice(0, 600));
      pour(channel, BLOCK);
    }),
  stderrFlood: () => answer(({ channel }) => pour(channel.stderr, BLOCK)),
} satisfies Record<string, () => Promise<HostileServer>>;

async function endBoth(...servers: AsyncDisposable[]): Promise<void> {
  for (const server of servers) await server[Symbol.asyncDispose]();
}
