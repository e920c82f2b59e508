/**
 * Private keys on this computer: files, and keys of its agents. Also reads a key pair from a private key file of this
 * computer, with the passphrase that opens or locks one.
 */

import { isOpenedHere } from "#domain/runs/access/checks/private-keys.ts";
import type { PrivateKeySeen } from "#domain/runs/step.ts";
import { makeNonce, POSSESSION_NAMESPACE, writeStatement } from "#domain/signatures/possession.ts";
import { isSignedBy, signedBytes } from "#domain/signatures/ssh-signature.ts";
import { readKeyBlob } from "#domain/ssh/key-blob.ts";
import {
  addToAgent,
  type KeyPair,
  type RunSecrets,
  readKeyPair,
  removeFromAgent,
  signByAgent,
} from "#net/local/private-keys/key-pair.ts";
import {
  dropKeptPrivateKey,
  inspectPrivateKey,
  installPrivateKey,
  type KeyReplacement,
  type KeyReplacementOutcome,
  keepOldPrivateKey,
  putBackKeptPrivateKey,
  removeOldPrivateKey,
  restoreOldPrivateKey,
  writeNewPrivateKey,
} from "#net/local/private-keys/replace-private-key.ts";
import { listAgentKeys, readSmallFile } from "#net/ssh/identities.ts";
import type { PromptUser } from "#net/ssh/interactive-login.ts";
import { unlock } from "#net/ssh/locked/key-lock.ts";
import { readPrivateKeyFile } from "#net/ssh/private-key-file.ts";
import type { KeyPossession } from "#shared/model/hosts/host.ts";
import { MOST_WRONG_ANSWERS } from "#shared/model/hosts/prompt.ts";
import { newKeyOf, oldKeyOf, type PrivateKeyPlan } from "#shared/model/runs/plan.ts";
import { Redacted } from "#shared/model/secret.ts";
import {
  blobOf,
  DONE,
  fail,
  failSaying,
  NO_PRIVATE_KEY,
  type Outcome,
  type PrivateKeyContext,
} from "./locations.ts";

/**
 * A plan does not wait long for an agent that prompts somebody who is not there; a run waits for the user who started
 * it.
 */
const PLAN_WAITS_MS = 10_000;
const RUN_WAITS_MS = 60_000;

/** Whether an agent of this computer signs a fresh nonce with the key. */
export async function verifyAgent(
  socketPath: string,
  fingerprint: string,
  timeoutMs = PLAN_WAITS_MS,
): Promise<KeyPossession> {
  const location = { hostKey: "here", path: socketPath, fingerprint };
  const bytes = signedBytes(
    { namespace: POSSESSION_NAMESPACE, reserved: Buffer.alloc(0), hashName: "sha512" },
    writeStatement(location, makeNonce()),
  );
  const signed = await signByAgent(socketPath, { fingerprint, bytes, timeoutMs });
  if (!signed) return { kind: "claimed", why: "agent-silent" };
  const key = readKeyBlob(signed.blob);
  switch (key ? isSignedBy(key, bytes, signed.signature) : "unsupported") {
    case "yes":
      return { kind: "verified" };
    case "no":
      return { kind: "other-key" };
    case "unsupported":
      return { kind: "claimed", why: "unsupported" };
  }
}

export const toKeyFile = ({ path, before, hasPublicFile }: KeyReplacement): KeyReplacement => ({
  path,
  before,
  hasPublicFile,
});

export async function inspectHere(
  near: PrivateKeyContext,
  privateKey: PrivateKeyPlan,
): Promise<PrivateKeySeen> {
  const fingerprint = near.newKey?.fingerprint ?? "";
  if (privateKey.kind === "agent") return inspectAgent(near, privateKey);
  const state = await inspectPrivateKey(toKeyFile(privateKey), fingerprint);
  switch (state.kind) {
    case "untouched":
      return state.isBegun ? "begun" : "old";
    case "made":
      // Where the key is created, it is there from the very first step on.
      return state.isBegun || !isMadeAt(near, privateKey) ? "begun" : "old";
    case "installed":
      return "new";
    case "committed":
      return "committed";
    case "strange":
      return "other";
  }
}

const isMadeAt = ({ plan }: PrivateKeyContext, { path }: PrivateKeyPlan): boolean => {
  const newKey = newKeyOf(plan);
  return newKey?.kind === "made-here" && newKey.path === path;
};

export async function installHere(near: PrivateKeyContext, privateKey: PrivateKeyPlan): Promise<Outcome> {
  const { newKey, secrets } = near;
  if (!newKey) throw new Error("there is no new key to install");
  if (privateKey.kind === "agent") {
    if (!secrets) return fail(NO_PRIVATE_KEY);
    return (
      (await refuseAgent(near, privateKey)) ?? toOutcome(await addToAgent(privateKey.path, secrets.keyPair))
    );
  }
  const keyFile = toKeyFile(privateKey);
  const state = await inspectPrivateKey(keyFile, newKey.fingerprint);
  if (state.kind === "untouched" || state.kind === "made") {
    const refused = await refuseFile(near, privateKey);
    if (refused) return refused;
  }
  if (state.kind === "untouched") {
    if (!secrets) return fail(NO_PRIVATE_KEY);
    const made = await writeNewPrivateKey(
      keyFile,
      secrets.keyPair,
      privateKey.isEncrypted ? secrets.passphrase : null,
    );
    if (made.kind !== "done") return failSaying(made.message);
  }
  return toOutcome(await installPrivateKey(keyFile, newKey.fingerprint));
}

/** Null if the agent has just signed with the old key, or if the user acknowledged by its path that it did not sign. */
async function refuseAgent(
  near: PrivateKeyContext,
  { path, possession: planned }: PrivateKeyPlan,
): Promise<Outcome | null> {
  // The new key was added to it before, and it has forgotten the old one since.
  if (await findInAgent(path, near.newKey?.fingerprint ?? null)) return null;
  const possession = await verifyAgent(path, oldKeyOf(near.plan) ?? "", RUN_WAITS_MS);
  if (possession.kind === "verified" || (possession.kind === "claimed" && planned.kind === "claimed"))
    return null;
  return fail({ kind: "agent-did-not-sign", path });
}

/** Null if the file contains the old private key: a locked one is opened for that, with its passphrase. */
async function refuseFile(near: PrivateKeyContext, privateKey: PrivateKeyPlan): Promise<Outcome | null> {
  const { path, before, possession } = privateKey;
  // A key that is created where nothing was replaces no other.
  if (before === null || (possession.kind === "claimed" && !isOpenedHere(privateKey))) return null;
  const opened = await openKeyFile(path, near);
  if ("why" in opened) return failSaying(`${opened.why}, so it gets no new key`);
  if (opened.keyPair.fingerprint === oldKeyOf(near.plan)) return null;
  return fail({ kind: "another-key", path });
}

export async function commitHere(
  near: PrivateKeyContext,
  privateKey: PrivateKeyPlan,
  keepsOld: boolean,
): Promise<Outcome> {
  if (privateKey.kind === "file") {
    const end = keepsOld ? keepOldPrivateKey : removeOldPrivateKey;
    return toOutcome(await end(toKeyFile(privateKey), near.newKey?.fingerprint ?? ""));
  }
  if (keepsOld) return DONE;
  const old = await findInAgent(privateKey.path, oldKeyOf(near.plan));
  return old ? toOutcome(await removeFromAgent(privateKey.path, old.blob)) : DONE;
}

/** An agent has kept its old key. */
export const putBackKeptHere = async (
  { kind, ...privateKey }: PrivateKeyPlan,
  what: "inspect" | "move",
): Promise<Outcome> =>
  kind === "agent" ? DONE : toOutcome(await putBackKeptPrivateKey(toKeyFile(privateKey), what));

export const dropKeptHere = async (privateKey: PrivateKeyPlan): Promise<Outcome> =>
  toOutcome(await dropKeptPrivateKey(toKeyFile(privateKey)));

export async function undoHere({ newKey }: PrivateKeyContext, privateKey: PrivateKeyPlan): Promise<Outcome> {
  if (!newKey) return DONE;
  if (privateKey.kind === "agent") return toOutcome(await removeFromAgent(privateKey.path, blobOf(newKey)));
  return toOutcome(await restoreOldPrivateKey(toKeyFile(privateKey), newKey.fingerprint));
}

const toOutcome = (outcome: KeyReplacementOutcome): Outcome =>
  outcome.kind === "done" ? DONE : failSaying(outcome.message);

/** An agent that was emptied, or restarted, has neither key: the new one must still be added then. */
async function inspectAgent(
  { plan, newKey }: PrivateKeyContext,
  { path }: PrivateKeyPlan,
): Promise<PrivateKeySeen> {
  if (!(await findInAgent(path, newKey?.fingerprint ?? null))) return "old";
  return (await findInAgent(path, oldKeyOf(plan))) ? "new" : "committed";
}

async function findInAgent(socketPath: string, fingerprint: string | null) {
  const { keys } = await listAgentKeys(socketPath);
  return keys.find((key) => key.fingerprint === fingerprint) ?? null;
}

/** `secrets`: with a passphrase that was typed already, which is tried before any prompt. */
type PromptContext = Pick<PrivateKeyContext, "promptUser" | "signal"> & {
  secrets?: PrivateKeyContext["secrets"];
};

type Opened = { keyPair: KeyPair; passphrase: Redacted<string> | null } | { why: string };

/** Prompts for the passphrase if there is one, three times at the most. */
export async function openKeyFile(
  path: string,
  { promptUser, signal, secrets = null }: PromptContext,
): Promise<Opened> {
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
    const [passphrase] = (await promptUser({ about, prompts, wrongAnswers }, signal))?.answers ?? [];
    signal.throwIfAborted();
    if (!passphrase || Redacted.reveal(passphrase) === "") return { why: `${path} ${NOT_PROVIDED}` };
    const unlocked = await unlock(file.lock, passphrase, signal);
    if (unlocked.kind === "failed") return { why: `${path}: ${unlocked.why}` };
    if (unlocked.kind === "opened") return toOpened(path, unlocked.text, passphrase);
  }
  return { why: `${path} was not unlocked: three passphrases were wrong` };
}

const NOT_PROVIDED =
  "has a passphrase, and nobody entered it: run this where it can be asked for, at a terminal or in the window";

function toOpened(path: string, text: Redacted<string>, passphrase: RunSecrets["passphrase"]): Opened {
  const keyPair = readKeyPair(text);
  // Under a passphrase, too, a file can have another key's public key.
  const file = readPrivateKeyFile(Buffer.from(Redacted.reveal(text), "latin1"));
  if (file.kind === "unusable") return { why: `${path}: ${file.why}` };
  return keyPair ? { keyPair, passphrase } : { why: `${path} holds no key that can be put anywhere else` };
}

/** For a new private key, if no key here has a passphrase yet; typed twice. */
export async function promptNewPassphrase(
  keyFile: string,
  { promptUser, signal }: { promptUser: PromptUser; signal: AbortSignal },
): Promise<{ passphrase: Redacted<string> } | { why: string }> {
  const about = { kind: "passphrase" as const, file: keyFile, fingerprint: null };
  const prompts = [
    { text: "Passphrase for the new key", isEchoed: false },
    { text: "The same again", isEchoed: false },
  ];
  for (let wrongAnswers = 0; wrongAnswers < MOST_WRONG_ANSWERS; wrongAnswers++) {
    const [first, second] = (await promptUser({ about, prompts, wrongAnswers }, signal))?.answers ?? [];
    signal.throwIfAborted();
    if (!first || !second || Redacted.reveal(first) === "") return { why: `${keyFile} ${NOT_PROVIDED}` };
    if (Redacted.reveal(first) === Redacted.reveal(second)) return { passphrase: first };
  }
  return { why: `${keyFile} ${NOT_PROVIDED}` };
}
