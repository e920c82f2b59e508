import type { Command } from "commander";
import type { ChallengeInput } from "#shared/contract/issuers.ts";
import { DEFAULT_DAYS_VALID, MOST_DAYS_VALID } from "#shared/model/issuers/issuer.ts";
import type { Sealed } from "#shared/model/issuers/vault.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { Redacted } from "#shared/model/secret.ts";
import {
  CHALLENGE_FORMS,
  parseChallengeMethod,
  type TypedChallengeMethod,
} from "#shared/text/certificates/challenge-method.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { type CommandApp, openApp } from "#shells/cli/open-app.ts";
import { type CommonOptions, printJson, wholeNumber } from "#shells/cli/options.ts";
import { collect } from "#shells/cli/scan/targets.ts";
import type { Session, World } from "#shells/cli/session.ts";
import { readFileOrRefuse } from "#shells/cli/terminal.ts";
import { addVaultOption, openVaultFor, readSecretFile, sealTyped, type VaultOptions } from "./vault.ts";

type Options = CommonOptions &
  VaultOptions & {
    permit?: string[];
    days?: number;
    directory?: string;
    contact?: string[];
    agreeTerms?: boolean;
    eabKeyId?: string;
    eabKeyFile?: string;
    profile?: string;
    roots?: string;
    challenge?: string;
    challengeKeyFile?: string;
    note?: string;
    certificate?: string;
    key?: string;
  };

/** `add` and `challenge` among the commands of issuers. */
export function addIssuerAdding(issuers: Command, { world }: Session): void {
  const add = issuers.command("add").helpCommand(false).description("add an issuer: local, ca, acme or csr");
  const kind = (name: string, description: string, run: (name: string, options: Options) => Promise<void>) =>
    add
      .command(`${name} <name>`)
      .description(description)
      .action((issuer: string, _: object, command: Command) =>
        run(issuer, command.optsWithGlobals<Options>()),
      );

  addVaultOption(
    kind("local", "create a certificate authority of your own", (name, options) =>
      addLocal(name, options, world),
    ),
  )
    .requiredOption(
      "--permit <name>",
      "names it may sign for, such as .corp.example or 10.0.0.0/8 (repeatable)",
      collect,
    )
    .option(
      "--days <days>",
      `how long its certificates are valid (default: ${DEFAULT_DAYS_VALID})`,
      wholeNumber(1, MOST_DAYS_VALID),
    );
  const ca = kind(
    "ca",
    "import a certificate authority that you have: its certificate and its key",
    (name, options) => importLocal(name, options, world),
  )
    .requiredOption("--certificate <file>", "its certificate and its root (PEM or DER)")
    .requiredOption("--key <file>", "its private key, without a passphrase (PEM, or PKCS#8 in DER)")
    .requiredOption(
      "--permit <name>",
      "names it may sign for here, such as .corp.example or 10.0.0.0/8 (repeatable)",
      collect,
    )
    .option(
      "--days <days>",
      `how long its certificates are valid (default: ${DEFAULT_DAYS_VALID})`,
      wholeNumber(1, MOST_DAYS_VALID),
    );
  addVaultOption(ca);
  const acme = kind("acme", "use an account at an ACME directory", (name, options) =>
    addAcme(name, options, world),
  )
    .requiredOption("--directory <url>", "the URL of the directory")
    .option("--contact <address>", "a contact mail address (repeatable)", collect)
    .option("--agree-terms", "agree to its terms of service")
    .option("--eab-key-id <id>", "key ID for external account binding; prompts for its key")
    .option("--eab-key-file <file>", "read that key from the first line of a file")
    .option("--profile <name>", "the ACME profile to request")
    .option("--roots <file>", "trust only these roots for the directory (PEM or DER)");
  addVaultOption(addChallengeOptions(acme));
  kind("csr", "a person signs: you pass on the requests, and import the certificates", (name, options) =>
    addCsr(name, options, world),
  ).option("--note <text>", "who signs the requests, and how to reach them");

  const challenge = issuers
    .command("challenge <name>")
    .description("set how an ACME directory checks that names are yours; without --challenge: unset it")
    .action((name: string, _: object, command: Command) =>
      setChallenge(name, command.optsWithGlobals<Options>(), world),
    );
  addVaultOption(addChallengeOptions(challenge));
}

const addChallengeOptions = (command: Command): Command =>
  command
    .option(
      "--challenge <method>",
      `how the directory checks that names are yours: ${CHALLENGE_FORMS.join(", ")}`,
    )
    .option(
      "--challenge-key-file <file>",
      "the key for rfc2136, on the first line of a file (default: prompt)",
    );

type At = { app: CommandApp; world: World };

async function addLocal(name: string, options: Options, world: World): Promise<void> {
  await using app = await openApp(options, world, "write");
  await openVaultFor({ app, options, world });
  const { permit: permitted = [], days: daysValid } = options;
  const request = { name, permitted, ...(daysValid === undefined ? {} : { daysValid }) };
  const issuer = await app.client.issuers.addLocal(request);
  if (options.json) return printJson({ issuer }, world);
  if (issuer.kind !== "local") return;
  world.out(printable(`${name} signs for ${issuer.permitted.join(", ")} and all names below`));
  world.out(printable(`clients must trust its root: latchkey issuers root ${name} --out FILE`));
}

const MOST_KEY_BYTES = 50_000;

async function importLocal(name: string, options: Options, world: World): Promise<void> {
  const { permit: permitted = [], days: daysValid, certificate = "", key = "" } = options;
  const known = await readFileOrRefuse(key, MOST_KEY_BYTES);
  if (!known) throw new Refusal("too-many", `${key} is larger than 50 kB, too large for a private key`);
  await using app = await openApp(options, world, "write");
  await openVaultFor({ app, options, world });
  const issuer = await app.client.issuers.importLocal({
    name,
    permitted,
    certificate: await readRootsFile(certificate),
    key: await app.seal(new Redacted<Uint8Array>(known)),
    ...(daysValid !== undefined && { daysValid }),
  });
  if (options.json) return printJson({ issuer }, world);
  if (issuer.kind !== "local") return;
  const { intermediate, root } = issuer;
  world.out(printable(`${name} signs as ${intermediate.subject}, whose root is ${root.subject}`));
  world.out(printable(`for ${issuer.permitted.join(", ")} and all names below; its key is in the vault now`));
}

const MOST_ROOTS_BYTES = 700_000;

async function addAcme(name: string, options: Options, world: World): Promise<void> {
  const method = readChallenge(options);
  await using app = await openApp(options, world, "write");
  await openVaultFor({ app, options, world });
  const at = { app, world };
  const { directory = "", contact: contacts = [], eabKeyId: keyId, profile = null, roots } = options;
  const issuer = await app.client.issuers.addAcme({
    name,
    directory,
    contacts,
    profile,
    agreesToTerms: options.agreeTerms ?? false,
    roots: roots === undefined ? null : await readRootsFile(roots),
    eab: keyId === undefined ? null : { keyId, key: await sealKey("EAB key", options.eabKeyFile, at) },
    challenge: await completeChallenge(method, options, at),
  });
  if (options.json) return printJson({ issuer }, world);
  world.out(printable(`${name} is added; create its account and test it: latchkey issuers test ${name}`));
}

/** The whole file, in base64. */
export async function readRootsFile(path: string): Promise<string> {
  const known = await readFileOrRefuse(path, MOST_ROOTS_BYTES);
  if (!known) throw new Refusal("too-many", `${path} is larger than 700 kB, too large for a file of roots`);
  return Buffer.from(known).toString("base64");
}

async function addCsr(name: string, options: Options, world: World): Promise<void> {
  await using app = await openApp(options, world, "write");
  const issuer = await app.client.issuers.addCsr({ name, note: options.note ?? "" });
  if (options.json) printJson({ issuer }, world);
  else world.out(printable(`${name} is added`));
}

async function setChallenge(name: string, options: Options, world: World): Promise<void> {
  const method = readChallenge(options);
  await using app = await openApp(options, world, "write");
  const before = (await app.client.issuers.known()).find((each) => each.name === name);
  const hasSecret = before?.kind === "acme" && before.challenge?.kind === "rfc2136";
  if (hasSecret || method?.kind === "rfc2136") await openVaultFor({ app, options, world });
  const challenge = await completeChallenge(method, options, { app, world });
  const issuer = await app.client.issuers.setChallenge({ name, challenge });
  if (options.json) printJson({ issuer }, world);
  else world.out(challenge ? "set" : "unset: use --challenge with each renewal");
}

function readChallenge({ challenge }: Options): TypedChallengeMethod | null {
  const method = challenge === undefined ? null : parseChallengeMethod(challenge);
  if (method || challenge === undefined) return method;
  throw new Refusal(
    "invalid-input",
    `${challenge} is not a challenge method; use one of ${CHALLENGE_FORMS.join(", ")}`,
  );
}

/** Adds the secret of its key, if it has one. */
async function completeChallenge(
  method: TypedChallengeMethod | null,
  options: Options,
  at: At,
): Promise<ChallengeInput | null> {
  if (method?.kind !== "rfc2136") return method;
  return { ...method, secret: await sealKey(`Key ${method.keyName}`, options.challengeKeyFile, at) };
}

const sealKey = async (what: string, file: string | undefined, { app, world }: At): Promise<Sealed> =>
  file === undefined ? sealTyped(`${what}: `, { app, world }) : app.seal(await readSecretFile(file));
