import type { Duplex } from "node:stream";

/** What may stand before the line that begins with SSH-, with that line. */
const LONGEST_GREETING = 64 * 1024;

export type Greeting = {
  /** What the host has said so far without coming to an SSH greeting; null once it has greeted. */
  said(): string | null;
};

/**
 * Shows the reader of a stream nothing until the line `SSH-2.0-...` stands there whole, be it a socket or a channel
 * through a jump host. It has no reader yet.
 *
 * ssh2 loses bytes of a greeting that comes in more than two pieces, and tells neither a host that hangs up from
 * one that speaks something else, nor what that one said. Once the greeting is there, this is any other stream.
 */
export function holdUntilGreeting(stream: Duplex, onHandshaken: () => void): Greeting {
  const show = stream.push.bind(stream);
  const early: Buffer | null = stream.readableLength > 0 ? stream.read() : null;
  let held: Uint8Array[] | null = [];
  let heldBytes = 0;

  stream.push = (chunk: Uint8Array | null, encoding?: BufferEncoding): boolean => {
    if (!held || !chunk) return show(chunk, encoding);
    held.push(chunk);
    heldBytes += chunk.length;
    if (heldBytes > LONGEST_GREETING) {
      stream.destroy(new Error("the greeting is too long"));
      return false;
    }
    if (!chunk.includes(NEWLINE)) return true;
    const said = Buffer.concat(held);
    const start = findGreeting(said);
    if (start === null) return true;
    held = null;
    Reflect.deleteProperty(stream, "push");
    onHandshaken();
    return show(said.subarray(start));
  };
  if (early) stream.push(early);
  return { said: () => held && Buffer.concat(held).toString("latin1") };
}

const NEWLINE = 10;

/** Where a whole line that begins with `SSH-` begins; lines before it are allowed and mean nothing (RFC 4253, 4.2). */
function findGreeting(said: Buffer): number | null {
  for (let start = 0; start >= 0 && start < said.length; ) {
    // biome-ignore lint/plugin: bytes of the protocol
    const end = said.indexOf(NEWLINE, start);
    if (end < 0) return null;
    if (said.subarray(start, start + 4).equals(MARK)) return start;
    start = end + 1;
  }
  return null;
}

const MARK = Buffer.from("SSH-");
