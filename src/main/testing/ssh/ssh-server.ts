import { once } from "node:events";
import { type AddressInfo, connect, type Socket } from "node:net";
import type {
  AcceptConnection,
  AuthContext,
  Connection,
  KeyboardAuthContext,
  RejectConnection,
  ServerChannel,
  TcpipRequestInfo,
} from "ssh2";
import ssh2 from "ssh2";
import { untilClosed } from "./raw-server.ts";

type SshServerOptions = {
  /** What it does with a command; null: it refuses every command. */
  run:
    | ((command: {
        text: string;
        script: Promise<string>;
        channel: ServerChannel;
        socket: Socket;
        /** Waits until the client has received everything that was sent. */
        untilTaken: () => Promise<void>;
      }) => unknown)
    | null;
  /** Whether a key can log in; by default each can. */
  admits?: (attempt: { user: string; keyIndex: number; keyType: string }) => boolean | "partly";
  hostKey?: string;
  /** Forwards connections, as a jump host; by default it does not. */
  forwards?: boolean;
};

export type TestSshServer = AsyncDisposable & {
  host: string;
  port: number;
  /** Every login attempt so far: method and user. */
  attempts: string[];
  /** Clients so far, the most at a time, and the most at a time that had not logged in yet. */
  seen: { clients: number; most: number; mostStrangers: number };
  /** Resets every open connection. */
  cutOff(): void;
  /** Waits until every client so far has disconnected. */
  untilLeft(): Promise<void>;
};

/**
 * An Ed25519 key pair as ssh-keygen would write it. ssh2 makes a broken one if the public key begins with a zero byte,
 * as one in 128 does: then another one is made.
 */
export function makeKeyPair(): { private: string; public: string } {
  const pair = ssh2.utils.generateKeyPairSync("ed25519");
  return ssh2.utils.parseKey(pair.private) instanceof Error ? makeKeyPair() : pair;
}

/** An SSH server in this process: it can do what no sshd would. */
export async function startSshServer({
  run,
  admits = () => true,
  hostKey = makeKeyPair().private,
  forwards = false,
}: SshServerOptions): Promise<TestSshServer> {
  const attempts: string[] = [];
  const { sockets, left, seen, meet } = countClients();
  const server = new ssh2.Server({ hostKeys: [hostKey] }, (client) => {
    const socket = (client as unknown as { _sock: Socket })._sock;
    meet(client, socket.setNoDelay(true));
    if (forwards) client.on("tcpip", forward);
    // The key exchange comes after everything that was sent before, and is answered in order.
    const untilTaken = () => new Promise<void>((resolve) => client.rekey(() => resolve()));
    let keyIndex = -1;
    let lastKey = "";
    client.on("error", () => undefined);
    client.on("authentication", (context) => {
      attempts.push(`${context.method} ${context.username}`);
      if (context.method !== "publickey") return context.reject(["publickey"]);
      const key = context.key.data.toString("base64");
      if (key !== lastKey) keyIndex++;
      lastKey = key;
      const answer = admits({ user: context.username, keyIndex, keyType: context.key.algo });
      if (answer === "partly" && context.signature) return context.reject(["keyboard-interactive"], true);
      return answer ? context.accept() : context.reject(["publickey"]);
    });
    client.on("session", (accept) => {
      accept().on("exec", (acceptExec, rejectExec, { command }) => {
        if (!run) return rejectExec();
        const channel = acceptExec();
        channel.on("error", () => undefined);
        run({ text: command, script: readAll(channel), channel, socket, untilTaken });
      });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: "127.0.0.1",
    port: (server.address() as AddressInfo).port,
    attempts,
    seen,
    cutOff() {
      for (const socket of sockets) socket.destroy();
    },
    untilLeft: async () => void (await Promise.all(left)),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      await closed.promise;
    },
  };
}

function countClients() {
  const sockets = new Set<Socket>();
  const strangers = new Set<Socket>();
  const left = new Set<Promise<unknown>>();
  const seen = { clients: 0, most: 0, mostStrangers: 0 };
  return {
    sockets,
    left,
    seen,
    meet(client: Connection, socket: Socket): void {
      sockets.add(socket);
      strangers.add(socket);
      seen.clients++;
      seen.most = Math.max(seen.most, sockets.size);
      seen.mostStrangers = Math.max(seen.mostStrangers, strangers.size);
      client.on("ready", () => void strangers.delete(socket));
      const leave = () => sockets.delete(socket) && strangers.delete(socket);
      left.add(untilClosed(socket).finally(leave));
    },
  };
}

/** Forwards a client's connection, as sshd does. */
function forward(
  accept: AcceptConnection<ServerChannel>,
  reject: RejectConnection,
  { destIP, destPort }: TcpipRequestInfo,
) {
  const onward = connect({ host: destIP, port: destPort });
  onward
    .once("error", () => reject())
    .once("connect", () => {
      const channel = accept();
      channel.on("error", () => undefined).on("close", () => onward.destroy());
      onward.removeAllListeners("error").on("error", () => channel.close());
      channel.pipe(onward).pipe(channel);
    });
}

async function readAll(channel: ServerChannel): Promise<string> {
  let text = "";
  for await (const chunk of channel as AsyncIterable<Buffer>) text += chunk.toString("utf8");
  return text;
}

type AskingServerOptions = {
  /** What it does with a login attempt. */
  judge: (attempt: AuthContext, hangUp: () => void) => unknown;
  /** The output of a command; by default none. */
  answer?: (script: string) => string;
  hostKey?: string;
};

export type PromptingServer = AsyncDisposable & {
  host: string;
  port: number;
  /** Every attempt so far: the method, and the password if there was one. */
  attempts: string[];
  /** Waits until every client so far has disconnected. */
  untilLeft(): Promise<void>;
};

/** An SSH server that accepts logins as `judge` says, by any method. */
export async function startPromptingServer({
  judge,
  answer = () => "",
  hostKey = makeKeyPair().private,
}: AskingServerOptions): Promise<PromptingServer> {
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

/** What somebody at the other end answers to these prompts. */
export const promptFor = (
  attempt: KeyboardAuthContext,
  ...prompts: readonly PromptText[]
): Promise<string[]> =>
  new Promise((resolve) => attempt.prompt([...prompts], "Two factors", "Take out\nyour token", resolve));

/** Accepts one password, and no key. */
export const byPassword = (password: string) => (attempt: AuthContext) =>
  attempt.method === "password" && attempt.password === password
    ? attempt.accept()
    : attempt.reject(["password"]);
