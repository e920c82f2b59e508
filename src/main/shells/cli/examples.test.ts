import type { Command } from "commander";
import { expect, test } from "vitest";
import { createProgram } from "./command-line.ts";
import type { World } from "./session.ts";

/** Nothing of it is used: no command runs. */
const WORLD: World = {
  out: () => undefined,
  err: () => undefined,
  now: () => new Date("2026-06-01T00:00:00Z"),
  columns: null,
  isColoured: false,
  promptUser: null,
  prompt: null,
  showStatus: null,
  readInput: async () => null,
  onStop: () => ({ [Symbol.dispose]: () => undefined }),
  onEnter: null,
};

/** The commands that do something, with their words. */
function leavesOf(command: Command, words: readonly string[] = []): { words: string; command: Command }[] {
  const inner = command.commands.filter((one) => one.name() !== "help");
  const here = inner.length === 0 ? [{ words: words.join(" "), command }] : [];
  return [...here, ...inner.flatMap((one) => leavesOf(one, [...words, one.name()]))];
}

function helpOf(command: Command): string {
  const written: string[] = [];
  command.configureOutput({ writeOut: (text) => void written.push(text), getOutHelpWidth: () => 1_000 });
  command.outputHelp();
  return written.join("");
}

/** The lines of a help that are commands of ours, without what explains them and what they are piped to. */
const examplesIn = (help: string): string[] =>
  (/\nExamples?:\n([\s\S]*?)(?:\n\n|$)/.exec(help)?.[1] ?? "")
    .split("\n")
    .flatMap((line) => /^ {2}(?:.*\| )?latchkey (.+?)(?: {2,}.*| \|.*| >.*)?$/.exec(line)?.[1] ?? []);

const splitWords = (line: string): string[] =>
  Array.from(line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g), ([, one, two, three]) => one ?? two ?? three ?? "");

test("the help of each command has an example, and each example is taken", async () => {
  const program = await createProgram({ world: WORLD, finish: () => undefined });
  const wrong: string[] = [];
  for (const { words, command } of leavesOf(program)) {
    const examples = examplesIn(helpOf(command));
    if (!examples.some((line) => `${line} `.startsWith(`${words} `))) wrong.push(`${words}: no example`);
    for (const line of examples) {
      const fresh = await createProgram({ world: WORLD, finish: () => undefined });
      const ran: string[] = [];
      for (const leaf of leavesOf(fresh)) leaf.command.action(() => void ran.push(leaf.words));
      try {
        await fresh.parseAsync(splitWords(line), { from: "user" });
      } catch (error) {
        wrong.push(`${line}: ${error instanceof Error ? error.message : error}`);
      }
      if (ran.length === 0) wrong.push(`${line}: is no command`);
    }
  }
  expect(wrong).toEqual([]);
});
