import { join, resolve } from "node:path";
import type { Command } from "commander";
import { openOwnApp } from "#shells/cli/open-app.ts";
import { type CommonOptions, wholeNumber } from "#shells/cli/options.ts";
import { MORE, type Session, type World } from "#shells/cli/session.ts";
import { acceptCommandsOrWarn } from "#shells/socket/accept-commands.ts";
import type { ListenAddress } from "#shells/web/listen.ts";

/** Not a name that this machine has, so that no page can be lured to it. */
const AUTHORITY = "latchkey.localhost";

type Options = CommonOptions & {
  port?: number;
  socket?: string;
  authority?: string;
  name?: boolean;
  readOnly?: boolean;
  sshConfig?: string[];
  identity?: string[];
  dnsHook?: string[];
};

export function addServe(program: Command, { world, finish }: Session): void {
  program
    .command("serve")
    .helpGroup(MORE)
    .description("serve the screens to this machine's browser, and print the URL")
    .option("--port <number>", "listen on this port (default: a free one)", wholeNumber(0, 65_535))
    .option(
      "--socket <path>",
      "listen on a Unix socket for a reverse proxy, in a folder that only you can access",
    )
    .option("--authority <host>", "with --socket: the Host header that the proxy sends", AUTHORITY)
    .option("--no-name", "use 127.0.0.1 in the URL, if the browser cannot resolve names below localhost")
    .option("--ssh-config <file...>", "an ssh_config that the page may use, besides your own")
    .option("--identity <file...>", "a private key that the page may use, besides those in ~/.ssh")
    .option("--dns-hook <program...>", "a DNS hook program that the page may use, besides those of issuers")
    .option("--read-only", "change nothing; works while another Latchkey writes")
    .action(async (_: object, command: Command) =>
      finish(await serveUntilStopped(command.optsWithGlobals<Options>(), world)),
    );
}

/**
 * Prints the one URL that opens the page, and serves the page until the command is stopped. The URL opens one page,
 * within a minute; Enter prints another.
 */
export async function serveUntilStopped(options: Options, world: World): Promise<number> {
  const { loadPage } = await import("#shells/page.ts");
  const { serve } = await import("#shells/web/serve.ts");
  const page = loadPage(join(import.meta.dirname, "../renderer"));
  const warn = (sentence: string) => world.err(`latchkey: ${sentence}`);
  await using app = openOwnApp(options, world, {
    access: options.readOnly ? "read" : "write",
    whenDamaged: "read",
    keepsBackups: true,
    startFiles: startFilesOf(options),
  });
  await using _acceptance = await acceptCommandsOrWarn({ app, warn });
  await using shell = await serve({ app, page, address: addressOf(options), warn });
  const stopped = Promise.withResolvers<void>();
  using _stop = world.onStop(() => stopped.resolve());
  world.out(`Latchkey is at ${shell.url}`);
  using _onEnter = world.onEnter?.(() => world.out(`Latchkey is at ${shell.newLaunchUrl()}`));
  world.err(
    world.onEnter
      ? "the URL opens one page, within a minute; press Enter for another URL, Ctrl-C to stop"
      : "the URL opens one page, within a minute",
  );
  await stopped.promise;
  return 0;
}

/** Relative paths start here: a page has no working folder. */
const startFilesOf = ({ sshConfig = [], identity = [], dnsHook = [] }: Options) => ({
  sshConfigs: sshConfig.map((path) => resolve(path)),
  identities: identity.map((path) => resolve(path)),
  programs: dnsHook.map((path) => resolve(path)),
});

const addressOf = ({ port = 0, socket, authority = AUTHORITY, name }: Options): ListenAddress =>
  socket === undefined ? { port, named: name !== false } : { socketPath: resolve(socket), authority };
