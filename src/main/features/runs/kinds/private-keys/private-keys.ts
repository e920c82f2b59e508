/**
 * Private keys of a run: created, installed in place of the old ones, committed, rolled back. Idempotent, each by what
 * it finds.
 */

import { viewKey } from "#codec/fingerprint.ts";
import { RSA_BITS } from "#codec/ssh-key.ts";
import {
  createKeyPair,
  type NewKeyType,
  type RunSecrets,
  toIdentity,
} from "#net/local/private-keys/key-pair.ts";
import {
  clearTorn,
  installPrivateKey,
  type KeyReplacement,
  namesOf,
  restoreOldPrivateKey,
  writeNewPrivateKey,
} from "#net/local/private-keys/replace-private-key.ts";
import { gatherIdentities, readKeyFile } from "#net/ssh/identities.ts";
import { inspectPrivateKey, createKey as makeOnHost } from "#net/ssh/session/private-keys.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import type { VerificationKey } from "#net/ssh/verify/verification.ts";
import { refusedAt } from "#runs/engine/runbook.ts";
import {
  type KeyPlan,
  type NewKey,
  newKeyOf,
  type Plan,
  type PrivateKeyPlan,
  privateKeysByHost,
  privateKeysHere,
} from "#shared/model/runs/plan.ts";
import type { Cause, PlainCause } from "#shared/model/runs/step-result.ts";
import { formatHostAddress } from "#shared/text/hosts/target.ts";
import {
  commitHere,
  dropKeptHere,
  inspectHere,
  installHere,
  openKeyFile,
  promptNewPassphrase,
  putBackKeptHere,
  toKeyFile,
  undoHere,
} from "./here.ts";
import { blobOf, DONE, fail, failBy, failSaying, type Outcome, type PrivateKeyContext } from "./locations.ts";
import {
  commitThere,
  dropKeptThere,
  inspectThere,
  installThere,
  NO_BLOB,
  putBackKeptThere,
  refuseUnverified,
  undoThere,
} from "./on-host.ts";

/**
 * `remote`: the session of the host that has the private key; null if this computer has it. `agentSocket`: the user's
 * own agent.
 */
export function createPrivateKeys({ agentSocket }: { agentSocket: string | null }) {
  const known = new WeakMap<Plan, Map<string, VerificationKey | null>>();
  return {
    createKey: makeNewKey,
    undoMake,
    reopen,
    inspect: (near: PrivateKeyContext, privateKey: PrivateKeyPlan, remote: RemoteSession | null) =>
      remote ? inspectThere(near, privateKey, remote) : inspectHere(near, privateKey),
    install: (near: PrivateKeyContext, privateKey: PrivateKeyPlan, remote: RemoteSession | null) =>
      remote ? installThere(near, privateKey, remote) : installHere(near, privateKey),
    undo: (near: PrivateKeyContext, privateKey: PrivateKeyPlan, remote: RemoteSession | null) =>
      remote ? undoThere(near, privateKey, remote) : undoHere(near, privateKey),
    commit: (
      near: PrivateKeyContext,
      privateKey: PrivateKeyPlan,
      remote: RemoteSession | null,
      keepsOld: boolean,
    ) =>
      remote ? commitThere(near, privateKey, { remote, keepsOld }) : commitHere(near, privateKey, keepsOld),
    putBackKept: (privateKey: PrivateKeyPlan, remote: RemoteSession | null, what: "inspect" | "move") =>
      remote ? putBackKeptThere(privateKey, remote, what) : putBackKeptHere(privateKey, what),
    dropKept: (privateKey: PrivateKeyPlan, remote: RemoteSession | null) =>
      remote ? dropKeptThere(privateKey, remote) : dropKeptHere(privateKey),
    /** The passphrase of a key is prompted for once a run. */
    async verificationKey(near: PrivateKeyContext, fingerprint: string): Promise<VerificationKey | null> {
      const keys = known.get(near.plan) ?? new Map<string, VerificationKey | null>();
      known.set(near.plan, keys);
      const found = keys.get(fingerprint) ?? (await findVerificationKey(near, fingerprint, agentSocket));
      // The path of the new private key changes while the run goes on.
      if (near.secrets?.keyPair.fingerprint !== fingerprint) keys.set(fingerprint, found);
      return found;
    },
  };
}

/** The key that a verification from here logs in with; null if its private key cannot be used here. */
async function findVerificationKey(
  near: PrivateKeyContext,
  fingerprint: string,
  agentSocket: string | null,
): Promise<VerificationKey | null> {
  const { plan, secrets } = near;
  const newKey = newKeyOf(plan);
  const path = newKey?.kind === "made-on-host" ? null : (newKey?.path ?? null);
  const here = privateKeysHere(plan);
  if (secrets?.keyPair.fingerprint === fingerprint)
    return toIdentity(secrets.keyPair, await whereIs(path, fingerprint));
  const files = [
    ...(plan.kind === "tighten-grants" && plan.verificationKey !== null ? [plan.verificationKey] : []),
    ...here.flatMap((privateKey) => (privateKey.kind === "file" ? [privateKey.path] : [])),
  ];
  const agent = here.find(({ kind }) => kind === "agent")?.path ?? agentSocket;
  const identityFiles = path === null ? files : [path, ...files];
  const { identities, unusable } = await gatherIdentities({
    identityFiles,
    agentSocket: agent,
    configured: { files: [], isForAll: true },
    home: "",
    unlock: async (file) => {
      const opened = file.fingerprint === fingerprint ? await openKeyFile(file.path, near) : { why: "" };
      if ("why" in opened) return { why: opened.why };
      const { secret, ...view } = toIdentity(opened.keyPair, file.path);
      if (secret.kind !== "file") return { why: "" };
      return { ...view, kind: "usable", blob: opened.keyPair.blob, key: secret.key };
    },
  });
  return (
    identities.find((one) => one.fingerprint === fingerprint) ??
    unusable.flatMap(({ forClient }) => forClient ?? []).find((one) => one.fingerprint === fingerprint) ??
    null
  );
}

/** The path, which OpenSSH's client reads itself. */
async function whereIs(path: string | null, fingerprint: string): Promise<string> {
  if (path === null) return "";
  const { now, made } = namesOf(path);
  const file = await readKeyFile(made);
  return typeof file === "object" && "fingerprint" in file && file.fingerprint === fingerprint ? made : now;
}

/** The new key: created here or on the host that has the old private key, or opened again after a restart. */

type MadeHere = Extract<NewKey, { kind: "made-here" }>;
type MadeThere = Extract<NewKey, { kind: "made-on-host" }>;

type Made =
  | { kind: "made"; line: string; fingerprint: string; secrets: RunSecrets | null }
  | { kind: "failed"; cause: Cause };

/** `isFresh`: this run has not tried before, so what is there is another run's, which may rely on it. */
async function makeNewKey(
  near: PrivateKeyContext,
  remote: RemoteSession | null,
  isFresh = false,
): Promise<Made> {
  const newKey = newKeyOf(near.plan);
  if (newKey?.kind === "made-here") return isFresh ? makeHereAfresh(near, newKey) : makeHere(near, newKey);
  if (newKey?.kind === "made-on-host" && remote) return makeWhereHeld(near, newKey, remote, isFresh);
  throw new Error("a key is to be made that the plan does not make, or nowhere");
}

/** The secrets of a key that was created, or provided, before this process began. */
async function reopen(
  near: PrivateKeyContext,
): Promise<{ kind: "open"; secrets: RunSecrets | null } | { kind: "failed"; cause: PlainCause }> {
  const { plan, newKey } = near;
  const planned = newKeyOf(plan);
  if (planned?.kind === "made-on-host" || !planned?.path) return { kind: "open", secrets: null };
  const { now, made } = namesOf(planned.path);
  const paths = planned.kind === "provided" ? [now] : [made, now];
  for (const path of paths) {
    if ((await fingerprintOf(path)) !== newKey?.fingerprint) continue;
    const opened = await openKeyFile(path, near);
    if ("why" in opened) return failSaying(opened.why);
    const secrets = await lockFor(near, opened);
    return "why" in secrets ? failSaying(secrets.why) : { kind: "open", secrets };
  }
  return fail({ kind: "new-key-unavailable", path: planned.path });
}

/** Deletes what was created and is in use nowhere. */
async function undoMake(near: PrivateKeyContext, remote: RemoteSession | null): Promise<Outcome> {
  const newKey = newKeyOf(near.plan);
  if (newKey?.kind === "made-on-host" && remote)
    return undoThere(near, toPrivateKey(near.plan, newKey), remote);
  if (newKey?.kind !== "made-here") return DONE;
  const keyFile = primaryLocation(near.plan, newKey);
  const fingerprint = near.newKey?.fingerprint ?? (await fingerprintOf(namesOf(keyFile.path).made));
  if (!fingerprint) return clearTorn(keyFile).then(() => DONE);
  const undone = await restoreOldPrivateKey(keyFile, fingerprint);
  return undone.kind === "done" ? DONE : failSaying(undone.message);
}

async function makeHereAfresh(near: PrivateKeyContext, newKey: MadeHere): Promise<Made> {
  const { made } = namesOf(newKey.path);
  if ((await readKeyFile(made)) === "missing") return makeHere(near, newKey);
  return fail({ kind: "key-made-by-another-run", path: made });
}

/** If nothing is at the path yet, the new private key is installed there at once. */
async function makeHere(near: PrivateKeyContext, newKey: MadeHere): Promise<Made> {
  const keyFile = primaryLocation(near.plan, newKey);
  const secrets = (await takeEarlier(near, keyFile)) ?? (await makeSecrets(near, newKey));
  if ("why" in secrets) return failSaying(secrets.why);
  const { keyPair } = secrets;
  const made = await writeNewPrivateKey(
    keyFile,
    keyPair,
    isLocked(near.plan, keyFile) ? secrets.passphrase : null,
  );
  if (made.kind !== "done") return failSaying(made.message);
  const put = keyFile.before === null ? await installPrivateKey(keyFile, keyPair.fingerprint) : made;
  if (put.kind !== "done") return failSaying(put.message);
  return { kind: "made", line: keyPair.line, fingerprint: keyPair.fingerprint, secrets };
}

/** What an earlier try has left, before it was written; it was granted nowhere then. */
async function takeEarlier(
  near: PrivateKeyContext,
  keyFile: KeyReplacement,
): Promise<RunSecrets | { why: string } | null> {
  const { made, now } = namesOf(keyFile.path);
  const known = near.newKey?.fingerprint;
  const left = [made, now];
  for (const path of left) {
    const fingerprint = await fingerprintOf(path);
    const isIt = known ? fingerprint === known : fingerprint !== null && path === made;
    if (!isIt) continue;
    const opened = await openKeyFile(path, near);
    return "why" in opened ? opened : lockFor(near, opened);
  }
  return null;
}

async function makeSecrets(
  near: PrivateKeyContext,
  { keyType, comment }: MadeHere,
): Promise<RunSecrets | { why: string }> {
  const locked = privateKeysHere(near.plan).find(({ kind, isEncrypted }) => kind === "file" && isEncrypted);
  const old = locked ? await openKeyFile(locked.path, near) : null;
  if (old && "why" in old) return old;
  const keyPair = await createKeyPair({ keyType: keyType as NewKeyType, comment });
  return lockFor(near, { keyPair, passphrase: old?.passphrase ?? null });
}

/**
 * A host's old private key may have a passphrase while none of this computer has: then there is a prompt for a new
 * passphrase.
 */
async function lockFor(near: PrivateKeyContext, secrets: RunSecrets): Promise<RunSecrets | { why: string }> {
  if (secrets.passphrase) return secrets;
  const [locked] = privateKeysByHost(near.plan)
    .flat()
    .flatMap(({ host, path, isEncrypted }) =>
      host && isEncrypted ? [`${formatHostAddress(host)}:${path}`] : [],
    );
  if (!locked) return secrets;
  const answer = await promptNewPassphrase(locked, near);
  return "why" in answer ? answer : { ...secrets, ...answer };
}

/** Only beside a private key that has signed just now; a host key replaces none. */
async function makeWhereHeld(
  near: PrivateKeyContext,
  newKey: MadeThere,
  remote: RemoteSession,
  isFresh: boolean,
): Promise<Made> {
  const privateKey = toPrivateKey(near.plan, newKey);
  if (near.plan.kind === "rotate-key") {
    const refused = await refuseUnverified(near, { ...privateKey, possession: { kind: "verified" } }, remote);
    if (refused) return failed(refused);
  }
  // What an account begins and does not report counts as this run's own: so nothing of another run may be there.
  const occupied = isFresh ? await refuseOccupied(privateKey, remote) : null;
  if (occupied) return occupied;
  const made = await makeThere({ ...newKey, owner: privateKey.uid }, remote, isFresh);
  if (made.kind !== "unclear") return made;
  const cleared = await undoThere(near, privateKey, remote);
  return cleared.kind === "done"
    ? fail(made.cause)
    : {
        kind: "failed",
        cause: { kind: "begun-at", by: made.cause, path: `${privateKey.path}.latchkey-new` },
      };
}

/** A session broke: its request is sent again. */
const failed = (outcome: Exclude<Outcome, { kind: "done" }>) =>
  outcome.kind === "failed" ? outcome : failSaying(outcome.message);

async function refuseOccupied({ path, before }: PrivateKeyPlan, remote: RemoteSession) {
  const seen = await inspectPrivateKey(remote, { path, before, blob: NO_BLOB });
  if (seen.kind !== "seen") return failed(failBy(seen, path));
  if (seen.made.kind === "none") return null;
  return fail(refusedAt({ why: "new-occupied", detail: "" }, path));
}

async function makeThere(
  { path, keyType, comment, owner }: MadeThere & { owner: number | null },
  remote: RemoteSession,
  isFresh: boolean,
): Promise<Made | { kind: "unclear"; cause: PlainCause }> {
  const request = {
    path,
    keyType: keyType as NewKeyType,
    bits: keyType === "rsa" ? RSA_BITS : null,
    comment,
    isFresh,
    owner,
  };
  const made = await makeOnHost(remote, request);
  if (made.kind === "failed") return { kind: "unclear", cause: refusedAt(made, path) };
  if (made.kind !== "made") return failed(failBy(made, path));
  const line = made.line.split(" ").slice(0, 2).join(" ");
  return { kind: "made", line, fingerprint: viewKey(blobOf({ line })).fingerprint, secrets: null };
}

function primaryLocation(plan: KeyPlan, { path }: { path: string }): KeyReplacement {
  const privateKey = privateKeysHere(plan).find((one) => one.kind === "file" && one.path === path);
  return privateKey ? toKeyFile(privateKey) : { path, before: null, hasPublicFile: true };
}

const isLocked = (plan: KeyPlan, keyFile: KeyReplacement): boolean =>
  privateKeysHere(plan).some(({ path, isEncrypted }) => path === keyFile.path && isEncrypted === true);

/** A host key has no other location: nothing is at its path. */
function toPrivateKey(plan: KeyPlan, { host, port, path }: MadeThere): PrivateKeyPlan {
  if (plan.kind === "rotate-host-key")
    return {
      host: { host, port },
      kind: "file",
      path,
      before: null,
      hasPublicFile: true,
      isEncrypted: false,
      uid: 0,
      gid: 0,
      owner: "root",
      mode: "0600",
      possession: { kind: "claimed", why: "not-tested" },
    };
  const found = plan.hosts
    .find((one) => one.host === host && one.port === port)
    ?.privateKeyLocations.find((one) => one.path === path);
  if (!found) throw new Error("the plan makes a key where nothing is held");
  return found;
}

async function fingerprintOf(path: string): Promise<string | null> {
  const file = await readKeyFile(path);
  return typeof file === "object" && "fingerprint" in file ? file.fingerprint : null;
}
