import { StringDecoder } from "node:string_decoder";

/** The sliver of a terminal that is used. */
export type Terminal = {
  input: Pick<NodeJS.ReadStream, "setRawMode" | "resume" | "pause" | "on" | "off" | "unshift">;
  output: Pick<NodeJS.WriteStream, "write">;
};

export type TypeOptions = {
  /** Shows nothing of what is typed. */
  isHidden: boolean;
  /** Gives the prompt up. */
  signal: AbortSignal;
};

const CONTROL_C = "\u0003";
const CONTROL_D = "\u0004";
const CONTROL_U = "\u0015";
const ESCAPE = "\u001b";

/**
 * One line as it is typed after a prompt; null once it is given up: by the signal, by Ctrl-D, or by Ctrl-C, which
 * stops the program as it does anywhere else. The terminal is its old self again in any case.
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

  // First, so that nothing is shown of who types at once.
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

/** Arrows and the like send a sequence, of which nothing is meant as a part of the line. */
function withoutSequences(text: string): string {
  const [first = "", ...rest] = text.split(ESCAPE);
  return first + rest.map((sequence) => sequence.replace(/^(\[[0-9;?]*[ -/]*[@-~]|O.|.)/, "")).join("");
}

/** In raw mode the terminal sends no signal by itself. Whoever listens for it hears of it before the line is given up. */
export function stopProgram(giveUp: () => void): void {
  process.once("SIGINT", () => setImmediate(giveUp));
  process.kill(process.pid, "SIGINT");
}
