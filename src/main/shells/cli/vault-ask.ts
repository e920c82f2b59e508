import { timingSafeEqual } from "node:crypto";
import { stat } from "node:fs/promises";
import type { Command } from "commander";
import type { App } from "#app";
import { MOST_WRONG_ANSWERS } from "#shared/model/question.ts";
import { Redacted } from "#shared/model/redacted.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { secretCopy } from "#shared/model/secret-bytes.ts";
import type { Sealed } from "#shared/model/vault.ts";
import { printable } from "#shared/text/printable.ts";
import { formatTries } from "./answer-questions.ts";
import { readFileOrRefuse } from "./read-file.ts";
import type { World } from "./world.ts";

const MOST_BYTES = 4_096;

export type VaultOptions = { vaultPassphraseFile?: string };

export type Asking = { app: Pick<App, "client" | "seal">; options: VaultOptions; world: World };

/** For each command that may need the vault open. */
export const addVaultOption = (command: Command): Command =>
  command.option("--vault-passphrase-file <file>", "open the vault with the first line of this file");

/**
 * Opens the vault for as long as the command goes on: by the system's keyring where it has been given that, by a file, or by
 * what is typed now.
 */
export async function openVaultFor({ app, options, world }: Asking): Promise<void> {
  const { vault } = app.client;
  const { state, wraps, file, problem } = await vault.status();
  if (state === "open") return;
  if (problem !== null) throw new Refusal("unusable", problem);
  if (state === "absent")
    throw new Refusal("not-found", `there is no vault ${file} yet; create it: latchkey vault create`);
  if (wraps.some(({ kind }) => kind === "keyring") && (await tryKeyring(app, world))) return;
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

/** The first line of a file, which is refused where others than its owner may read or write it. */
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

/** As ssh does with private keys: a file of ours that others may use keeps no secret. Pipes and files of others pass. */
async function refuseShared(path: string): Promise<void> {
  const about = await stat(path).catch(() => null);
  if (!about?.isFile() || about.uid !== process.getuid?.() || (about.mode & 0o077) === 0) return;
  const mode = (about.mode & 0o777).toString(8).padStart(4, "0");
  throw new Refusal(
    "invalid-input",
    `others may use ${path} (mode ${mode}); make it yours alone: chmod 600 ${path}`,
  );
}

/** What somebody types now, sealed to the vault; refused where nobody is there to type, or nothing was typed. */
export async function sealTyped(prompt: string, { app, world }: Omit<Asking, "options">): Promise<Sealed> {
  const typed = await typeSecretOrRefuse(prompt, world);
  if (Redacted.reveal(typed).length === 0) throw new Refusal("invalid-input", "nothing was typed");
  return app.seal(typed);
}

/** A secret that is new is typed twice. Null: Enter alone, where that is an answer. */
export async function sealNew(
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
