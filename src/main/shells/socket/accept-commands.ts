import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { AnyRouter } from "@orpc/server";
import { RPCHandler } from "@orpc/server/websocket";
import { Refusal } from "#shared/model/refusal.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { createFrames, FRAME, type Frames } from "./frames.ts";
import {
  answerCommand,
  HANDSHAKE_MOST_BYTES,
  MOST_MESSAGE_BYTES,
  type Program,
  sendReady,
} from "./handshake.ts";
import { closeSocketToOthers, codeOf, HAS_SOCKETS, makeSocketFolder } from "./socket-folder.ts";

type Options = {
  app: { router: AnyRouter; warnings: readonly string[]; heldPath: string | null };
  /** An address that opens a page, once; absent where no screens are served to a browser. */
  openPage?: () => string;
  /** What it calls itself; by default this program. */
  program?: Program;
};

/** Disposed, it cuts off all commands. */
export type Acceptance = AsyncDisposable & {
  /** Ends as soon as no command is connected any more whose work it does. */
  endOnceIdle(): Promise<void>;
  /** Without those that only open pages. */
  countCommands(): number;
};

/** Connections of which nothing is verified yet. Only this user can open any. */
const MOST_UNVERIFIED = 64;

/** The same, where nobody can read a refusal but whoever started the program: it goes on without. */
export async function acceptCommandsOrWarn(
  options: Options & { warn: (sentence: string) => void },
): Promise<Acceptance | null> {
  try {
    return await acceptCommands(options);
  } catch (error) {
    if (!(error instanceof Refusal || codeOf(error) !== null)) throw error;
    options.warn(`other commands cannot write meanwhile: ${printable((error as Error).message)}`);
    return null;
  }
}

/**
 * Accepts the work of other commands of this user, for as long as this process holds the database. They call the same
 * contract behind the same guard, as somebody who types commands here.
 */
export async function acceptCommands({ app, program, openPage }: Options): Promise<Acceptance | null> {
  const { heldPath, warnings } = app;
  if (heldPath === null || !HAS_SOCKETS) return null;
  const folder = makeSocketFolder(heldPath);
  const shared = { secret: folder.readSecret(), identity: folder.readIdentity() };
  const handler = new RPCHandler<{ isUser?: true }>(app.router);
  const unverified = new Set<Socket>();
  const commands = new Map<Socket, Promise<void>>();
  const openingPages = new WeakSet<Socket>();
  const working = () => [...commands].filter(([socket]) => !openingPages.has(socket));
  const server = createServer((socket) => void accept(socket));
  try {
    server.listen(folder.socketPath);
    await once(server, "listening");
    closeSocketToOthers(folder);
  } catch (error) {
    server.close();
    folder.remove();
    folder.close();
    throw error;
  }
  // A connection that cannot be accepted, for want of file descriptors say, is lost for its caller alone.
  server.on("error", () => undefined);
  server.unref();

  async function accept(socket: Socket): Promise<void> {
    if (unverified.size >= MOST_UNVERIFIED) return void socket.destroy();
    unverified.add(socket);
    const frames = createFrames(socket, HANDSHAKE_MOST_BYTES);
    const isVerified = await answerCommand(frames, shared, program && { program });
    unverified.delete(socket);
    if (!isVerified) return void socket.destroySoon();
    if (socket.destroyed) return;
    const isOver = Promise.withResolvers<void>();
    commands.set(socket, isOver.promise);
    // Also one that breaks off, as that of a command which is killed.
    socket.once("close", () => {
      commands.delete(socket);
      isOver.resolve();
    });
    serve(socket, frames);
  }

  function serve(socket: Socket, frames: Frames): void {
    // oRPC has the type of a browser's socket, of which it uses `send` alone.
    const peer = { send: (text: string) => frames.send(FRAME.contract, text) } as unknown as WebSocket;
    socket.once("close", () => handler.close(peer));
    frames.allow(MOST_MESSAGE_BYTES);
    frames.onFrame(({ kind, text }) => {
      if (kind === FRAME.ping) frames.send(FRAME.pong);
      else if (kind === FRAME.page) {
        openingPages.add(socket);
        frames.send(FRAME.page, openPage?.() ?? "");
      } else if (kind !== FRAME.contract) socket.destroy();
      // What is no call is not from a command of ours. It is reported nowhere: an error would quote it.
      else handler.message(peer, text, { context: { isUser: true } }).catch(() => socket.destroy());
    });
    sendReady(frames, { warnings: [...warnings] });
  }

  async function end(): Promise<void> {
    if (!server.listening) return;
    const isClosed = once(server, "close");
    server.close();
    for (const socket of [...unverified, ...commands.keys()]) socket.destroy();
    await isClosed;
    folder.remove();
    folder.close();
  }

  return {
    countCommands: () => working().length,
    async endOnceIdle() {
      while (working().length > 0) await Promise.all(working().map(([, isOver]) => isOver));
      // At once: a command that connects from now on has sent nothing, and tries again.
      await end();
    },
    [Symbol.asyncDispose]: end,
  };
}
