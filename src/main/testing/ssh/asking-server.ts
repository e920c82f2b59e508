import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import ssh2, { type AuthContext, type KeyboardAuthContext, type ServerChannel } from "ssh2";
import { untilClosed } from "./raw-server.ts";
import { makeKeyPair } from "./ssh-server.ts";

type Wish = {
  /** What it does with an attempt to log in. */
  judge: (attempt: AuthContext, hangUp: () => void) => unknown;
  /** What a command prints; by default nothing. */
  answer?: (script: string) => string;
  hostKey?: string;
};

export type AskingServer = AsyncDisposable & {
  host: string;
  port: number;
  /** Every attempt so far: the method, and for a password what it was. */
  attempts: string[];
  /** Until every client so far has hung up. */
  untilLeft(): Promise<void>;
};

/** An SSH server that lets people in as it is told, by whatever method. */
export async function startAskingServer({
  judge,
  answer = () => "",
  hostKey = makeKeyPair().private,
}: Wish): Promise<AskingServer> {
  const attempts: string[] = [];
  const left = new Map<Socket, Promise<unknown>>();
  const server = new ssh2.Server({ hostKeys: [hostKey] }, (client) => {
    const socket = (client as unknown as { _sock: Socket })._sock;
    left.set(socket, untilClosed(socket));
    client.on("error", () => undefined);
    client.on("authentication", (attempt) => {
      const { method } = attempt;
      attempts.push(method === "password" ? `password ${attempt.password}` : method);
      judge(attempt, () => socket.destroy());
    });
    client.on("session", (accept) => {
      accept().on("exec", (acceptExec) => void run(acceptExec(), answer));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: "127.0.0.1",
    port: (server.address() as AddressInfo).port,
    attempts,
    untilLeft: async () => void (await Promise.all(left.values())),
    async [Symbol.asyncDispose]() {
      for (const socket of left.keys()) socket.destroy();
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      await closed.promise;
    },
  };
}

async function run(channel: ServerChannel, answer: (script: string) => string): Promise<void> {
  channel.on("error", () => undefined);
  let script = "";
  for await (const chunk of channel as AsyncIterable<Buffer>) script += chunk.toString("utf8");
  channel.write(answer(script));
  channel.exit(0);
  channel.end();
}

type PromptText = { prompt: string; echo: boolean };

/** What somebody at the other end answers to these. */
export const askFor = (attempt: KeyboardAuthContext, ...prompts: readonly PromptText[]): Promise<string[]> =>
  new Promise((resolve) => attempt.prompt([...prompts], "Two factors", "Take out\nyour token", resolve));

/** Takes one password, and no key. */
export const byPassword = (password: string) => (attempt: AuthContext) =>
  attempt.method === "password" && attempt.password === password
    ? attempt.accept()
    : attempt.reject(["password"]);
