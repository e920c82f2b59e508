import type { Command } from "commander";
import { Refusal } from "#shared/model/refusal.ts";
import { type Sealed, SecretId, type VaultStatus, type WrapKind } from "#shared/model/vault.ts";
import { sayCount } from "#shared/text/count.ts";
import { printable } from "#shared/text/printable.ts";
import { type CommonOptions, openApp, printJson } from "./options.ts";
import { MORE, type Session } from "./session.ts";
import {
  addVaultOption,
  openVaultFor,
  readSecretFile,
  sealNew,
  sealTyped,
  type VaultOptions,
} from "./vault-ask.ts";
import type { World } from "./world.ts";

type Options = CommonOptions &
  VaultOptions & { recovery?: boolean; recoveryFile?: string; newPassphraseFile?: string };
type Opened = ReturnType<typeof openApp>;

export function addVault(program: Command, { world }: Session): void {
  const vault = program
    .command("vault")
    .helpGroup(MORE)
    .helpCommand(false)
    .description("the file that keeps keys of issuers and other secrets, and what opens it")
    .addHelpText("after", HELP);
  const add = (name: string, description: string, run: (options: Options, word: string) => Promise<void>) =>
    addVaultOption(vault.command(name).description(description)).action((...given: unknown[]) => {
      const command = given.at(-1) as Command;
      return run(command.optsWithGlobals<Options>(), command.args[0] ?? "");
    });

  add("status", "where it is, what opens it, and what it keeps", (options) => showStatus(options, world));
  add("create", "make one, by a passphrase and another one for recovery", (options) => create(options, world))
    .option("--no-recovery", "without one: who forgets the passphrase loses what is kept")
    .option("--recovery-file <file>", "the passphrase for recovery, on the first line of a file");
  add("unlock", "try what opens it; each command that needs it open asks by itself", (options) =>
    tryToOpen(options, world),
  );
  add("lock", "end each process that has it open", (options) => lock(options, world));
  add("change", "another passphrase; either of the two opens it for that", (options) =>
    change("passphrase", options, world),
  ).option("--new-passphrase-file <file>", "the new passphrase, on the first line of a file");
  add("recovery <set|remove>", "another passphrase for recovery, or none any more", (options, word) =>
    changeRecovery(word, options, world),
  ).option("--recovery-file <file>", "the passphrase for recovery, on the first line of a file");
  add("passphrases", "of keystores: those that it keeps", (options) => listPassphrases(options, world));
  add("forget <id>", "the passphrase of a keystore, by its number in that list", (options, word) =>
    forgetPassphrase(word, options, world),
  );
  add("keyring <on|off>", "whether this system's keyring opens it, too", (options, word) =>
    setKeyring(word, options, world),
  );
}

const HELP = `
The vault is a file beside the database, whose name ends in .vault. It is in none of the database's backups: keep a
copy of it elsewhere. Its secrets are sealed by a random key, and that one by what is typed: scrypt and AES-256-GCM.
While a command needs it open, a process of its own knows the key, and ends with the command.

Examples:
  latchkey vault create
  latchkey vault recovery set
  latchkey vault keyring on        commands then open it without asking, as long as you are logged in`;

async function showStatus(options: Options, world: World): Promise<void> {
  await using app = openApp(options, world, "read");
  const status = await app.client.vault.status();
  if (options.json) return printJson(status, world);
  for (const line of sayStatus(status)) world.out(printable(line));
}

function sayStatus({ state, file, problem, wraps, kept }: VaultStatus): string[] {
  if (problem !== null) return [problem];
  if (state === "absent") return [`there is no vault yet: ${file}`];
  const secrets = kept.map(({ kind, count }) => `  ${kind}: ${count}`);
  const has = (kind: WrapKind) => wraps.find((wrap) => wrap.kind === kind);
  return [
    `${file} is ${state}`,
    ...wraps.map(({ kind, since }) => `opened by ${OPENED_BY[kind]}, since ${since}`),
    ...(has("recovery") ? [] : ["there is no passphrase for recovery: latchkey vault recovery set"]),
    secrets.length === 0 ? "it keeps nothing yet" : `it keeps ${sayCount(totalOf(kept), "secret")}:`,
    ...secrets,
  ];
}

const totalOf = (kept: VaultStatus["kept"]) => kept.reduce((sum, { count }) => sum + count, 0);

const OPENED_BY: Record<WrapKind, string> = {
  passphrase: "the passphrase",
  recovery: "the passphrase for recovery",
  keyring: "this system's keyring",
};

async function create(options: Options, world: World): Promise<void> {
  await using app = openApp(options, world, "write");
  const { state, file, problem } = await app.client.vault.status();
  if (problem !== null) throw new Refusal("unusable", problem);
  if (state !== "absent") throw new Refusal("conflict", `there is a vault already: ${file}`);
  const { vaultPassphraseFile: path } = options;
  const passphrase =
    path === undefined
      ? await typeNew("Passphrase", { app, world })
      : await app.seal(await readSecretFile(path));
  const recovery = await newRecovery(options, { app, world });
  await app.client.vault.create({ passphrase, recovery });
  world.out(`the vault is made: ${printable(file)}`);
  world.out("it is in no backup of the database: keep a copy of it elsewhere");
  if (!recovery)
    world.out("it has no passphrase for recovery: who forgets the passphrase loses what is kept");
}

type At = { app: Opened; world: World };

async function newRecovery(options: Options, { app, world }: At): Promise<Sealed | null> {
  if (options.recovery === false) return null;
  if (options.recoveryFile !== undefined) return app.seal(await readSecretFile(options.recoveryFile));
  if (!world.promptSecret)
    throw new Refusal(
      "invalid-input",
      "nobody is there to type a passphrase for recovery; name a file with --recovery-file, or say --no-recovery",
    );
  const prompts = { first: "Another one for recovery (Enter for none): ", again: "Once more: " };
  return sealNew(prompts, true, { app, world });
}

async function typeNew(name: string, at: At): Promise<Sealed> {
  const sealed = await sealNew({ first: `${name}: `, again: "Once more: " }, false, at);
  if (sealed) return sealed;
  throw new Refusal("invalid-input", "nothing was typed");
}

async function tryToOpen(options: Options, world: World): Promise<void> {
  await using app = openApp(options, world, "write");
  await openVaultFor({ app, options, world });
  world.out("it opens, and is locked again now: a command that needs it asks by itself");
}

async function lock(options: Options, world: World): Promise<void> {
  await using app = openApp(options, world, "write");
  await app.client.vault.lock();
  world.out("it is locked: each program that has it open ends that within a second");
}

async function change(
  what: "passphrase" | "recovery",
  options: Options,
  world: World,
  isRemoved = false,
): Promise<void> {
  await using app = openApp(options, world, "write");
  const at = { app, world };
  const { vaultPassphraseFile, newPassphraseFile, recoveryFile } = options;
  const current =
    vaultPassphraseFile === undefined
      ? await sealTyped("Passphrase of the vault: ", at)
      : await app.seal(await readSecretFile(vaultPassphraseFile));
  const file = what === "passphrase" ? newPassphraseFile : recoveryFile;
  const name = what === "passphrase" ? "New passphrase" : "Passphrase for recovery";
  const typeNext = async () =>
    file === undefined ? await typeNew(name, at) : await app.seal(await readSecretFile(file));
  const { kind } =
    what === "passphrase"
      ? await app.client.vault.changePassphrase({ current, next: await typeNext() })
      : await app.client.vault.changeRecovery({ current, next: isRemoved ? null : await typeNext() });
  if (kind === "wrong") throw new Refusal("locked", "that does not open the vault; it is as it was");
  world.out(isRemoved ? "it has no passphrase for recovery any more" : `it has another ${WHAT[what]} now`);
  world.out("older copies of the file still open by the old one, with what they keep: delete them");
}

const WHAT = { passphrase: "passphrase", recovery: "passphrase for recovery" };

function changeRecovery(word: string, options: Options, world: World): Promise<void> {
  if (word !== "set" && word !== "remove")
    throw new Refusal("invalid-input", `latchkey vault recovery takes set or remove, not ${word}`);
  return change("recovery", options, world, word === "remove");
}

async function listPassphrases(options: Options, world: World): Promise<void> {
  await using app = openApp(options, world, "read");
  const kept = await app.client.vault.passphrases();
  if (options.json) return printJson(kept, world);
  if (kept.length === 0) world.out("it keeps no passphrase of a keystore");
  for (const { id, label } of kept) world.out(`${id}  ${printable(label)}`);
}

async function forgetPassphrase(word: string, options: Options, world: World): Promise<void> {
  const id = SecretId.safeParse(word);
  if (!id.success)
    throw new Refusal(
      "invalid-input",
      `${printable(word)} is no number of a passphrase; latchkey vault passphrases lists them`,
    );
  await using app = openApp(options, world, "write");
  await openVaultFor({ app, options, world });
  await app.client.vault.forgetPassphrase({ id: id.data });
  world.out("it is forgotten: a plan or a run that names it can put nothing in place any more");
}

async function setKeyring(word: string, options: Options, world: World): Promise<void> {
  if (word !== "on" && word !== "off")
    throw new Refusal("invalid-input", `latchkey vault keyring takes on or off, not ${word}`);
  await using app = openApp(options, world, "write");
  await openVaultFor({ app, options, world });
  await app.client.vault.setKeyring({ isUsed: word === "on" });
  world.out(
    word === "on"
      ? "this system's keyring opens it from now on"
      : "this system's keyring does not open it any more",
  );
}
