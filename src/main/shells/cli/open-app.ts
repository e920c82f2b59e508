import { resolve } from "node:path";
import { type AppOptions, createApp, sealFor } from "#app";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { Sealed } from "#shared/model/issuers/vault.ts";
import { DatabaseHeld, Refusal } from "#shared/model/refusal.ts";
import type { Redacted } from "#shared/model/secret.ts";
import { formatCount } from "#shared/text/count.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import type { Owner } from "#shells/socket/reach-owner.ts";
import { type CommonOptions, findDefaultDatabase } from "./options.ts";
import type { World } from "./session.ts";

/** What a command works with: its own process's app, or that of the process that holds the database. */
export type CommandApp = AsyncDisposable & {
  client: LatchkeyClient;
  /** Who does the work; null: this process. */
  ownerPid: number | null;
  /** Seals a secret that was typed in this process, and overwrites the plain text. */
  seal(typed: Redacted<Uint8Array>): Promise<Sealed>;
};

/**
 * `read`: beside the process that writes, which waits for nobody and keeps nobody waiting. `write`: in this process;
 * where another one holds the database, that one does the work. `live`: as `read`, but of what the process that holds the
 * database has in its memory alone.
 */
type Access = "read" | "write" | "live";

/** Opens the database for a command. Prints the warnings about the database. */
export function openApp(
  { db = findDefaultDatabase() }: CommonOptions,
  world: World,
  access: Access,
): Promise<CommandApp> {
  switch (access) {
    case "read":
      return openToRead(db, world);
    case "write":
      return openToWrite(db, world);
    case "live":
      return openLive(db, world);
    default:
      return assertNever(access);
  }
}

/** For commands that store nothing: no database is opened. */
export const openEmptyApp = (world: World) => createApp({ databasePath: ":memory:", ...outsideOf(world) });

/** The app of this process, and of no other. Prints the warnings about the database. */
export function openOwnApp(
  { db = findDefaultDatabase() }: CommonOptions,
  world: World,
  options: Partial<AppOptions>,
) {
  const app = createApp({ databasePath: db, ...options, ...outsideOf(world) });
  printWarnings(app, world);
  return app;
}

async function openToRead(db: string, world: World): Promise<CommandApp> {
  const { client, seal, [Symbol.asyncDispose]: close } = openOwnApp({ db }, world, { access: "read" });
  return { client, ownerPid: null, seal, [Symbol.asyncDispose]: close };
}

/** How long another command that writes, and that takes no work of others, may need until it has ended. */
const LOCK_WAIT_MS = 15_000;
const AGAIN_MS = 50;

/** What this process has opened itself, or the process that holds the database and does its work. */
type HeldOrReached<T> = { kind: "held"; app: T } | { kind: "reached"; owner: Owner };

/** Opens the database to write by `hold`, or reaches the process that holds it. Waits for one that does neither. */
export async function holdOrReach<T>(
  { lockWaitMs = LOCK_WAIT_MS }: World,
  hold: () => T,
): Promise<HeldOrReached<T>> {
  const until = performance.now() + lockWaitMs;
  for (;;) {
    const app = tryToHold(hold);
    if (!(app instanceof DatabaseHeld)) return { kind: "held", app };
    const { reachOwner } = await import("#shells/socket/reach-owner.ts");
    const owner = await reachOwner(app);
    if (owner) return { kind: "reached", owner };
    if (performance.now() > until) throw app;
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS * (1 + Math.random())));
  }
}

function tryToHold<T>(hold: () => T): T | DatabaseHeld {
  try {
    return hold();
  } catch (error) {
    if (error instanceof DatabaseHeld) return error;
    throw error;
  }
}

async function openToWrite(db: string, world: World): Promise<CommandApp> {
  const found = await holdOrReach(world, () => openOwnApp({ db }, world, { access: "write" }));
  return found.kind === "held" ? acceptOthers(found.app, world) : throughOwner(found.owner, world);
}

/** Nothing is changed, so whoever cannot be asked is named, and the rest is read. */
async function openLive(db: string, world: World): Promise<CommandApp> {
  const { reachOwner } = await import("#shells/socket/reach-owner.ts");
  try {
    const owner = await reachOwner(new DatabaseHeld(resolve(db), "another process"));
    if (owner) return throughOwner(owner, world);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    world.err(`latchkey: ${printable(error.message)}`);
  }
  return openToRead(db, world);
}

function throughOwner(owner: Owner, world: World): CommandApp {
  const { client, pid } = owner;
  printWarnings(owner, world);
  return {
    client,
    ownerPid: pid,
    seal: async (typed) => sealFor(await client.vault.receiver(), typed),
    [Symbol.asyncDispose]: async () => owner[Symbol.dispose](),
  };
}

/** A command that takes longer does the work of others, too; a shorter one is waited for. */
const ACCEPTS_AFTER_MS = 300;
/** Nobody is told of others whose work takes no longer. */
const NAMED_AFTER_MS = 2_000;

/** At its end it waits for the commands whose work it does: they would lose it. */
function acceptOthers(app: ReturnType<typeof createApp>, world: World): CommandApp {
  const accepting = Promise.withResolvers<Awaited<ReturnType<typeof listen>>>();
  const timer = setTimeout(() => accepting.resolve(listen()), ACCEPTS_AFTER_MS).unref();

  async function listen() {
    const { acceptCommandsOrWarn } = await import("#shells/socket/accept-commands.ts");
    return acceptCommandsOrWarn({ app, warn: (sentence) => world.err(`latchkey: ${sentence}`) });
  }

  async function stopAccepting(): Promise<void> {
    clearTimeout(timer);
    accepting.resolve(null);
    const acceptance = await accepting.promise;
    if (!acceptance) return;
    const naming = setTimeout(() => {
      const count = formatCount(acceptance.countCommands(), "other command");
      world.err(`latchkey: done; this process still does the work of ${count} on the same database`);
    }, NAMED_AFTER_MS);
    await acceptance.endOnceIdle();
    clearTimeout(naming);
  }

  return {
    client: app.client,
    ownerPid: null,
    seal: app.seal,
    async [Symbol.asyncDispose]() {
      await using _closing = app;
      await stopAccepting();
    },
  };
}

const printWarnings = ({ warnings }: { warnings: readonly string[] }, world: World): void => {
  for (const warning of warnings) world.err(`latchkey: ${printable(warning)}`);
};

const outsideOf = ({ now, workstation, startVaultProcess }: World) => ({
  now,
  ...(workstation && { workstation }),
  ...(startVaultProcess && { startVaultProcess }),
});
