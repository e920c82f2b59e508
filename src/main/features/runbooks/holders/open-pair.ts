/** A key pair from a private key file of this computer, and the passphrase that it takes to open or to lock one. */
import { type KeyPair, readKeyPair } from "#net/local/private-halves/key-pair.ts";
import type { RunSecrets } from "#net/local/private-halves/run-secrets.ts";
import type { Ask } from "#net/ssh/ask.ts";
import { readSmallFile } from "#net/ssh/identities.ts";
import { unlock } from "#net/ssh/locked/unlock.ts";
import { readPrivateKeyFile } from "#net/ssh/private-key-file.ts";
import { MOST_WRONG_ANSWERS } from "#shared/model/question.ts";
import { Redacted } from "#shared/model/redacted.ts";
import type { Near } from "./near.ts";

/** `secrets`: with a passphrase that was told already, which is tried before anybody is asked. */
type Asking = Pick<Near, "ask" | "signal"> & { secrets?: Near["secrets"] };

export type Opened = { pair: KeyPair; passphrase: Redacted<string> | null } | { why: string };

/** Asks for the passphrase where there is one, three times at the most. */
export async function openPair(path: string, { ask, signal, secrets = null }: Asking): Promise<Opened> {
  const bytes = await readSmallFile(path);
  if (!Buffer.isBuffer(bytes))
    return { why: `${path}: ${bytes === "missing" ? "it is not there" : bytes.unreadable}` };
  const file = readPrivateKeyFile(bytes);
  if (file.kind === "unusable" && !file.lock) return { why: `${path}: ${file.why}` };
  if (file.kind === "usable") return toOpened(path, new Redacted(bytes.toString("latin1")), null);
  if (file.lock && secrets?.passphrase) {
    const unlocked = await unlock(file.lock, secrets.passphrase, signal);
    if (unlocked.kind === "opened") return toOpened(path, unlocked.text, secrets.passphrase);
  }
  const about = { kind: "passphrase" as const, file: path, fingerprint: file.fingerprint };
  const prompts = [{ text: "Passphrase", isEchoed: false }];
  for (let wrongAnswers = 0; wrongAnswers < MOST_WRONG_ANSWERS && file.lock; wrongAnswers++) {
    const [passphrase] = (await ask({ about, prompts, wrongAnswers }, signal))?.answers ?? [];
    signal.throwIfAborted();
    if (!passphrase || Redacted.reveal(passphrase) === "") return { why: `${path} ${NOT_TOLD}` };
    const unlocked = await unlock(file.lock, passphrase, signal);
    if (unlocked.kind === "failed") return { why: `${path}: ${unlocked.why}` };
    if (unlocked.kind === "opened") return toOpened(path, unlocked.text, passphrase);
  }
  return { why: `${path} was not unlocked: three passphrases were wrong` };
}

const NOT_TOLD =
  "has a passphrase, and nobody told it: run this where it can be asked for, at a terminal or in the window";

function toOpened(path: string, text: Redacted<string>, passphrase: RunSecrets["passphrase"]): Opened {
  const pair = readKeyPair(text);
  // Under a passphrase, too, a file can show another key's public half.
  const file = readPrivateKeyFile(Buffer.from(Redacted.reveal(text), "latin1"));
  if (file.kind === "unusable") return { why: `${path}: ${file.why}` };
  return pair ? { pair, passphrase } : { why: `${path} holds no key that can be put anywhere else` };
}

/** For a new half, where nothing that is here is locked with one yet; typed twice. */
export async function askNewPassphrase(
  place: string,
  { ask, signal }: { ask: Ask; signal: AbortSignal },
): Promise<{ passphrase: Redacted<string> } | { why: string }> {
  const about = { kind: "passphrase" as const, file: place, fingerprint: null };
  const prompts = [
    { text: "Passphrase for the new key", isEchoed: false },
    { text: "The same again", isEchoed: false },
  ];
  for (let wrongAnswers = 0; wrongAnswers < MOST_WRONG_ANSWERS; wrongAnswers++) {
    const [first, second] = (await ask({ about, prompts, wrongAnswers }, signal))?.answers ?? [];
    signal.throwIfAborted();
    if (!first || !second || Redacted.reveal(first) === "") return { why: `${place} ${NOT_TOLD}` };
    if (Redacted.reveal(first) === Redacted.reveal(second)) return { passphrase: first };
  }
  return { why: `${place} ${NOT_TOLD}` };
}
