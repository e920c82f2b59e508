import type { Socket } from "node:net";
import { isFailure } from "#net/connect-failure.ts";
import { connectToFirst } from "./connect.ts";
import { type Answer, exchange } from "./exchange.ts";
import { greetInFull, sayWho } from "./full-handshake.ts";
import { GreetingReader } from "./greeting-reader.ts";
import { writeHello } from "./hello.ts";
import { createKeyShare, deriveServerSecret } from "./key-schedule.ts";
import { X25519 } from "./offers.ts";

type Limits = { connectMs: number; handshakeMs: number; mostBytes: number };

type Visit = {
  /** Connected, and spent afterwards. */
  socket: Socket;
  address: string;
  port: number;
  serverName: string | null;
  signal: AbortSignal;
};

/**
 * Greets servers: by our own hello, which shows the chain as sent, and where that gets no chain from a server that
 * may take another hello, once more by the runtime's own TLS. Rejects only when a visit's `signal` says stop.
 */
export function createGreeter({ connectMs, handshakeMs: deadlineMs, mostBytes }: Limits) {
  const share = createKeyShare();

  return async (visit: Visit): Promise<Answer> => {
    const first = sayWho(await greetByHello(visit), "own hello");
    if (!mayDoBetter(first)) return first;
    const second = await greetByRuntime(visit);
    return second.kind === "presented" || first.kind === "odd" ? second : first;
  };

  function greetByHello({ socket, serverName, signal }: Visit): Promise<Answer> {
    const hello = writeHello(serverName, share.publicKey);
    const reader = new GreetingReader({
      mostBytes,
      followsRetry: false,
      secretOf: ({ suite, share: theirs }, message) => {
        if (theirs?.group !== X25519) return null;
        return deriveServerSecret(share, { suite, key: theirs.key }, [hello.message, message]);
      },
    });
    return exchange(socket, hello.record, reader, { deadlineMs, signal });
  }

  async function greetByRuntime({ address, port, serverName, signal }: Visit): Promise<Answer> {
    const connection = await connectToFirst([address], port, { timeoutMs: connectMs, signal });
    if (isFailure(connection)) return { kind: "reset", hasHeard: false };
    return greetInFull(connection.socket, serverName, { deadlineMs, mostBytes, signal });
  }
}

/** Alerts that another way of shaking hands would not change. */
const FINAL_ALERTS = new Set(["unrecognized_name", "access_denied"]);

/** A server that refused our hello, or fell silent at it, may take another one. */
function mayDoBetter(answer: Answer): boolean {
  if (answer.kind === "alert") return !FINAL_ALERTS.has(answer.name);
  if (answer.kind === "closed" || answer.kind === "reset") return !answer.hasHeard;
  return answer.kind === "odd";
}
