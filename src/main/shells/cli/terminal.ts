import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createInterface } from "node:readline/promises";
import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { Refusal } from "#shared/model/refusal.ts";
import { Redacted, secretBytes, secretCopy } from "#shared/model/secret.ts";
import { endAtOnce, READER_LEFT } from "#shells/end-process.ts";
import type { World } from "./session.ts";

const { stdin, stdout, stderr, env } = process;

/** The world of a real process. */
export function openWorld(): World {
  // The reader of stdout may stop before the end, as `head` does: then the rest is not needed.
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") endAtOnce(READER_LEFT);
    throw error;
  });
  // Messages may have no reader: the result is printed all the same.
  stderr.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  return {
    out: (text) => stdout.write(`${text}\n`),
    err: (text) => stderr.write(`${text}\n`),
    now: () => new Date(),
    columns: stdout.isTTY ? stdout.columns : null,
    isColoured: stdout.isTTY === true && !env.NO_COLOR && env.TERM !== "dumb",
    promptUser: stdin.isTTY && stderr.isTTY ? promptUser : null,
    prompt:
      stdin.isTTY && stderr.isTTY
        ? (text, options) => typeLine({ input: stdin, output: stderr }, text, options)
        : null,
    promptSecret:
      stdin.isTTY && stderr.isTTY ? (text) => typeSecret({ input: stdin, output: stderr }, text) : null,
    showStatus: stderr.isTTY ? createStatus() : null,
    readInput: (mostBytes) => readAtMost(stdin, mostBytes),
    onStop,
    onEnter: stdin.isTTY ? onEnter : null,
  };
}

/** All bytes of a file; null if there are more than `mostBytes`. It need not be a regular file. */
export const readFileAtMost = (path: string, mostBytes: number): Promise<Uint8Array | null> =>
  readAtMost(createReadStream(path), mostBytes);

async function readAtMost(stream: Readable, mostBytes: number): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > mostBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What is typed after a prompt; empty if stdin ends or Ctrl-C is pressed instead. */
async function promptUser(text: string): Promise<string> {
  using terminal = createInterface({ input: stdin, output: stderr });
  const ended = new Promise<string>((resolve) => terminal.once("close", () => resolve("")));
  return await Promise.race([terminal.question(text), ended]);
}

/** Replaces the lines that it drew last, wherever the cursor was left below them. */
function createStatus(): (lines: readonly string[]) => void {
  let height = 0;
  return (lines) => {
    const up = height > 0 ? `\u001b[${height}A` : "";
    stderr.write(`${up}\r\u001b[J${lines.map((line) => `${line}\n`).join("")}`);
    height = lines.length;
  };
}

/** The second Ctrl-C ends the process, as usual. */
function onStop(stop: () => void): Disposable {
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.once(signal, stop);
  return {
    [Symbol.dispose]() {
      for (const signal of signals) process.off(signal, stop);
    },
  };
}

function onEnter(pressed: () => void): Disposable {
  const terminal = createInterface({ input: stdin });
  terminal.on("line", pressed);
  return terminal;
}

/** The part of a terminal that is used. */
type Terminal = {
  input: Pick<NodeJS.ReadStream, "setRawMode" | "resume" | "pause" | "on" | "off" | "unshift">;
  output: Pick<NodeJS.WriteStream, "write">;
};

type TypeOptions = {
  /** Shows nothing of what is typed. */
  isHidden: boolean;
  /** Cancels the prompt. */
  signal: AbortSignal;
};

const CONTROL_C = "\u0003";
const CONTROL_D = "\u0004";
const CONTROL_U = "\u0015";
const ESCAPE = "\u001b";

/**
 * One line as it is typed after a prompt; null if it is cancelled: by the signal, by Ctrl-D, or by Ctrl-C, which stops
 * the program as it does anywhere else. The terminal's mode is restored in any case.
 */
export async function typeLine(
  { input, output }: Terminal,
  prompt: string,
  { isHidden, signal }: TypeOptions,
): Promise<string | null> {
  if (signal.aborted) return null;
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const decoder = new StringDecoder("utf8");
  let line = "";

  const show = (text: string) => isHidden || output.write(text);
  const giveUp = () => resolve(null);
  const read = (chunk: Buffer) => {
    const characters = [...withoutSequences(decoder.write(chunk))];
    for (const [index, character] of characters.entries()) {
      if (character === "\r" || character === "\n") return end(characters.slice(index + 1).join(""));
      take(character);
    }
  };
  const end = (typedAhead: string) => {
    input.off("data", read);
    if (typedAhead) input.unshift(Buffer.from(typedAhead));
    resolve(line);
  };
  const take = (character: string) => {
    if (character === CONTROL_C) stopProgram(giveUp);
    else if (character === CONTROL_D) giveUp();
    else if (character === CONTROL_U) erase([...line].length);
    else if (character === "\u007f" || character === "\b") erase(Math.min(1, line.length));
    else if (character >= " ") {
      line += character;
      show(character);
    }
  };
  const erase = (count: number) => {
    line = [...line].slice(0, [...line].length - count).join("");
    show("\b \b".repeat(count));
  };

  // First, so that no early typing is shown.
  input.setRawMode(true);
  output.write(prompt);
  signal.addEventListener("abort", giveUp);
  input.on("data", read);
  input.resume();
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", giveUp);
    input.off("data", read);
    input.setRawMode(false);
    input.pause();
    output.write("\n");
  }
}

/** Arrow keys and the like send an escape sequence, which is no part of the line. */
function withoutSequences(text: string): string {
  const [first = "", ...rest] = text.split(ESCAPE);
  return first + rest.map((sequence) => sequence.replace(/^(\[[0-9;?]*[ -/]*[@-~]|O.|.)/, "")).join("");
}

/** In raw mode the terminal sends no signal by itself. Handlers of SIGINT run before the prompt is cancelled. */
function stopProgram(giveUp: () => void): void {
  process.once("SIGINT", () => setImmediate(giveUp));
  process.kill(process.pid, "SIGINT");
}

const MOST_BYTES = 4_096;

/** A byte that continues a character, in UTF-8. */
const isWithin = (byte: number | undefined) => byte !== undefined && (byte & 0xc0) === 0x80;

/**
 * One line as it is typed after a prompt, as bytes that can be overwritten: it is never a string. Nothing of it is
 * shown. Null if it is cancelled, as in `typeLine`.
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
    const bytes = withoutSequenceBytes(chunk);
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

  // First, so that no early typing is shown.
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

/** Arrow keys and the like send an escape sequence, which is no part of the line. */
function withoutSequenceBytes(chunk: Buffer): Uint8Array {
  const kept = secretBytes(chunk.length);
  let length = 0;
  for (let at = 0; at < chunk.length; at++) {
    if (chunk[at] === ESCAPE_BYTE) at = endOfSequence(chunk, at);
    else kept[length++] = chunk[at] as number;
  }
  return kept.subarray(0, length);
}

const ESCAPE_BYTE = 0x1b;

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

/** The bytes of a file that the user named; null if there are more than `mostBytes`. */
export async function readFileOrRefuse(path: string, mostBytes: number): Promise<Uint8Array | null> {
  if (await isNamedPipe(path))
    throw new Refusal(
      "not-found",
      `${path} cannot be read (it is a named pipe, which may block for ever; use <(cat ${path}))`,
    );
  try {
    return await readFileAtMost(path, mostBytes);
  } catch (error) {
    throw new Refusal("not-found", `${path} cannot be read (${formatFileError(error)})`);
  }
}

/** A pipe that a shell has opened, such as <(...), has a writer. */
const OPENED = /^\/(?:dev\/(?:fd\/\d+|stdin)|proc\/(?:self|\d+)\/fd\/\d+)$/;

const isNamedPipe = (path: string): Promise<boolean> =>
  stat(path).then(
    (about) => about.isFIFO() && !OPENED.test(path),
    () => false,
  );

const WHY: Record<string, string> = {
  ENOENT: "there is no such file",
  EACCES: "permission denied",
  EISDIR: "it is a folder",
};

const formatFileError = (error: unknown): string => {
  const { code = "", message } = error as NodeJS.ErrnoException;
  return WHY[code] ?? message;
};
