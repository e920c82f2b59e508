import { type Command, Option } from "commander";
import type { SharedKey } from "#shared/model/graph.ts";
import { isMoreThan } from "#shared/model/total.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatTotal } from "#shared/text/total.ts";
import { listRows } from "./all-rows.ts";
import { LINK_COLUMNS, toJson } from "./graph-rows.ts";
import { type CommonOptions, openApp, printJson } from "./options.ts";
import { type Column, printTable } from "./print-table.ts";
import type { World } from "./world.ts";

type MutualOptions = CommonOptions & { certain?: boolean; host?: string };
type SharedOptions = CommonOptions & { kind?: SharedKey["kind"] };

/** What only two hosts together show, or several people. */
export function addPairs(graph: Command, world: World): void {
  graph
    .command("mutual [filter...]")
    .description("pairs of hosts that can log in to each other")
    .option("--certain", "only pairs where both directions are certain")
    .option("--host <name>", "only pairs with this host")
    .action((words: string[], _: object, command: Command) =>
      listMutual(words, command.optsWithGlobals<MutualOptions>(), world),
    );
  graph
    .command("shared [filter...]")
    .description("keys that several people have, and host keys that several hosts have")
    .addOption(
      new Option("--kind <kind>", "only keys of people, or only host keys").choices(["people", "hosts"]),
    )
    .action((words: string[], _: object, command: Command) =>
      listShared(words, command.optsWithGlobals<SharedOptions>(), world),
    );
}

async function listMutual(words: readonly string[], options: MutualOptions, world: World): Promise<void> {
  await using app = openApp(options, world, "read");
  const { certain: onlyCertain = false, host = null } = options;
  let isCut = false;
  const { rows: pairs, total } = await listRows(undefined, async (page) => {
    const found = await app.client.graph.mutual({ search: words.join(" "), onlyCertain, host, ...page });
    isCut = found.isCut;
    return found;
  });
  if (options.json) {
    const said = pairs.map(({ there, back }) => ({ there: toJson(there), back: toJson(back) }));
    return printJson({ pairs: said, total, isCut }, world);
  }
  const both = pairs.flatMap(({ there, back }) => [there, back]);
  if (isMoreThan(total, 0)) world.out(`${printTable(LINK_COLUMNS, both, world)}\n`);
  world.out(
    total === 0
      ? "no two hosts are known to be able to log in to each other"
      : `${formatTotal(total, "pair")} of hosts`,
  );
  if (isCut) world.err("latchkey: there are more pairs than were searched");
}

async function listShared(words: readonly string[], options: SharedOptions, world: World): Promise<void> {
  await using app = openApp(options, world, "read");
  let isCut = false;
  const { rows } = await listRows(undefined, async (page) => {
    const asked = { search: words.join(" "), kind: options.kind ?? null, ...page };
    const found = await app.client.graph.shared(asked);
    isCut = found.isCut;
    return found;
  });
  const keys = rows.map(({ id: _, ...key }) => key);
  if (options.json) return printJson({ keys, isCut }, world);
  if (keys.length === 0) return world.out("no key is known to be shared by several people or several hosts");
  world.out(`${printTable(SHARED_COLUMNS, keys, world)}\n`);
  world.out(formatCount(keys.length, "shared key"));
  if (isCut) world.err("latchkey: there are more shared keys than are listed");
}

const SHARED_COLUMNS: Column<Omit<SharedKey, "id">>[] = [
  { head: "KIND", cell: ({ kind }) => (kind === "people" ? "key of people" : "host key") },
  { head: "FINGERPRINT", cell: ({ fingerprint }) => fingerprint, cut: "middle" },
  { head: "SHARED BY", cell: ({ holderCount }) => String(holderCount) },
  { head: "WHO", cell: ({ holders }) => holders.join(", "), cut: "end" },
];
