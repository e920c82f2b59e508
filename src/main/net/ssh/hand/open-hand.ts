/**
 * Opens a hand on a host: one login, one channel, one shell that waits for requests. Over ssh2, or over OpenSSH's own
 * client; the host's key is judged by the verifier before anything of ours is sent.
 */
import type { ClientChannel } from "ssh2";
import { type Connection, logIn } from "#net/ssh/log-in.ts";
import type { SshFailure } from "#net/ssh/ssh-failure.ts";
import type { Hand } from "./hand.ts";
import { commandFor, failToBegin, type HandOptions, type HandTransport, toHand } from "./hand-options.ts";
import type { Line } from "./line.ts";
import { openBySystem } from "./open-by-system.ts";
import { beginSession } from "./session.ts";
import { wayThrough } from "./way-through.ts";

export type { HandOptions, HandTransport };

/** Rejects only when told to stop, and only until it is open. */
export async function openHand(options: HandOptions, transport: HandTransport): Promise<Hand | SshFailure> {
  if (transport.by === "system") return openBySystem(options, transport);
  const connection = await logIn(options);
  if (!("client" in connection)) return connection;
  const stop = () => connection.client.destroy();
  options.signal.addEventListener("abort", stop);
  try {
    const line = await openChannel(connection, commandFor(options));
    const begun = await beginSession(line, options.script, options.limits.beginMs);
    options.signal.throwIfAborted();
    if (!("ask" in begun)) {
      await connection.close();
      return failToBegin(options, connection.hostKey, begun);
    }
    const loginKey = connection.identity?.fingerprint ?? null;
    return toHand(options, begun, {
      loginKey,
      loginCertificate: null,
      clientKeys: [],
      isTyped: connection.isTyped,
      hostKey: connection.hostKey,
      transport: "ssh2",
      way: wayThrough(connection, options.target),
      close: () => connection.close(),
    });
  } catch (error) {
    await connection.close();
    throw error;
  } finally {
    options.signal.removeEventListener("abort", stop);
  }
}

function openChannel({ client }: Connection, command: string): Promise<Line> {
  const { promise, resolve } = Promise.withResolvers<Line>();
  let channel: ClientChannel | null = null;
  let told: Parameters<Line["follow"]>[0] | null = null;
  let isOver: string | null = null;
  const over = (why: string) => {
    isOver ??= why;
    told?.over(isOver);
  };
  const line: Line = {
    send(text) {
      if (isOver === null) channel?.write(text);
    },
    follow(to) {
      told = to;
      channel?.on("data", to.out);
      if (isOver !== null) to.over(isOver);
    },
  };
  client.once("close", () => {
    over("the connection is gone");
    resolve(line);
  });
  try {
    client.exec(command, (error, opened) => {
      if (error) over("the host runs no commands");
      else {
        channel = opened;
        opened.on("close", () => over("the shell has ended")).on("error", () => undefined);
        opened.stderr.resume();
      }
      resolve(line);
    });
  } catch {
    // ssh2 throws when the connection has broken already.
    over("the connection is gone");
    resolve(line);
  }
  return promise;
}
