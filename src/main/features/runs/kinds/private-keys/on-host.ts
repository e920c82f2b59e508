/** Private keys on hosts, installed and rolled back by a session, as the account that owns the folder. */

import type { PrivateKeySeen } from "#domain/runs/step.ts";
import { makeNonce, verifyPossession, writeStatement } from "#domain/signatures/possession.ts";
import { hashSealed, sealKeyPair } from "#net/local/private-keys/key-pair.ts";
import { nameKept } from "#net/local/private-keys/replace-private-key.ts";
import {
  dropKeptPrivateKey,
  hidePublic,
  inspectPrivateKey,
  installPrivateKey,
  type KeyInspection,
  keepOldPrivateKey,
  putBackKeptPrivateKey,
  removeOldPrivateKey,
  restoreOldPrivateKey,
  showPublic,
  signWithKey,
  tidyPrivateKey,
} from "#net/ssh/session/private-keys.ts";
import type { Lost, RemoteSession } from "#net/ssh/session/remote-session.ts";
import type { ClaimReason, KeyPossession } from "#shared/model/hosts/host.ts";
import type { HostRefusal } from "#shared/model/runs/host-refusal.ts";
import { newKeyOf, oldKeyOf, type PrivateKeyPlan } from "#shared/model/runs/plan.ts";
import type { PlainCause } from "#shared/model/runs/step-result.ts";
import { Redacted } from "#shared/model/secret.ts";
import {
  blobOf,
  DONE,
  fail,
  failBy,
  NO_PRIVATE_KEY,
  type Outcome,
  type PrivateKeyContext,
} from "./locations.ts";

/** `hash`: of the very file that signed; null if none did. */
type Verified = { possession: KeyPossession; hash: string | null };

const REASONS: Partial<Record<HostRefusal, ClaimReason>> = {
  "locked-key": "locked",
  "no-ssh-keygen": "no-ssh-keygen",
  "no-signing": "no-ssh-keygen",
};

/**
 * Has the private key at a path of a host sign a fresh nonce, by its own ssh-keygen; the signature is verified here.
 */
export async function verifyThere(
  remote: RemoteSession,
  path: string,
  fingerprint: string,
): Promise<Verified | Lost> {
  const location = { hostKey: remote.hostKey.fingerprint, path, fingerprint };
  const statement = writeStatement(location, makeNonce());
  const answer = await signWithKey(remote, path, statement);
  if (answer.kind === "lost") return answer;
  if (answer.kind === "unsigned")
    return { possession: { kind: "claimed", why: REASONS[answer.why] ?? "not-signed" }, hash: null };
  return {
    possession: verifyPossession(answer.signature, statement, fingerprint),
    hash: answer.hash,
  };
}

export async function inspectThere(
  near: PrivateKeyContext,
  { path, before }: PrivateKeyPlan,
  remote: RemoteSession,
): Promise<PrivateKeySeen> {
  const seen = await inspectPrivateKey(remote, {
    path,
    before,
    blob: near.newKey ? blobOf(near.newKey) : NO_BLOB,
  });
  if (seen.kind !== "seen") return "other";
  if (seen.now.kind === (before === null ? "none" : "before"))
    return seen.isBegun || seen.old.kind === "before" ? "begun" : "old";
  if (seen.now.kind !== "new") return "other";
  return before === null || seen.old.kind === "before" ? "new" : "committed";
}

/** No key has this blob. */
export const NO_BLOB = Buffer.from("no key of ours");

export async function installThere(
  near: PrivateKeyContext,
  privateKey: PrivateKeyPlan,
  remote: RemoteSession,
): Promise<Outcome> {
  const { path, before, mode, uid: owner } = privateKey;
  return withInspection(near, privateKey, remote, async (seen, newKey) => {
    const blob = blobOf(newKey);
    if (seen.now.kind !== "new") {
      const refused = await refuseUnverified(near, privateKey, remote);
      if (refused) return refused;
      const keyFile = await choosePrivateKey(near, privateKey, seen);
      if (!keyFile) return fail(NO_PRIVATE_KEY);
      const hidden = await hidePublic(remote, path, blob);
      if (hidden.kind !== "done") return failBy(hidden, path);
      const done = await installPrivateKey(remote, { path, before, mode, owner, ...keyFile });
      if (done.kind !== "put") {
        if (done.kind !== "lost") await showAgain(remote, privateKey, blob);
        return done.kind === "changed" ? fail(changed(path)) : failBy(done, path);
      }
    }
    if (!privateKey.hasPublicFile || seen.publicFile.kind === "new") return DONE;
    const comment = newKeyOf(near.plan)?.comment ?? "";
    const shown = await showPublic(remote, path, `${[newKey.line, comment].filter(Boolean).join(" ")}\n`);
    return shown.kind === "done" ? DONE : failBy(shown, path);
  });
}

/**
 * Puts a hidden public key file back beside its own private key: at this point it is not known whether the new one is
 * installed.
 */
async function showAgain(
  remote: RemoteSession,
  { path, before }: PrivateKeyPlan,
  blob: Buffer,
): Promise<void> {
  const seen = await inspectPrivateKey(remote, { path, before, blob });
  if (seen.kind === "seen" && seen.now.kind === "before") await showPublic(remote, path, null);
}

/**
 * Null if the old private key is still there: it signs once more, right before the new one replaces it or is created
 * beside it, and it is the very file of the plan. One that did not sign when the plan was made was acknowledged by its
 * path; one that signs with another key is refused.
 */
export async function refuseUnverified(
  { plan }: Pick<PrivateKeyContext, "plan">,
  { path, before, possession: planned }: PrivateKeyPlan,
  remote: RemoteSession,
): Promise<Exclude<Outcome, { kind: "done" }> | null> {
  const verified = await verifyThere(remote, path, oldKeyOf(plan) ?? "");
  if ("kind" in verified) return verified;
  const { possession, hash } = verified;
  if (hash !== null && hash !== before) return fail(changed(path));
  switch (possession.kind) {
    case "verified":
      return null;
    case "claimed":
      return planned.kind === "claimed"
        ? null
        : fail({ kind: "key-did-not-sign", path, why: possession.why });
    case "other-key":
      return fail({ kind: "key-did-not-sign", path, why: "other-key" });
  }
}

export async function commitThere(
  near: PrivateKeyContext,
  privateKey: PrivateKeyPlan,
  { remote, keepsOld }: { remote: RemoteSession; keepsOld: boolean },
): Promise<Outcome> {
  const { path, before } = privateKey;
  return withInspection(near, privateKey, remote, async (seen) => {
    if (seen.now.kind !== "new") return fail(changed(path));
    const ended =
      keepsOld && before !== null
        ? await keepOldPrivateKey(remote, { path, before })
        : await removeOldPrivateKey(remote, path);
    if (ended.kind !== "done") return failBy(ended, path);
    const tidy = await tidyPrivateKey(remote, path, "nothing");
    return tidy.kind === "done" ? DONE : failBy(tidy, path);
  });
}

export async function putBackKeptThere(
  { path, before }: PrivateKeyPlan,
  remote: RemoteSession,
  what: "inspect" | "move",
): Promise<Outcome> {
  if (before === null) return DONE;
  const moved = await putBackKeptPrivateKey(remote, { path, before }, what);
  return moved.kind === "done" ? DONE : failBy(moved, nameKept(path, before));
}

/** Whatever stands in its place by now: the kept file is found by its own hash. */
export async function dropKeptThere(
  { path, before }: PrivateKeyPlan,
  remote: RemoteSession,
): Promise<Outcome> {
  if (before === null) return DONE;
  const dropped = await dropKeptPrivateKey(remote, { path, before });
  return dropped.kind === "done" ? DONE : failBy(dropped, nameKept(path, before));
}

/** Also for a key that was created there and installed nowhere. */
export async function undoThere(
  near: PrivateKeyContext,
  privateKey: PrivateKeyPlan,
  remote: RemoteSession,
): Promise<Outcome> {
  const { path, before } = privateKey;
  return withInspection(
    { ...near, newKey: near.newKey ?? NO_KEY },
    privateKey,
    remote,
    async (seen, newKey) => {
      if (seen.now.kind === "other") return fail(changed(path));
      const isPut = seen.now.kind === "new";
      if (isPut) {
        const hidden = await hidePublic(remote, path, blobOf(newKey));
        if (hidden.kind !== "done") return failBy(hidden, path);
      }
      const undone = await restoreOldPrivateKey(remote, {
        path,
        wrote: seen.now.hash ?? before ?? "",
        before,
      });
      if (undone.kind === "changed") return fail(changed(path));
      if (undone.kind !== "done") return failBy(undone, path);
      const shown = await showPublic(remote, path, null);
      if (shown.kind !== "done") return failBy(shown, path);
      // An old public key that is there now was kept by an earlier run.
      const tidy = await tidyPrivateKey(remote, path, "old");
      return tidy.kind === "done" ? DONE : failBy(tidy, path);
    },
  );
}

const NO_KEY = { line: `none ${NO_BLOB.toString("base64")}`, fingerprint: "" };

type NewKey = NonNullable<PrivateKeyContext["newKey"]>;

async function withInspection(
  { newKey }: Pick<PrivateKeyContext, "newKey">,
  { path, before }: PrivateKeyPlan,
  remote: RemoteSession,
  act: (seen: KeyInspection, newKey: NewKey) => Promise<Outcome>,
): Promise<Outcome> {
  if (!newKey) throw new Error("there is no new key to install");
  const seen = await inspectPrivateKey(remote, { path, before, blob: blobOf(newKey) });
  return seen.kind === "seen" ? act(seen, newKey) : failBy(seen, path);
}

/** The private key that was created there already, or one to send: locked if the old one is. */
async function choosePrivateKey(
  { secrets }: PrivateKeyContext,
  { isEncrypted }: PrivateKeyPlan,
  { made }: KeyInspection,
) {
  if (made.kind === "new" && made.hash) return { bytes: "made" as const, newHash: made.hash };
  if (!secrets) return null;
  const text = await sealKeyPair(secrets.keyPair, isEncrypted ? secrets.passphrase : null);
  return { bytes: Buffer.from(Redacted.reveal(text)), newHash: hashSealed(text) };
}

const changed = (path: string): PlainCause => ({ kind: "key-file-changed", path });
