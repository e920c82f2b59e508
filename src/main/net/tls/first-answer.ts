import { HandshakeLayer, MESSAGE } from "./handshake-layer.ts";
import { readServerHello, type ServerHello } from "./messages.ts";
import { formatAlert } from "./offers.ts";
import { RECORD, RecordLayer } from "./record-layer.ts";

/** The first thing that a server says to a hello. `other`: what no server of TLS would say there. */
export type FirstAnswer =
  | { kind: "hello"; hello: ServerHello }
  | { kind: "alert"; name: string }
  | { kind: "other" };

const OTHER: FirstAnswer = { kind: "other" };

/** Reads a server's answer as far as its hello, which is all that tells what it takes. */
export class FirstAnswerReader {
  readonly #records = new RecordLayer();
  readonly #handshake: HandshakeLayer;
  readonly #mostBytes: number;
  #heardBytes = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
    this.#handshake = new HandshakeLayer(mostBytes);
  }

  get hasHeard(): boolean {
    return this.#heardBytes > 0;
  }

  take(piece: Uint8Array): FirstAnswer | null {
    this.#heardBytes += piece.length;
    if (this.#heardBytes > this.#mostBytes) return OTHER;
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
