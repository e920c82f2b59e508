import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command, Option } from "commander";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hashPlan } from "#domain/runs/hash-plan.ts";
import { makeFile, makeHost, makePlanValue } from "#domain/runs/testdata/make-plan-value.ts";
import { createProgram } from "#shells/cli/command-line.ts";
import type { World } from "#shells/cli/session.ts";
import { openTerminal, type Said } from "#testing/open-terminal.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

/** Options of a run, which no plan has; any other option beside a plan file must have the value that the plan has. */
const OF_A_RUN = [
  "--db",
  "--json",
  "--apply",
  "--yes",
  "--acknowledge",
  "--identity",
  "--vault-passphrase-file",
];

/** With the values that the plan below has. */
const HELD = [
  ["--grace", "0"],
  ["--keep-old", "0"],
  ["--batch", "2"],
  ["--max-failures", "1"],
  ["--rollback-after", "120"],
  ["--post-check", "60"],
];

let folder: Awaited<ReturnType<typeof makeTemporaryFolder>>;
let file: string;
let type: (...argv: string[]) => Promise<Said>;

beforeAll(async () => {
  folder = await makeTemporaryFolder();
  file = join(folder.path, "plan.json");
  const plan = makePlanValue({ hosts: [makeHost({ host: "web1", batch: 0, files: [makeFile(1, "both")] })] });
  writeFileSync(file, JSON.stringify({ hash: hashPlan(plan), plan }));
  type = openTerminal(join(folder.path, "latchkey.db"));
});
afterAll(() => folder[Symbol.asyncDispose]());

const everyCommand = (command: Command): Command[] => [command, ...command.commands.flatMap(everyCommand)];

const program = await createProgram({ world: {} as World, finish: () => undefined });
const wordsOf = (command: Command): string[] =>
  command.parent === program ? [command.name()] : [command.parent?.name() ?? "", command.name()];
const taking = everyCommand(program).filter(
  (command) =>
    command.options.some(({ long }) => long === "--apply") && wordsOf(command).join(" ") !== "reviews plan",
);

test("nine commands take a plan from a file, and that of a review says which one does", async () => {
  expect(taking.map((command) => wordsOf(command).join(" "))).toEqual([
    "rotate key",
    "rotate host-key",
    "rotate certificate",
    "reload",
    "disable",
    "remove",
    "grants add",
    "grants remove",
    "grants tighten",
  ]);
  expect(await type("reviews", "plan", "spring", "--apply", file)).toMatchObject({
    code: 2,
    err: expect.stringContaining(`apply the one of ${file} by: latchkey grants remove --apply ${file}`),
  });
});

const each = taking.flatMap((command) =>
  [...command.options, ...program.options].map((option) => ({ command, option })),
);

/** A number that every option with one accepts, and that the plan has nowhere. */
const sampleFor = ({ argChoices, required }: Option): string[] =>
  required ? [argChoices?.at(-1) ?? "61"] : [];

test("what is typed beside a plan file is asked of each run, or refused by its name before anything is looked at, whatever the command", async () => {
  for (const { command, option } of each) {
    const { long = "" } = option;
    if (OF_A_RUN.includes(long) || long === "--version") continue;
    const words = [...wordsOf(command), "--apply", file, long ?? "", ...sampleFor(option)];
    expect({ words, ...(await type(...words)) }).toMatchObject({
      code: 2,
      err: expect.stringContaining(long ?? ""),
    });
  }
});

test("an option that says what a plan file holds anyway is taken, and one that says something else is named with what the plan holds", async () => {
  for (const command of taking) {
    const held = HELD.filter(([name]) => command.options.some(({ long }) => long === name));
    const { err } = await type(...wordsOf(command), "--apply", file, ...held.flat());
    expect(err).toContain("the plan was edited: web1: does not say how user1 is verified");
  }
  const others = ["--grace", "14", "--rollback-after", "300", "--no-canary", "--batch", "2"];
  expect(await type("rotate", "key", "--apply", file, ...others, "--yes")).toMatchObject({
    code: 2,
    err: `latchkey: ${file} was made without --grace 14 (but 0), --no-canary, --rollback-after 300 (but 120): make a new plan with it (--plan FILE), or leave it out`,
  });
});

test("the contract refuses what a plan or its approval does not hold", async () => {
  const { plan, hash } = JSON.parse(readFileSync(file, "utf8"));
  for (const [name, input] of [
    ["importPlan", { plan, hash, options: { graceDays: 14 } }],
    ["start", { planId: 1, hash, graceDays: 14 }],
    ["exportScripts", { planId: 1, graceDays: 14 }],
  ] as const)
    expect(await type("call", `runs.${name}`, JSON.stringify(input))).toMatchObject({
      code: 2,
      err: expect.stringMatching(/options|graceDays/),
    });
});
