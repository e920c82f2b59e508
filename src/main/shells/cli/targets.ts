import type { Command } from "commander";
import type { RememberedTarget } from "#shared/contract/targets.ts";
import { sayCount, sayNumber } from "#shared/text/count.ts";
import { sayElapsed } from "#shared/text/elapsed.ts";
import { sayTarget } from "#shared/text/target.ts";
import { type CommonOptions, openApp, openEmptyApp, printJson } from "./options.ts";
import { type Column, printTable } from "./print-table.ts";
import { SCAN, type Session } from "./session.ts";
import { addTargetOptions, readTargetText, requireTargets, type TargetOptions } from "./target-text.ts";
import type { World } from "./world.ts";

type Options = CommonOptions & TargetOptions;

export function addTargets(program: Command, { world }: Session): void {
  const targets = program
    .command("targets")
    .helpGroup(SCAN)
    .helpCommand(false)
    .description("the hosts and endpoints that are remembered, and how they are written")
    .addHelpText("after", HELP);
  const add = targets.command("add [target...]").description("remember targets without scanning them");
  addTargetOptions(add)
    .option("--sudo", "read these hosts as root by sudo, where that asks for no password")
    .action((words: string[], _: object, command: Command) =>
      remember(words, command.optsWithGlobals<Options>(), world),
    );
  targets
    .command("list")
    .description("list those that are remembered")
    .action((_: object, command: Command) => listTargets(command.optsWithGlobals<Options>(), world));
  addTargetOptions(
    targets.command("remove [target...]").description("forget targets; what was seen there is kept"),
  ).action((words: string[], _: object, command: Command) =>
    forget(words, command.optsWithGlobals<Options>(), world),
  );
  addTargetOptions(
    targets.command("preview [target...]").description("say what targets mean, and visit none"),
  ).action((words: string[], _: object, command: Command) =>
    preview(words, command.optsWithGlobals<Options>(), world),
  );
}

const HELP = `
How targets are written:
  web1.example               SSH on 22 and TLS on 443
  root@web1  web1:22         SSH; with a port: root@web1:2222 or ssh://web1:2222
  web1:8443                  TLS, as is any port but 22
  10.0.0.5:443/shop.example  TLS there, asking for that server name
  https://shop.example/...   the endpoint of a page
  2001:db8::1                IPv6; with a port: [2001:db8::1]:22
  10.0.0.0/24                a network, without its first and last address; IPv6 networks in full
  10.0.0.1-40                a range; also 10.0.0.1-10.0.1.20 and 2001:db8::1-2001:db8::40
  web[01-20].example         a pattern; also db[1,3,7-9] and rack[a-c]
Each may have user@ and :port. Spaces, commas or lines stand between them; # begins a comment.
At most 65,536 at once.`;

async function remember(
  words: readonly string[],
  { sudo = false, ...options }: Options & { sudo?: boolean },
  world: World,
): Promise<void> {
  const text = requireTargets(await readTargetText(words, options, world));
  await using app = openApp(options, world, "write");
  const { added, known } = await app.client.targets.add({ ...text, useSudo: sudo });
  if (options.json) return printJson({ added, known }, world);
  world.out(`${sayCount(added, "target")} added${known > 0 ? `, ${sayNumber(known)} known already` : ""}`);
}

async function forget(words: readonly string[], options: Options, world: World): Promise<void> {
  const text = requireTargets(await readTargetText(words, options, world));
  await using app = openApp(options, world, "write");
  const { removed } = await app.client.targets.remove(text);
  if (options.json) return printJson({ removed }, world);
  world.out(`${sayCount(removed, "target")} forgotten; what was seen there is kept`);
}

/** What a text means, without scanning or remembering it. */
async function preview(words: readonly string[], options: Options, world: World): Promise<void> {
  const text = requireTargets(await readTargetText(words, options, world));
  await using app = openEmptyApp(world);
  const { total, ssh, tls, first } = await app.client.targets.preview(text);
  const targets = first.map(sayTarget);
  if (options.json) return printJson({ total, ssh, tls, first: targets }, world);
  const more = total - first.length;
  world.out([...targets, ...(more > 0 ? [`and ${sayNumber(more)} more`] : [])].join("\n"));
  world.out(`\n${sayCount(total, "target")}: ${sayNumber(ssh)} by SSH, ${sayNumber(tls)} by TLS`);
}

async function listTargets(options: CommonOptions, world: World): Promise<void> {
  await using app = openApp(options, world, "read");
  const targets = await app.client.targets.list();
  if (options.json) return printJson({ targets: targets.map(toTargetJson), total: targets.length }, world);
  if (targets.length === 0)
    return world.out("no target is remembered; add one, such as: latchkey targets add root@web1.example");
  world.out(`${printTable(columnsAt(world.now()), targets, world)}\n`);
  world.out(`${sayCount(targets.length, "target")}; latchkey scan visits them all`);
}

const columnsAt = (now: Date): Column<RememberedTarget>[] => [
  { head: "TARGET", cell: ({ target }) => sayTarget(target), cut: "middle" },
  { head: "BY", cell: ({ target }) => target.kind.toUpperCase() },
  {
    head: "READ AS ROOT",
    cell: ({ target, useSudo }) => (target.kind === "ssh" && useSudo ? "by sudo" : ""),
  },
  { head: "ADDED", cell: ({ addedAt }) => sayElapsed(addedAt, now) },
];

const toTargetJson = ({ target, useSudo, addedAt }: RememberedTarget) => ({
  text: sayTarget(target),
  ...target,
  useSudo,
  addedAt,
});
