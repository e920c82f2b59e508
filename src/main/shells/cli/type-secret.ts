import { Redacted } from "#shared/model/redacted.ts";
import { secretBytes, secretCopy } from "#shared/model/secret-bytes.ts";
import { stopProgram, type Terminal } from "./type-line.ts";

const MOST_BYTES = 4_096;

/** A byte that follows another one of the same character, in UTF-8. */
const isWithin = (byte: number | undefined) => byte !== undefined && (byte & 0xc0) === 0x80;

/**
 * One line as it is typed after a prompt, as bytes that can be overwritten: it is never a string. Nothing of it is shown.
 * Null once it is given up, as `typeLine` is.
 */
export async function typeSecret(
  { input, output }: Terminal,
  prompt: string,
): Promise<Redacted<Uint8Array> | null> {
  const { promise, resolve } = Promise.withResolvers<Redacted<Uint8Array> | null>();
  const typed = secretBytes(MOST_BYTES);
  let length = 0;
  const giveUp = () => resolve(null);

  const read = (chunk: Buffer) => {
    const bytes = withoutSequences(chunk);
    const end = bytes.findIndex((byte) => byte === 0x0d || byte === 0x0a);
    for (const byte of end < 0 ? bytes : bytes.subarray(0, end)) take(byte);
    if (end < 0) return void wipe(chunk, bytes);
    input.off("data", read);
    if (end + 1 < bytes.length) input.unshift(Buffer.from(bytes.subarray(end + 1)));
    wipe(chunk, bytes);
    resolve(new Redacted(secretCopy(typed.subarray(0, length))));
  };
  const take = (byte: number) => {
    if (byte === 0x03) stopProgram(giveUp);
    else if (byte === 0x04) giveUp();
    else if (byte === 0x15) length = 0;
    else if (byte === 0x7f || byte === 0x08) erase();
    else if (byte >= 0x20 && length < MOST_BYTES) typed[length++] = byte;
  };
  const erase = () => {
    while (length > 0 && isWithin(typed[length - 1])) length--;
    length = Math.max(0, length - 1);
  };

  // First, so that nothing is shown of who types at once.
  input.setRawMode(true);
  output.write(prompt);
  input.on("data", read);
  input.resume();
  try {
    return await promise;
  } finally {
    wipe(typed);
    input.off("data", read);
    input.setRawMode(false);
    input.pause();
    output.write("\n");
  }
}

/** Arrows and the like send a sequence, of which nothing is meant as a part of the line. */
function withoutSequences(chunk: Buffer): Uint8Array {
  const kept = secretBytes(chunk.length);
  let length = 0;
  for (let at = 0; at < chunk.length; at++) {
    if (chunk[at] === ESCAPE) at = endOfSequence(chunk, at);
    else kept[length++] = chunk[at] as number;
  }
  return kept.subarray(0, length);
}

const ESCAPE = 0x1b;

/** The last byte of the sequence that begins there: `ESC [ ... letter`, `ESC O letter`, or `ESC` and one more. */
function endOfSequence(chunk: Buffer, start: number): number {
  const second = chunk[start + 1];
  if (second === 0x4f) return start + 2;
  if (second !== 0x5b) return start + 1;
  let at = start + 2;
  while (at < chunk.length && (chunk[at] as number) < 0x40) at++;
  return at;
}

const wipe = (...buffers: readonly Uint8Array[]): void => {
  for (const buffer of buffers) buffer.fill(0);
};
