import type { Socket } from "node:net";

/**
 * What a frame is: a message before both ends are verified, one of the contract, a sign of life, or a request for the
 * address of a page and its answer.
 */
export const FRAME = { handshake: 0, contract: 1, ping: 2, pong: 3, page: 4 } as const;
export type FrameKind = (typeof FRAME)[keyof typeof FRAME];

type Frame = { kind: number; text: string };

export type Frames = {
  send(kind: FrameKind, text?: string): void;
  /** The most bytes that a frame of the other end may have from now on. */
  allow(mostBytes: number): void;
  /** Reads the next frame; null if there will be none, or if none has come in time. */
  next(withinMs: number): Promise<Frame | null>;
  /** Every frame from now on, those that have come already first. */
  onFrame(listener: (frame: Frame) => void): void;
  isOver(): boolean;
  destroy(): void;
};

const HEADER_BYTES = 5;
/** Of what the other end does not read. */
const MOST_WAITING_BYTES = 600 * 1024 * 1024;

/**
 * Messages over a socket: four bytes of length, one byte of kind, then UTF-8. An end that sends a longer frame than is
 * allowed, or does not read what it is sent, is cut off.
 */
export function createFrames(socket: Socket, firstMostBytes: number): Frames {
  let mostBytes = firstMostBytes;
  let chunks: Buffer[] = [];
  let held = 0;
  const early: Frame[] = [];
  let listener = (frame: Frame): void => void early.push(frame);
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    held += chunk.length;
    while (takeFrame());
  });

  /** False if no whole frame is there. */
  function takeFrame(): boolean {
    if (held < HEADER_BYTES || socket.destroyed) return false;
    if ((chunks[0]?.length ?? 0) < HEADER_BYTES) chunks = [Buffer.concat(chunks)];
    const length = chunks[0]?.readUInt32BE(0) ?? 0;
    if (length > mostBytes) {
      socket.destroy();
      return false;
    }
    if (held < HEADER_BYTES + length) return false;
    const all = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
    const rest = all.subarray(HEADER_BYTES + length);
    chunks = rest.length > 0 ? [rest] : [];
    held = rest.length;
    const text = all.toString("utf8", HEADER_BYTES, HEADER_BYTES + length);
    listener({ kind: all[4] ?? 0, text });
    return true;
  }

  return {
    send(kind, text = "") {
      if (socket.destroyed) return;
      const body = Buffer.from(text, "utf8");
      const header = Buffer.alloc(HEADER_BYTES);
      header.writeUInt32BE(body.length, 0);
      header[4] = kind;
      socket.write(Buffer.concat([header, body]));
      if (socket.writableLength > MOST_WAITING_BYTES) socket.destroy();
    },

    allow(most) {
      mostBytes = most;
    },

    async next(withinMs) {
      const first = early.shift();
      if (first) return first;
      const { promise, resolve } = Promise.withResolvers<Frame | null>();
      const timer = setTimeout(resolve, withinMs, null);
      const onClose = () => resolve(null);
      socket.once("close", onClose);
      const before = listener;
      listener = (frame) => {
        listener = before;
        resolve(frame);
      };
      if (socket.destroyed) resolve(null);
      const frame = await promise;
      listener = before;
      clearTimeout(timer);
      socket.off("close", onClose);
      return frame;
    },

    onFrame(onFrame) {
      listener = onFrame;
      for (const frame of early.splice(0)) onFrame(frame);
    },

    isOver: () => socket.destroyed,
    destroy: () => void socket.destroy(),
  };
}

/** The part of a message port that oRPC uses, over frames. */
export function createPort(frames: Pick<Frames, "send">) {
  const listeners = { message: [] as ((data: unknown) => void)[], close: [] as (() => void)[] };
  return {
    port: {
      on(event: string, callback: (event?: { data: unknown }) => void): void {
        if (event === "message") listeners.message.push((data) => callback({ data }));
        if (event === "close") listeners.close.push(() => callback());
      },
      postMessage(data: unknown): void {
        // A value of the contract is plain JSON, which oRPC sends as text.
        if (typeof data !== "string") throw new Error("a message of the contract is no text");
        frames.send(FRAME.contract, data);
      },
    },
    receive: (text: string) => {
      for (const listener of listeners.message) listener(text);
    },
    close: () => {
      for (const listener of listeners.close) listener();
    },
  };
}
