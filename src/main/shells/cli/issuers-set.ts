import type { Command } from "commander";
import { MOST_DAYS_VALID } from "#shared/model/issuer.ts";
import { printable } from "#shared/text/printable.ts";
import { readRootsFile } from "./issuers-add.ts";
import { type CommonOptions, openApp, printJson, wholeNumber } from "./options.ts";
import type { Session } from "./session.ts";
import { collect } from "./target-text.ts";
import type { World } from "./world.ts";

/** False: by `--no-profile` and `--no-roots`. */
type Options = CommonOptions & {
  days?: number;
  contact?: string[];
  profile?: string | false;
  roots?: string | false;
  note?: string;
};

/** `set` among the commands of issuers: what is not secret of one. */
export function addIssuerSetting(issuers: Command, { world }: Session): void {
  issuers
    .command("set <name>")
    .description("change what is not secret of one, for what it is asked for from now on")
    .option(
      "--days <days>",
      "of an authority of your own: how long its certificates live",
      wholeNumber(1, MOST_DAYS_VALID),
    )
    .option(
      "--contact <address>",
      "of an ACME directory without an account yet: a mail address; may be given again",
      collect,
    )
    .option("--profile <name>", "which kind of certificate is asked for, by the directory's own word")
    .option("--no-profile", "whichever kind the directory gives")
    .option("--roots <file>", "the directory is known by these roots alone, PEM or DER")
    .option("--no-roots", "the directory is known by the roots of this system")
    .option("--note <text>", "of a person: to whom requests go, and how")
    .action((name: string, _: object, command: Command) =>
      set(name, command.optsWithGlobals<Options>(), world),
    );
}

async function set(name: string, options: Options, world: World): Promise<void> {
  const { days: daysValid, contact: contacts, profile, roots, note } = options;
  const settings = {
    ...(daysValid !== undefined && { daysValid }),
    ...(contacts && { contacts }),
    ...(profile !== undefined && { profile: profile || null }),
    ...(roots !== undefined && { roots: roots === false ? null : await readRootsFile(roots) }),
    ...(note !== undefined && { note }),
  };
  await using app = openApp(options, world, "write");
  const issuer = await app.client.issuers.set({ name, settings });
  if (options.json) printJson({ issuer }, world);
  else world.out(printable(`${name} is changed`));
}
