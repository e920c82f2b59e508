import type { Command } from "commander";
import { assertNever } from "#shared/model/assert-never.ts";
import { type Issuer, type IssuerKind, MOST_DAYS_VALID } from "#shared/model/issuers/issuer.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { formatChallengeMethod } from "#shared/text/certificates/challenge-method.ts";
import { formatCount } from "#shared/text/count.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { openApp } from "#shells/cli/open-app.ts";
import { type CommonOptions, printJson, wholeNumber } from "#shells/cli/options.ts";
import { type Column, printTable } from "#shells/cli/print-table.ts";
import { collect } from "#shells/cli/scan/targets.ts";
import { MORE, type Session, type World } from "#shells/cli/session.ts";
import { addIssuerAdding, readRootsFile } from "./issuers-add.ts";
import { addSigning } from "./issuers-sign.ts";
import { addVaultOption, openVaultFor, type VaultOptions } from "./vault.ts";

type Options = CommonOptions & VaultOptions & { yes?: boolean; name?: string };

export function addIssuers(program: Command, session: Session): void {
  const { world, finish } = session;
  const issuers = program
    .command("issuers")
    .helpGroup(MORE)
    .helpCommand(false)
    .description("who signs certificates for you: a local CA, ACME directories, or a person")
    .addHelpText("after", HELP);
  issuers
    .command("list", { isDefault: true })
    .description("list all issuers")
    .action((_: object, command: Command) => list(command.optsWithGlobals<Options>(), world));
  addIssuerAdding(issuers, session);
  addIssuerSetting(issuers, session);
  addVaultOption(issuers.command("remove <name>"))
    .description("delete an issuer and its keys")
    .option("--yes", "do not ask for confirmation")
    .action((name: string, _: object, command: Command) =>
      remove(name, command.optsWithGlobals<Options>(), world),
    );
  addVaultOption(issuers.command("test <name>"))
    .description("check whether it can sign now; creates the account at an ACME directory")
    .option("--name <name>", "try the DNS hook: create and delete a record for this name")
    .action(async (name: string, _: object, command: Command) =>
      finish(await test(name, command.optsWithGlobals<Options>(), world)),
    );
  addSigning(issuers, session);
  addRenewal(issuers, session);
}

const HELP = `
The keys of CAs and accounts are created in the vault, and never leave it; create it first: latchkey vault create

Examples:
  latchkey issuers add local corp --permit .corp.example --permit 10.0.0.0/8
  latchkey issuers add ca old-corp --certificate ca.pem --key ca.key --permit .corp.example
  latchkey issuers add acme le --directory https://acme-v02.api.letsencrypt.org/directory --agree-terms
  latchkey issuers set le --profile shortlived
  latchkey issuers test corp
  latchkey issuers sign corp --csr web1.csr --out web1.pem
  latchkey issuers root corp --out corp-root.pem          what clients must trust
  latchkey issuers crl corp --out corp.crl

With --json: list { issuers }; test { isSound, lines }; issued { certificates }; sign { pem, sha256, serial, names, notAfter };
revoke { certificate }; crl { pem, revoked, number, nextUpdate }; root { root, intermediate, sha256 }; renewal { window }`;

async function list(options: Options, world: World): Promise<void> {
  await using app = await openApp(options, world, "read");
  const issuers = await app.client.issuers.known();
  if (options.json) return printJson({ issuers }, world);
  if (issuers.length === 0)
    return world.out(
      "there is no issuer yet; add one: latchkey issuers add local NAME --permit .corp.example",
    );
  world.out(printTable(COLUMNS, issuers, world));
}

const COLUMNS: Column<Issuer>[] = [
  { head: "NAME", cell: ({ name }) => name },
  { head: "KIND", cell: ({ kind }) => kind },
  { head: "WHAT", cell: formatIssuer, cut: "end" },
];

function formatIssuer(issuer: Issuer): string {
  switch (issuer.kind) {
    case "local": {
      const { permitted, daysValid, issued, revoked } = issuer;
      const gone = revoked > 0 ? `, ${revoked} revoked` : "";
      return `for ${permitted.join(", ")}; ${daysValid} days; ${formatCount(issued, "certificate")} signed${gone}`;
    }
    case "acme": {
      const { directory, account, profile, challenge } = issuer;
      const kind = profile === null ? "" : `; profile ${profile}`;
      const method = challenge ? `; ${formatChallengeMethod(challenge)}` : "";
      return `${directory}; ${account === null ? "no account yet" : "with an account"}${kind}${method}`;
    }
    case "csr":
      return issuer.note === "" ? "a person signs" : `a person signs: ${issuer.note}`;
    default:
      return assertNever(issuer);
  }
}

async function remove(name: string, options: Options, world: World): Promise<void> {
  await using app = await openApp(options, world, "write");
  const issuer = (await app.client.issuers.known()).find((each) => each.name === name);
  if (issuer && issuer.kind !== "csr") {
    await confirmRemoval(issuer, options, world);
    await openVaultFor({ app, options, world });
  }
  await app.client.issuers.remove({ name });
  if (options.json) printJson({}, world);
  else world.out(printable(`${name} is deleted${formatGone(issuer?.kind)}`));
}

async function confirmRemoval(
  { name, kind }: Issuer,
  { yes }: Options,
  { promptUser, err }: World,
): Promise<void> {
  if (yes) return;
  const loss = kind === "local" ? "its certificates can no longer be revoked" : "its account key is lost";
  if (!promptUser)
    throw new Refusal(
      "invalid-input",
      `removing ${name} deletes its keys, and ${loss}; use --yes to confirm`,
    );
  err(printable(`Removing ${name} deletes its keys, and ${loss}.`));
  if ((await promptUser("Remove it? [y/N] ")).trim().toLowerCase() !== "y")
    throw new Refusal("invalid-input", `${name} was not removed`);
}

async function test(name: string, options: Options, world: World): Promise<number> {
  await using app = await openApp(options, world, "write");
  const issuer = (await app.client.issuers.known()).find((each) => each.name === name);
  if (issuer && issuer.kind !== "csr") await openVaultFor({ app, options, world });
  const tested = await app.client.issuers.test({ name, tryName: options.name ?? null });
  if (options.json) printJson(tested, world);
  else for (const line of tested.lines) world.out(printable(line));
  return tested.isSound ? 0 : 1;
}

/** The certificates that it signed stay in use, so its root stays, by which they are evaluated. */
function formatGone(kind: IssuerKind | undefined): string {
  if (kind === "local")
    return ", with its keys; its root and lists stay trusted here, until latchkey trust remove";
  return kind === "csr" ? "" : ", with its keys";
}

/** What an ACME directory says of a certificate that it issued: `renewal` among the commands of issuers. */
function addRenewal(issuers: Command, { world }: Session): void {
  issuers
    .command("renewal <name> <sha256>")
    .description("when an ACME directory suggests renewing a certificate (ARI)")
    .action((name: string, certificate: string, _: object, command: Command) =>
      printRenewal({ name, certificate }, command.optsWithGlobals<CommonOptions>(), world),
    );
}

async function printRenewal(
  request: { name: string; certificate: string },
  options: CommonOptions,
  world: World,
): Promise<void> {
  await using app = await openApp(options, world, "read");
  const suggestion = await app.client.issuers.renewal(request);
  if (options.json) return printJson(suggestion, world);
  const { window } = suggestion;
  if (!window) return world.out(printable(`${request.name} suggests no renewal time for it`));
  world.out(printable(`renew between ${window.from} and ${window.to}`));
  if (window.explanation) world.out(printable(`why: ${window.explanation}`));
}

/** False: by `--no-profile` and `--no-roots`. */
type SetOptions = CommonOptions & {
  days?: number;
  contact?: string[];
  profile?: string | false;
  roots?: string | false;
  note?: string;
};

/** `set` among the commands of issuers: the settings of an issuer that are not secret. */
function addIssuerSetting(issuers: Command, { world }: Session): void {
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
      set(name, command.optsWithGlobals<SetOptions>(), world),
    );
}

async function set(name: string, options: SetOptions, world: World): Promise<void> {
  const { days: daysValid, contact: contacts, profile, roots, note } = options;
  const settings = {
    ...(daysValid !== undefined && { daysValid }),
    ...(contacts && { contacts }),
    ...(profile !== undefined && { profile: profile || null }),
    ...(roots !== undefined && { roots: roots === false ? null : await readRootsFile(roots) }),
    ...(note !== undefined && { note }),
  };
  await using app = await openApp(options, world, "write");
  const issuer = await app.client.issuers.set({ name, settings });
  if (options.json) printJson({ issuer }, world);
  else world.out(printable(`${name} is changed`));
}
