import { isFailure } from "#net/connect-failure.ts";
import type { ServerKeyKind } from "#shared/model/served.ts";
import type { Answer } from "./answer.ts";
import { exchange } from "./exchange.ts";
import { formatWho, handshakeInFull } from "./full-handshake.ts";
import { GreetingReader } from "./greeting-reader.ts";
import { writeHello, writeKindHello } from "./hello.ts";
import { createKeyShare, deriveServerSecret } from "./key-schedule.ts";
import { X25519 } from "./offers.ts";
import type { Connected, Opener } from "./open-endpoint.ts";

type Limits = { handshakeMs: number; mostBytes: number };

type Visit = Connected & {
  /** Ready for a hello, and spent afterwards. */
  stream: Connected["stream"];
  open: Opener["again"];
  serverName: string | null;
  /** What is offered to be spoken in TLS. */
  protocols: readonly string[];
  /** The one kind of key that is taken; not there: any. */
  kind?: ServerKeyKind;
  signal: AbortSignal;
};

/**
 * Greets servers: by our own hello, which shows the chain as sent, and where that gets no chain from a server that
 * may take another hello, once more by the runtime's own TLS. Rejects only when a visit's `signal` says stop.
 */
export function createGreeter({ handshakeMs: deadlineMs, mostBytes }: Limits) {
  const share = createKeyShare();

  return greet;

  async function greet(visit: Visit): Promise<Answer> {
    const first = formatWho(await handshakeByHello(visit), "own hello");
    if (!mayDoBetter(first)) return first;
    if (isAboutProtocols(first)) return handshakeWithoutProtocols(visit, first);
    const second = await handshakeByRuntime(visit);
    return second.kind === "presented" || first.kind === "odd" ? second : first;
  }

  /** Whoever speaks none of what was offered may take a hello that offers nothing. */
  async function handshakeWithoutProtocols(visit: Visit, first: Answer): Promise<Answer> {
    const connection = visit.protocols.length > 0 ? await visit.open(visit.address) : null;
    if (!connection || isFailure(connection)) return first;
    return greet({ ...visit, ...connection, protocols: [] });
  }

  function handshakeByHello({ stream, serverName, protocols, kind, signal }: Visit): Promise<Answer> {
    const hello = kind
      ? writeKindHello(kind, { serverName, share: share.publicKey, protocols })
      : writeHello(serverName, share.publicKey, protocols);
    const reader = new GreetingReader({
      mostBytes,
      followsRetry: false,
      asksForTimestamps: true,
      secretOf: ({ suite, share: theirs }, message) => {
        if (theirs?.group !== X25519) return null;
        return deriveServerSecret(share, { suite, key: theirs.key }, [hello.message, message]);
      },
    });
    return exchange(stream, hello.record, reader, { deadlineMs, signal });
  }

  async function handshakeByRuntime({ address, open, signal, ...asked }: Visit): Promise<Answer> {
    const connection = await open(address);
    if (isFailure(connection)) return { kind: "reset", hasHeard: false };
    return handshakeInFull(connection.stream, asked, { deadlineMs, mostBytes, signal });
  }
}

/** Alerts that another way of shaking hands would not change. */
const FINAL_ALERTS = new Set(["unrecognized_name", "access_denied"]);

const isAboutProtocols = (answer: Answer): boolean =>
  answer.kind === "alert" && answer.name === "no_application_protocol";

/** A server that refused our hello, or fell silent at it, may take another one. */
function mayDoBetter(answer: Answer): boolean {
  if (answer.kind === "alert") return !FINAL_ALERTS.has(answer.name);
  if (answer.kind === "closed" || answer.kind === "reset") return !answer.hasHeard;
  return answer.kind === "odd";
}
