import { join, resolve } from "node:path";
import type { Command } from "commander";
import { Refusal } from "#shared/model/refusal.ts";
import { formatCount } from "#shared/text/count.ts";
import { holdOrReach, openOwnApp } from "#shells/cli/open-app.ts";
import { type CommonOptions, wholeNumber } from "#shells/cli/options.ts";
import { MORE, type Session, type World } from "#shells/cli/session.ts";
import { type Acceptance, acceptCommandsOrWarn } from "#shells/socket/accept-commands.ts";
import type { Owner } from "#shells/socket/reach-owner.ts";
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
 * Serves the screens until the command is stopped; where another process serves those of this database already, opens a
 * page of that one.
 */
export async function serveUntilStopped(options: Options, world: World): Promise<number> {
  const open = () =>
    openOwnApp(options, world, {
      access: options.readOnly ? "read" : "write",
      whenDamaged: "read",
      keepsBackups: true,
      startFiles: startFilesOf(options),
    });
  const found = await holdOrReach(world, open);
  return found.kind === "held"
    ? servePages(found.app, options, world)
    : joinServer(found.owner, options, world);
}

async function servePages(
  opened: ReturnType<typeof openOwnApp>,
  options: Options,
  world: World,
): Promise<number> {
  await using app = opened;
  const { loadPage } = await import("#shells/page.ts");
  const { serve } = await import("#shells/web/serve.ts");
  const page = loadPage(join(import.meta.dirname, "../renderer"));
  const warn = (sentence: string) => world.err(`latchkey: ${sentence}`);
  await using shell = await serve({ app, page, address: addressOf(options), warn });
  await using acceptance = await acceptCommandsOrWarn({ app, warn, openPage: shell.newLaunchUrl });
  await offerPages({ url: shell.url, nextUrl: async () => shell.newLaunchUrl() }, world);
  if (acceptance) await waitForCommands(acceptance, world);
  return 0;
}

/** What a command is told by while it waits, and how it is stopped. */
type Waiting = { err(text: string): void; onStop(stop: () => void): Disposable };

/** Other commands would lose the work that is done here for them: it is finished, unless the command is stopped again. */
export async function waitForCommands(
  { countCommands, endOnceIdle }: Acceptance,
  { err, onStop }: Waiting,
): Promise<void> {
  const count = countCommands();
  if (count === 0) return;
  const stopped = Promise.withResolvers<void>();
  using _stop = onStop(stopped.resolve);
  err(
    `latchkey: this process ends once the work of ${formatCount(count, "other command")} is done; Ctrl-C ends it now`,
  );
  await Promise.race([endOnceIdle(), stopped.promise]);
}

/** The pages of the process that holds the database, for as long as it serves them. */
async function joinServer(joined: Owner, options: Options, world: World): Promise<number> {
  using owner = joined;
  const { pid, path } = owner;
  const others = OWN_OPTIONS.filter((name) => options[name] !== undefined && options[name] !== true);
  if (others.length > 0)
    throw new Refusal(
      "conflict",
      `${path} is held by process ${pid}, which serves its screens as it was started; end it to serve them in another way`,
    );
  const url = await owner.openPage();
  if (url === null)
    throw new Refusal(
      "locked",
      `${path} is held by process ${pid}, which serves no screens to a browser; wait until it has ended, use its window, or serve with --read-only`,
    );
  world.err(`process ${pid} serves this database already: the URL opens another page of it`);
  const lost = await offerPages({ url, nextUrl: owner.openPage, lost: owner.lost }, world);
  if (lost === null) return 0;
  world.err(`latchkey: process ${pid}, which served the pages, has ended`);
  return 3;
}

/** What a page is served by is chosen where it is served. */
const OWN_OPTIONS = ["port", "socket", "name", "sshConfig", "identity", "dnsHook"] as const;

type Pages = { url: string; nextUrl: () => Promise<string | null>; lost?: Promise<Refusal> };

/**
 * Prints the one URL that opens a page, until the command is stopped, and returns null; or until there is nothing to
 * open any more, and returns why. The URL opens one page, within a minute; Enter prints another.
 */
async function offerPages({ url, nextUrl, lost }: Pages, world: World): Promise<Refusal | null> {
  const stopped = Promise.withResolvers<null>();
  using _stop = world.onStop(() => stopped.resolve(null));
  const print = (address: string | null) => address !== null && world.out(`Latchkey is at ${address}`);
  print(url);
  using _onEnter = world.onEnter?.(() => void nextUrl().then(print, () => undefined));
  world.err(
    world.onEnter
      ? "the URL opens one page, within a minute; press Enter for another URL, Ctrl-C to stop"
      : "the URL opens one page, within a minute",
  );
  return await Promise.race([stopped.promise, ...(lost ? [lost] : [])]);
}

/** Relative paths start here: a page has no working folder. */
const startFilesOf = ({ sshConfig = [], identity = [], dnsHook = [] }: Options) => ({
  sshConfigs: sshConfig.map((path) => resolve(path)),
  identities: identity.map((path) => resolve(path)),
  programs: dnsHook.map((path) => resolve(path)),
});

const addressOf = ({ port = 0, socket, authority = AUTHORITY, name }: Options): ListenAddress =>
  socket === undefined ? { port, named: name !== false } : { socketPath: resolve(socket), authority };
