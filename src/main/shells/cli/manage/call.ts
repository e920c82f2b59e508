import type { Command } from "commander";
import { Refusal } from "#shared/model/refusal.ts";
import { printableJson } from "#shared/text/untrusted-text.ts";
import { openApp } from "#shells/cli/open-app.ts";
import type { CommonOptions } from "#shells/cli/options.ts";
import { MORE, type Session, type World } from "#shells/cli/session.ts";

export function addCall(program: Command, { world }: Session): void {
  program
    .command("call <procedure> [json]")
    .helpGroup(MORE)
    .description("call a procedure of the API that the screens use; prints JSON")
    .addHelpText("after", HELP)
    .action((path: string, json: string | undefined, _: object, command: Command) =>
      callProcedure({ path, json: json ?? "null" }, command.optsWithGlobals<CommonOptions>(), world),
    );
}

const HELP = `
Examples:
  latchkey call settings.read
  latchkey call certificates.list '{"search": "shop", "limit": 5}'

Where another Latchkey has the database open, that one answers: what it keeps in memory, such as an unlocked vault, is
its own. Otherwise background work, such as scans.start, ends with this command; use latchkey scan instead.
An unknown procedure prints the list of all procedures.`;

/** One JSON document for a reply; for an iterator, one a line until it ends. */
async function callProcedure(
  { path, json }: { path: string; json: string },
  options: CommonOptions,
  world: World,
): Promise<void> {
  const input = parseInput(json);
  await using app = await openApp(options, world, (await findKind(path)) === "query" ? "live" : "write");
  const [group = "", name = ""] = path.split(".");
  const client = app.client as unknown as Record<
    string,
    Record<string, (input: unknown) => Promise<unknown>>
  >;
  const reply = await client[group]?.[name]?.(input);
  if (!isIterator(reply)) return world.out(printableJson(reply ?? null));
  for await (const value of reply) world.out(printableJson(value));
}

async function findKind(path: string): Promise<"query" | "command"> {
  const { contract } = await import("#shared/contract/index.ts");
  const procedures = Object.entries(contract).flatMap(([group, names]) =>
    Object.entries(names).map(([name, procedure]) => ({ path: `${group}.${name}`, procedure })),
  );
  const found = procedures.find((each) => each.path === path);
  if (found) return found.procedure["~orpc"].meta.kind;
  const paths = procedures.map((each) => each.path).toSorted();
  throw new Refusal("not-found", `there is no procedure ${path}; there are ${paths.join(", ")}`);
}

function parseInput(json: string): unknown {
  try {
    return JSON.parse(json) ?? undefined;
  } catch {
    throw new Refusal("invalid-input", `the input is not JSON: ${json}`);
  }
}

const isIterator = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === "object" && value !== null && Symbol.asyncIterator in value;
