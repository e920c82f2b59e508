import type { Command } from "commander";
import { printable } from "#shared/text/printable.ts";
import { type CommonOptions, openApp, printJson } from "./options.ts";
import type { Session } from "./session.ts";
import type { World } from "./world.ts";

/** What an ACME directory says of a certificate of its own: `renewal` among the commands of issuers. */
export function addRenewal(issuers: Command, { world }: Session): void {
  issuers
    .command("renewal <name> <sha256>")
    .description("when an ACME directory wants a certificate of its own to be renewed")
    .action((name: string, certificate: string, _: object, command: Command) =>
      sayRenewal({ name, certificate }, command.optsWithGlobals<CommonOptions>(), world),
    );
}

async function sayRenewal(
  wish: { name: string; certificate: string },
  options: CommonOptions,
  world: World,
): Promise<void> {
  await using app = openApp(options, world, "read");
  const said = await app.client.issuers.renewal(wish);
  if (options.json) return printJson(said, world);
  const { window } = said;
  if (!window) return world.out(printable(`${wish.name} does not say when it is to be renewed`));
  world.out(printable(`to be renewed between ${window.from} and ${window.to}`));
  if (window.explanation) world.out(printable(`why: ${window.explanation}`));
}
