import { createReadStream } from "node:fs";
import { createInterface } from "node:readline/promises";
import type { Readable } from "node:stream";
import { endAtOnce, READER_LEFT } from "#shells/end-process.ts";
import { typeLine } from "./type-line.ts";
import { typeSecret } from "./type-secret.ts";
import type { World } from "./world.ts";

const { stdin, stdout, stderr, env } = process;

/** The world of a real process. */
export function openWorld(): World {
  // Whoever reads us may stop before the end, as `head` does: nobody waits for the rest.
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") endAtOnce(READER_LEFT);
    throw error;
  });
  // What is said beside it may have no reader: what was asked for is told all the same.
  stderr.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  return {
    out: (text) => stdout.write(`${text}\n`),
    err: (text) => stderr.write(`${text}\n`),
    now: () => new Date(),
    columns: stdout.isTTY ? stdout.columns : null,
    isColoured: stdout.isTTY === true && !env.NO_COLOR && env.TERM !== "dumb",
    ask: stdin.isTTY && stderr.isTTY ? ask : null,
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

/** All bytes of a file; null when there are more than so many. It need not be a regular file. */
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

/** The reply to a question; empty when stdin ends or Ctrl-C is pressed instead. */
async function ask(question: string): Promise<string> {
  using terminal = createInterface({ input: stdin, output: stderr });
  const ended = new Promise<string>((resolve) => terminal.once("close", () => resolve("")));
  return await Promise.race([terminal.question(question), ended]);
}

/** Replaces the lines that it drew the last time, wherever the cursor was left below them. */
function createStatus(): (lines: readonly string[]) => void {
  let height = 0;
  return (lines) => {
    const up = height > 0 ? `\u001b[${height}A` : "";
    stderr.write(`${up}\r\u001b[J${lines.map((line) => `${line}\n`).join("")}`);
    height = lines.length;
  };
}

/** The second Ctrl-C ends the process, as ever. */
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
