import { runCommandLine } from "#shells/cli/command-line.ts";
import type { World } from "#shells/cli/session.ts";

/** What a test sets of the outside world; by default nobody types, and nothing is a terminal. */
type TerminalOptions = Partial<Omit<World, "out" | "err" | "readInput">> & { input?: string };

export type Said = { code: number; out: string; err: string };

/** Types commands at a database and returns what they printed. */
export const openTerminal =
  (databasePath: string, wish: TerminalOptions = {}) =>
  async (...argv: string[]): Promise<Said> => {
    const said: Record<"out" | "err", string[]> = { out: [], err: [] };
    const code = await runCommandLine(["--db", databasePath, ...argv], {
      now: () => new Date(),
      columns: null,
      isColoured: false,
      promptUser: null,
      prompt: null,
      showStatus: null,
      onStop: () => ({ [Symbol.dispose]: () => undefined }),
      onEnter: null,
      ...wish,
      out: (text) => said.out.push(text),
      err: (text) => said.err.push(text),
      readInput: async (mostBytes) => {
        const bytes = Buffer.from(wish.input ?? "");
        return bytes.length > mostBytes ? null : bytes;
      },
    });
    return { code, out: said.out.join("\n"), err: said.err.join("\n") };
  };
