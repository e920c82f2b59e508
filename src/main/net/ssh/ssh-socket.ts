import { Socket } from "node:net";

/** What may stand before the line that begins with SSH-, with that line. */
const LONGEST_GREETING = 64 * 1024;

/**
 * A socket that shows its reader nothing until the line `SSH-2.0-...` stands there whole.
 *
 * ssh2 loses bytes of a greeting that comes in more than two pieces, and tells neither a host that hangs up from
 * one that speaks something else, nor what that one said. Once the greeting is there, this is any other socket.
 */
export class SshSocket extends Socket {
  #held: Uint8Array[] | null = [];
  #heldBytes = 0;

  /** What the host has said so far without coming to an SSH greeting; null once it has greeted. */
  get beforeGreeting(): string | null {
    return this.#held && Buffer.concat(this.#held).toString("latin1");
  }

  override push(chunk: Uint8Array | null, encoding?: BufferEncoding): boolean {
    if (!this.#held || !chunk) return super.push(chunk, encoding);
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes > LONGEST_GREETING) {
      this.destroy(new Error("the greeting is too long"));
      return false;
    }
    if (!chunk.includes(NEWLINE)) return true;
    const said = Buffer.concat(this.#held);
    const start = findGreeting(said);
    if (start === null) return true;
    this.#held = null;
    this.emit("greeted");
    return super.push(said.subarray(start));
  }
}

const NEWLINE = 10;

/** Where a whole line that begins with `SSH-` begins; lines before it are allowed and mean nothing (RFC 4253, 4.2). */
function findGreeting(said: Buffer): number | null {
  for (let start = 0; start >= 0 && start < said.length; ) {
    const end = said.indexOf(NEWLINE, start);
    if (end < 0) return null;
    if (said.subarray(start, start + 4).equals(MARK)) return start;
    start = end + 1;
  }
  return null;
}

const MARK = Buffer.from("SSH-");
