import { InvalidArgumentError } from "commander";
import { type AppOptions, createApp } from "#app";
import { printable, printableJson } from "#shared/text/printable.ts";
import { findDefaultDatabase } from "./default-database.ts";
import type { World } from "./world.ts";

/** What every command takes, before or after its name. */
export type CommonOptions = { db?: string; json?: boolean };

/** For a shell that stays: it shows what can still be read of a damaged database, and makes a backup a day. */
export const STAYS = { whenDamaged: "read", keepsBackups: true } as const;

/** Commands that only ask open the database beside whoever writes it. What it should be known for first is said. */
export function openApp(
  { db }: CommonOptions,
  world: World,
  access: "read" | "write",
  stay: Partial<typeof STAYS> & Pick<AppOptions, "startFiles"> = {},
) {
  const app = createApp({ databasePath: db ?? findDefaultDatabase(), access, ...stay, ...outsideOf(world) });
  for (const warning of app.warnings) world.err(`latchkey: ${printable(warning)}`);
  return app;
}

/** For commands that remember nothing: no database is touched. */
export const openEmptyApp = (world: World) => createApp({ databasePath: ":memory:", ...outsideOf(world) });

const outsideOf = ({ now, workstation, startKeeper }: World) => ({
  now,
  ...(workstation && { workstation }),
  ...(startKeeper && { startKeeper }),
});

/** A parser of a whole number for an option. */
export const wholeNumber = (least: number, most: number) => (text: string) => {
  const number = Number(text);
  if (/^\d{1,9}$/.test(text) && number >= least && number <= most) return number;
  throw new InvalidArgumentError(`Write a whole number from ${least} to ${most}.`);
};

/** One JSON document. */
export const printJson = (document: object, { out }: World): void => out(printableJson(document, 2));
