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
    .description("change the settings of an issuer, for certificates from now on")
    .option("--days <days>", "local: how long its certificates are valid", wholeNumber(1, MOST_DAYS_VALID))
    .option(
      "--contact <address>",
      "acme, before it has an account: a contact mail address (repeatable)",
      collect,
    )
    .option("--profile <name>", "acme: the profile to request")
    .option("--no-profile", "acme: the directory's default profile")
    .option("--roots <file>", "acme: trust only these roots for the directory (PEM or DER)")
    .option("--no-roots", "acme: trust the system's roots for the directory")
    .option("--note <text>", "csr: who signs the requests, and how to reach them")
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
