import { isFailure } from "#net/tcp-connect.ts";
import type { Capabilities, Capability } from "#shared/model/hosts/endpoint.ts";
import { exchange, type Opener } from "./handshake.ts";
import { type Hello, writeGroupHello, writeVersionHello } from "./hello.ts";
import {
  formatAlert,
  formatGroup,
  formatVersion,
  PROBED_GROUPS,
  PROBED_VERSIONS,
  readServerHello,
  type ServerHello,
  TLS_1_3,
} from "./messages.ts";
import { createKeyShare, HandshakeLayer, MESSAGE, RECORD, RecordLayer } from "./record-protection.ts";
import type { Silence } from "./server-flight-reader.ts";

/**
 * What a server accepts, found by one hello for each version and group: one connection each, one after the other, and
 * none goes beyond the server's hello. After a timeout the server is not probed further: the rest is unknown.
 */

type CapabilityQuery = {
  /** Opens a connection that is ready for a hello. */
  open: () => ReturnType<Opener["again"]>;
  serverName: string | null;
  deadlineMs: number;
  signal: AbortSignal;
};

type State = Capability["state"];

/** Far above the size of any ServerHello or alert. */
const MOST_BYTES = 64 * 1024;

/** Rejects only when `signal` aborts. */
export async function probeCapabilities(query: CapabilityQuery): Promise<Capabilities> {
  const probe = createCapabilityProbe(query);
  const { serverName } = query;
  const share = createKeyShare().publicKey;
  const versions: (Capability & { code: number })[] = [];
  for (const version of PROBED_VERSIONS) {
    const state = await probe(writeVersionHello(serverName, version, share), (answer) =>
      answer.kind === "hello" ? answer.hello.version === version : false,
    );
    versions.push({ code: version, name: formatVersion(version), state });
  }
  const modern = versions.find(({ code }) => code === TLS_1_3)?.state ?? "unknown";
  const groups: Capability[] = [];
  for (const group of PROBED_GROUPS) {
    // Without TLS 1.3 a server has none of the newer groups, and this probe cannot show the others.
    const state =
      modern === "accepted"
        ? await probe(
            writeGroupHello(serverName, group),
            (answer) => answer.kind === "hello" && answer.hello.retryGroup === group,
          )
        : modern;
    groups.push({ name: formatGroup(group), state });
  }
  return { versions: versions.map(({ name, state }) => ({ name, state })), groups };
}

function createCapabilityProbe({ open, deadlineMs, signal }: CapabilityQuery) {
  let isOver = false;

  return async (hello: Hello, isAccepted: (answer: FirstAnswer) => boolean): Promise<State> => {
    if (isOver) return "unknown";
    const connection = await open();
    if (isFailure(connection)) {
      isOver = true;
      return "unknown";
    }
    const answer = await exchange<FirstAnswer>(
      connection.stream,
      hello.record,
      new FirstAnswerReader(MOST_BYTES),
      { deadlineMs, signal },
    );
    if (answer.kind === "timed-out") isOver = true;
    return stateOf(answer, isAccepted);
  };
}

/** A server that hangs up without an alert may refuse, or may limit our connections: unknown. */
function stateOf(answer: FirstAnswer | Silence, isAccepted: (answer: FirstAnswer) => boolean): State {
  if (answer.kind === "hello") return isAccepted(answer) ? "accepted" : "refused";
  return answer.kind === "alert" ? "refused" : "unknown";
}

/** A server's first answer to a hello. `other`: nothing that TLS allows there. */
export type FirstAnswer =
  | { kind: "hello"; hello: ServerHello }
  | { kind: "alert"; name: string }
  | { kind: "other" };

const OTHER: FirstAnswer = { kind: "other" };

/** Reads a server's answer up to its hello, which is all that shows what it accepts. */
export class FirstAnswerReader {
  readonly #records = new RecordLayer();
  readonly #handshake: HandshakeLayer;
  readonly #mostBytes: number;
  #receivedBytes = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
    this.#handshake = new HandshakeLayer(mostBytes);
  }

  get hasReceived(): boolean {
    return this.#receivedBytes > 0;
  }

  take(piece: Uint8Array): FirstAnswer | null {
    this.#receivedBytes += piece.length;
    if (this.#receivedBytes > this.#mostBytes) return OTHER;
    this.#records.append(piece);
    for (;;) {
      const record = this.#records.next();
      if (record === null) return null;
      if (record === "none") return OTHER;
      const answer = this.#takeRecord(record.type, record.body);
      if (answer) return answer;
    }
  }

  end(): null {
    return null;
  }

  #takeRecord(type: number, body: Buffer): FirstAnswer | null {
    const WARNING = 1;
    if (type === RECORD.alert) {
      const [level, code] = body;
      if (code === undefined) return OTHER;
      return level === WARNING && code !== 0 ? null : { kind: "alert", name: formatAlert(code) };
    }
    if (type !== RECORD.handshake) return OTHER;
    this.#handshake.append(body);
    const message = this.#handshake.next();
    if (message === null) return null;
    if (message === "flooded" || message.type !== MESSAGE.serverHello) return OTHER;
    const hello = readServerHello(message.body);
    return hello ? { kind: "hello", hello } : OTHER;
  }
}
