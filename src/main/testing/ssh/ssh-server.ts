import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import ssh2, { type ServerChannel } from "ssh2";
import { untilClosed } from "./raw-server.ts";

type Wish = {
  /** What it does when a command is to run; null: it refuses to run any. */
  run:
    | ((command: {
        text: string;
        script: Promise<string>;
        channel: ServerChannel;
        socket: Socket;
      }) => unknown)
    | null;
  /** Whether a key lets in; by default each does. */
  admits?: (attempt: { user: string; keyIndex: number }) => boolean | "partly";
  hostKey?: string;
};

export type TestSshServer = AsyncDisposable & {
  host: string;
  port: number;
  /** Every attempt to log in so far: method and user. */
  attempts: string[];
  /** Until every client so far has hung up. */
  untilLeft(): Promise<void>;
};

/**
 * An Ed25519 key pair as ssh-keygen would write it. ssh2 makes a broken one when the public half begins with a zero
 * byte, as one in 128 does: then another one is made.
 */
export function makeKeyPair(): { private: string; public: string } {
  const pair = ssh2.utils.generateKeyPairSync("ed25519");
  return ssh2.utils.parseKey(pair.private) instanceof Error ? makeKeyPair() : pair;
}

/** An SSH server that is a program: it can do what no sshd would. */
export async function startSshServer({
  run,
  admits = () => true,
  hostKey = makeKeyPair().private,
}: Wish): Promise<TestSshServer> {
  const attempts: string[] = [];
  const sockets = new Set<Socket>();
  const left = new Set<Promise<unknown>>();
  const server = new ssh2.Server({ hostKeys: [hostKey] }, (client) => {
    const socket = (client as unknown as { _sock: Socket })._sock;
    sockets.add(socket);
    socket.setNoDelay(true);
    left.add(untilClosed(socket).finally(() => sockets.delete(socket)));
    let keyIndex = -1;
    let lastKey = "";
    client.on("error", () => undefined);
    client.on("authentication", (context) => {
      attempts.push(`${context.method} ${context.username}`);
      if (context.method !== "publickey") return context.reject(["publickey"]);
      const key = context.key.data.toString("base64");
      if (key !== lastKey) keyIndex++;
      lastKey = key;
      const answer = admits({ user: context.username, keyIndex });
      if (answer === "partly" && context.signature) return context.reject(["keyboard-interactive"], true);
      return answer ? context.accept() : context.reject(["publickey"]);
    });
    client.on("session", (accept) => {
      accept().on("exec", (acceptExec, rejectExec, { command }) => {
        if (!run) return rejectExec();
        const channel = acceptExec();
        channel.on("error", () => undefined);
        run({ text: command, script: readAll(channel), channel, socket });
      });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: "127.0.0.1",
    port: (server.address() as AddressInfo).port,
    attempts,
    untilLeft: async () => void (await Promise.all(left)),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      await closed.promise;
    },
  };
}

async function readAll(channel: ServerChannel): Promise<string> {
  let text = "";
  for await (const chunk of channel as AsyncIterable<Buffer>) text += chunk.toString("utf8");
  return text;
}
