import { GrowingBytes } from "./growing-bytes.ts";

/** `whole` and `body` are views that hold until the next call. */
export type HandshakeMessage = { type: number; whole: Buffer; body: Buffer };

export const MESSAGE = {
  helloRequest: 0,
  serverHello: 2,
  newSessionTicket: 4,
  encryptedExtensions: 8,
  certificate: 11,
  serverKeyExchange: 12,
  certificateRequest: 13,
  serverHelloDone: 14,
  certificateVerify: 15,
  certificateStatus: 22,
} as const;

const HEADER_SIZE = 4;

/** Joins what records carry into handshake messages, however they were cut. */
export class HandshakeLayer {
  readonly #bytes = new GrowingBytes();
  readonly #mostBytes: number;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  get isEmpty(): boolean {
    return this.#bytes.length === 0;
  }

  append(piece: Uint8Array): void {
    this.#bytes.append(piece);
  }

  /** The next message; null while it is not whole; "flooded" where it says to be longer than any may be. */
  next(): HandshakeMessage | null | "flooded" {
    const header = this.#bytes.peek(HEADER_SIZE);
    if (!header) return null;
    const size = header.readUIntBE(1, 3);
    if (size > this.#mostBytes) return "flooded";
    const whole = this.#bytes.peek(HEADER_SIZE + size);
    if (!whole) return null;
    this.#bytes.drop(HEADER_SIZE + size);
    return { type: whole[0] ?? 0, whole, body: whole.subarray(HEADER_SIZE) };
  }
}
