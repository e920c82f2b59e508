import { timingSafeEqual } from "node:crypto";
import { stat } from "node:fs/promises";
import type { Command } from "commander";
import { MOST_WRONG_ANSWERS } from "#shared/model/hosts/prompt.ts";
import { type Sealed, SecretId, type VaultStatus, type WrapKind } from "#shared/model/issuers/vault.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { Redacted, secretCopy } from "#shared/model/secret.ts";
import { formatCount } from "#shared/text/count.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { formatTries } from "#shells/cli/answer-prompts.ts";
import { type CommandApp, openApp } from "#shells/cli/open-app.ts";
import { type CommonOptions, printJson } from "#shells/cli/options.ts";
import { MORE, type Session, type World } from "#shells/cli/session.ts";
import { readFileOrRefuse } from "#shells/cli/terminal.ts";

type Options = CommonOptions &
  VaultOptions & { recovery?: boolean; recoveryFile?: string; newPassphraseFile?: string };

export function addVault(program: Command, { world }: Session): void {
  const vault = program
    .command("vault")
    .helpGroup(MORE)
    .helpCommand(false)
    .description("the encrypted file for keys of issuers and other secrets")
    .addHelpText("after", HELP);
  const add = (name: string, description: string, run: (options: Options, word: string) => Promise<void>) =>
    addVaultOption(vault.command(name).description(description)).action((...args: unknown[]) => {
      const command = args.at(-1) as Command;
      return run(command.optsWithGlobals<Options>(), command.args[0] ?? "");
    });

  add("status", "show where the vault is, what opens it, and what it contains", (options) =>
    showStatus(options, world),
  );
  add("create", "create the vault, with a passphrase and a recovery passphrase", (options) =>
    create(options, world),
  )
    .option("--no-recovery", "no recovery passphrase: if you forget the passphrase, all secrets are lost")
    .option("--recovery-file <file>", "the passphrase for recovery, on the first line of a file");
  add("unlock", "try the passphrase, and unlock the vault of the window that is open, if any", (options) =>
    tryToOpen(options, world),
  );
  add("lock", "lock the vault in all running programs", (options) => lock(options, world));
  add("change", "change the passphrase; needs the old one or the recovery passphrase", (options) =>
    change("passphrase", options, world),
  ).option("--new-passphrase-file <file>", "the new passphrase, on the first line of this file");
  add("recovery <set|remove>", "set or remove the recovery passphrase", (options, word) =>
    changeRecovery(word, options, world),
  ).option("--recovery-file <file>", "the passphrase for recovery, on the first line of a file");
  add("passphrases", "list the stored passphrases of keystores", (options) =>
    listPassphrases(options, world),
  );
  add("forget <id>", "delete a keystore passphrase, by its number in that list", (options, word) =>
    forgetPassphrase(word, options, world),
  );
  add("keyring <on|off>", "let this system's keyring open the vault, or stop that", (options, word) =>
    setKeyring(word, options, world),
  );
}

const HELP = `
The vault is a file beside the database, ending in .vault. Backups of the database do not include it: keep a copy
elsewhere. Its secrets are encrypted with a random key, and that key with the passphrase (scrypt, AES-256-GCM). Only a
separate process has the key, while a command needs it.

A passphrase file must be readable only by its owner (chmod 600), like an SSH private key.

Examples:
  latchkey vault create
  latchkey vault recovery set
  latchkey vault keyring on        commands then open it without asking while you are logged in`;

async function showStatus(options: Options, world: World): Promise<void> {
  await using app = await openApp(options, world, "live");
  const status = await app.client.vault.status();
  if (options.json) return printJson(status, world);
  for (const line of formatStatus(status)) world.out(printable(line));
}

function formatStatus({ state, file, problem, wraps, kept }: VaultStatus): string[] {
  if (problem !== null) return [problem];
  if (state === "absent") return [`there is no vault yet: ${file}`];
  const secrets = kept.map(({ kind, count }) => `  ${kind}: ${count}`);
  const has = (kind: WrapKind) => wraps.find((wrap) => wrap.kind === kind);
  return [
    `${file} is ${state}`,
    ...wraps.map(({ kind, since }) => `opened by ${OPENED_BY[kind]}, since ${since}`),
    ...(has("recovery") ? [] : ["there is no recovery passphrase; set one: latchkey vault recovery set"]),
    secrets.length === 0
      ? "it contains no secrets yet"
      : `it contains ${formatCount(totalOf(kept), "secret")}:`,
    ...secrets,
  ];
}

const totalOf = (kept: VaultStatus["kept"]) => kept.reduce((sum, { count }) => sum + count, 0);

const OPENED_BY: Record<WrapKind, string> = {
  passphrase: "the passphrase",
  recovery: "the recovery passphrase",
  keyring: "this system's keyring",
};

async function create(options: Options, world: World): Promise<void> {
  await using app = await openApp(options, world, "write");
  const { state, file, problem } = await app.client.vault.status();
  if (problem !== null) throw new Refusal("unusable", problem);
  if (state !== "absent") throw new Refusal("conflict", `the vault already exists: ${file}`);
  const { vaultPassphraseFile: path } = options;
  const passphrase =
    path === undefined
      ? await typeNew("Passphrase", { app, world })
      : await app.seal(await readSecretFile(path));
  const recovery = await newRecovery(options, { app, world });
  await app.client.vault.create({ passphrase, recovery });
  world.out(`created the vault ${printable(file)}`);
  world.out("backups of the database do not include it: keep a copy elsewhere");
  if (!recovery)
    world.out("it has no recovery passphrase: if you forget the passphrase, all secrets are lost");
}

type At = { app: CommandApp; world: World };

async function newRecovery(options: Options, { app, world }: At): Promise<Sealed | null> {
  if (options.recovery === false) return null;
  if (options.recoveryFile !== undefined) return app.seal(await readSecretFile(options.recoveryFile));
  if (!world.promptSecret)
    throw new Refusal(
      "invalid-input",
      "this is not a terminal: name a file with --recovery-file, or use --no-recovery",
    );
  const prompts = { first: "Recovery passphrase (Enter for none): ", again: "Repeat it: " };
  return sealNew(prompts, true, { app, world });
}

async function typeNew(name: string, at: At): Promise<Sealed> {
  const sealed = await sealNew({ first: `${name}: `, again: "Repeat it: " }, false, at);
  if (sealed) return sealed;
  throw new Refusal("invalid-input", "nothing was typed");
}

async function tryToOpen(options: Options, world: World): Promise<void> {
  await using app = await openApp(options, world, "write");
  // Also of a vault that is open: what is asked is whether this passphrase opens it.
  const status = await app.client.vault.status();
  refuseUnusable(status);
  await openByPassphrase({ app, options, world }, status);
  world.out(
    app.ownerPid === null
      ? "the passphrase is correct; commands that need the vault prompt for it themselves"
      : `the passphrase is correct; process ${app.ownerPid} has the vault open until it is locked, or unused for ${formatCount(status.idleMinutes, "minute")}`,
  );
}

async function lock(options: Options, world: World): Promise<void> {
  await using app = await openApp(options, world, "write");
  await app.client.vault.lock();
  world.out("locked: every program that had it open closes it within a second");
}

async function change(
  what: "passphrase" | "recovery",
  options: Options,
  world: World,
  isRemoved = false,
): Promise<void> {
  await using app = await openApp(options, world, "write");
  const at = { app, world };
  const { vaultPassphraseFile, newPassphraseFile, recoveryFile } = options;
  const current =
    vaultPassphraseFile === undefined
      ? await sealTyped("Passphrase of the vault: ", at)
      : await app.seal(await readSecretFile(vaultPassphraseFile));
  const file = what === "passphrase" ? newPassphraseFile : recoveryFile;
  const name = what === "passphrase" ? "New passphrase" : "Recovery passphrase";
  const typeNext = async () =>
    file === undefined ? await typeNew(name, at) : await app.seal(await readSecretFile(file));
  const { kind } =
    what === "passphrase"
      ? await app.client.vault.changePassphrase({ current, next: await typeNext() })
      : await app.client.vault.changeRecovery({ current, next: isRemoved ? null : await typeNext() });
  if (kind === "wrong") throw new Refusal("locked", "wrong passphrase; the vault was not changed");
  world.out(isRemoved ? "the recovery passphrase is removed" : `the ${WHAT[what]} is changed`);
  world.out("older copies of the file still open with the old one: delete them");
}

const WHAT = { passphrase: "passphrase", recovery: "recovery passphrase" };

function changeRecovery(word: string, options: Options, world: World): Promise<void> {
  if (word !== "set" && word !== "remove")
    throw new Refusal("invalid-input", `latchkey vault recovery takes set or remove, not ${word}`);
  return change("recovery", options, world, word === "remove");
}

async function listPassphrases(options: Options, world: World): Promise<void> {
  await using app = await openApp(options, world, "read");
  const kept = await app.client.vault.passphrases();
  if (options.json) return printJson(kept, world);
  if (kept.length === 0) world.out("it contains no keystore passphrases");
  for (const { id, label } of kept) world.out(`${id}  ${printable(label)}`);
}

async function forgetPassphrase(word: string, options: Options, world: World): Promise<void> {
  const id = SecretId.safeParse(word);
  if (!id.success)
    throw new Refusal(
      "invalid-input",
      `${printable(word)} is not the number of a passphrase; latchkey vault passphrases lists them`,
    );
  await using app = await openApp(options, world, "write");
  await openVaultFor({ app, options, world });
  await app.client.vault.forgetPassphrase({ id: id.data });
  world.out("deleted: plans and runs that need it can no longer deploy certificates");
}

async function setKeyring(word: string, options: Options, world: World): Promise<void> {
  if (word !== "on" && word !== "off")
    throw new Refusal("invalid-input", `latchkey vault keyring takes on or off, not ${word}`);
  await using app = await openApp(options, world, "write");
  await openVaultFor({ app, options, world });
  await app.client.vault.setKeyring({ isUsed: word === "on" });
  world.out(
    word === "on"
      ? "this system's keyring opens the vault from now on"
      : "this system's keyring no longer opens the vault",
  );
}

const MOST_BYTES = 4_096;

export type VaultOptions = { vaultPassphraseFile?: string };

export type Asking = { app: CommandApp; options: VaultOptions; world: World };

/** For each command that may need the vault open. */
export const addVaultOption = (command: Command): Command =>
  command.option("--vault-passphrase-file <file>", "open the vault with the first line of this file");

/**
 * Opens the vault in the process that does the command's work: until the command ends, or, where that is another process,
 * until it is locked there. By the system's keyring if the vault has a key there, by a file, or by a passphrase that is
 * typed now.
 */
export async function openVaultFor({ app, options, world }: Asking): Promise<void> {
  const status = await app.client.vault.status();
  if (status.state === "open") return;
  refuseUnusable(status);
  if (status.wraps.some(({ kind }) => kind === "keyring") && (await tryKeyring(app, world))) return;
  await openByPassphrase({ app, options, world }, status);
}

function refuseUnusable({ state, file, problem }: VaultStatus): void {
  if (problem !== null) throw new Refusal("unusable", problem);
  if (state === "absent")
    throw new Refusal("not-found", `there is no vault ${file} yet; create it: latchkey vault create`);
}

async function openByPassphrase({ app, options, world }: Asking, { file }: VaultStatus): Promise<void> {
  const { vault } = app.client;
  if (options.vaultPassphraseFile !== undefined) return openByFile(app, options.vaultPassphraseFile);
  for (let tries = MOST_WRONG_ANSWERS; tries > 0; tries--) {
    const passphrase = await sealTyped("Passphrase of the vault: ", { app, world });
    if ((await vault.unlock({ passphrase })).kind === "open") return;
    if (tries > 1) world.err(`wrong passphrase; ${formatTries(tries - 1)}`);
  }
  throw new Refusal("locked", `none of the passphrases opens the vault ${file}; nothing was changed`);
}

async function tryKeyring({ client }: Asking["app"], world: World): Promise<boolean> {
  try {
    await client.vault.unlockByKeyring();
    return true;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    world.err(`latchkey: ${printable(error.message)}`);
    return false;
  }
}

async function openByFile(app: Asking["app"], path: string): Promise<void> {
  const passphrase = await app.seal(await readSecretFile(path));
  if ((await app.client.vault.unlock({ passphrase })).kind === "wrong")
    throw new Refusal("locked", `the passphrase in ${path} does not open the vault`);
}

/** The first line of a file; refuses a file that others than its owner may read or write. */
export async function readSecretFile(path: string): Promise<Redacted<Uint8Array>> {
  await refuseShared(path);
  const bytes = await readFileOrRefuse(path, MOST_BYTES);
  if (bytes === null)
    throw new Refusal("too-many", `${path} is larger than 4 KiB, too large for a passphrase`);
  const end = bytes.findIndex((byte) => byte === 0x0a || byte === 0x0d);
  const line = secretCopy(end < 0 ? bytes : bytes.subarray(0, end));
  bytes.fill(0);
  return new Redacted(line);
}

/** As ssh does with private keys: a file of ours that others may use is no secret. Pipes and files of others pass. */
async function refuseShared(path: string): Promise<void> {
  const about = await stat(path).catch(() => null);
  if (!about?.isFile() || about.uid !== process.getuid?.() || (about.mode & 0o077) === 0) return;
  const mode = (about.mode & 0o777).toString(8).padStart(4, "0");
  throw new Refusal(
    "invalid-input",
    `others may use ${path} (mode ${mode}); make it yours alone: chmod 600 ${path}`,
  );
}

/** What the user types now, sealed to the vault; refused if nobody is at a terminal, or if nothing was typed. */
export async function sealTyped(prompt: string, { app, world }: Omit<Asking, "options">): Promise<Sealed> {
  const typed = await typeSecretOrRefuse(prompt, world);
  if (Redacted.reveal(typed).length === 0) throw new Refusal("invalid-input", "nothing was typed");
  return app.seal(typed);
}

/** A new secret is typed twice. Null: Enter alone, where that is an answer. */
async function sealNew(
  { first, again }: { first: string; again: string },
  mayBeEmpty: boolean,
  { app, world }: Omit<Asking, "options">,
): Promise<Sealed | null> {
  const typed = await typeSecretOrRefuse(first, world);
  const bytes = Redacted.reveal(typed);
  if (bytes.length === 0) {
    if (mayBeEmpty) return null;
    throw new Refusal("invalid-input", "nothing was typed");
  }
  const repeated = Redacted.reveal(await typeSecretOrRefuse(again, world));
  const isSame = bytes.length === repeated.length && timingSafeEqual(bytes, repeated);
  repeated.fill(0);
  if (isSame) return app.seal(typed);
  bytes.fill(0);
  throw new Refusal("invalid-input", "the two are not the same; nothing was changed");
}

async function typeSecretOrRefuse(
  prompt: string,
  { promptSecret = null }: World,
): Promise<Redacted<Uint8Array>> {
  if (!promptSecret)
    throw new Refusal(
      "invalid-input",
      "this is not a terminal: name a file with the vault's passphrase with --vault-passphrase-file",
    );
  const typed = await promptSecret(prompt);
  if (typed) return typed;
  throw new Refusal("invalid-input", "nothing was typed");
}
