/** Runs that rotate the host key of an sshd: they add a second one beside the first, and later remove the first. */

import { viewKey } from "#codec/fingerprint.ts";
import { blobOfPublicKey } from "#codec/ssh-key.ts";
import type { HeldLogin, HostSession } from "#connect/host-sessions.ts";
import { HOST_KEY_RULES } from "#domain/runs/host-key/rules.ts";
import type { Step } from "#domain/runs/step.ts";
import { inspectDaemon, reloadDaemon } from "#net/ssh/session/inspect-host.ts";
import {
  inspectPrivateKey,
  installPrivateKey,
  showPublic,
  tidyPrivateKey,
} from "#net/ssh/session/private-keys.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import type { LoginVerification, VerificationKey } from "#net/ssh/verify/verification.ts";
import { verifyHostKeyNamed, verifyHostKeyPresented } from "#net/ssh/verify/verify-host-keys.ts";
import { isForSsh2 } from "#net/ssh/verify/verify-login.ts";
import { hostOf, type Runbook } from "#runs/engine/runbook.ts";
import { NO_PARTICULARS, type RunKind } from "#runs/kind.ts";
import { createKeyRunbook, type KeyRunbookDeps } from "#runs/kinds/access/access.ts";
import {
  type FileChange,
  type KeyRun,
  newKeyLine,
  type VerificationOutcome,
} from "#runs/kinds/access/key-run.ts";
import { createKeyPlanner, type KeyPlannerDeps } from "#runs/planning/plan-keys.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { HostKeyPlan } from "#shared/model/runs/plan.ts";
import { type Cause, described, type Evidence } from "#shared/model/runs/step-result.ts";
import type { Store } from "#store/store.ts";

type HostKeyRun = KeyRun<HostKeyPlan>;

export function createHostKeyRunbook(deps: KeyRunbookDeps): Runbook<HostKeyRun> {
  const hostKeys = createHostKeys(deps);
  return {
    ...createKeyRunbook(deps, HOST_KEY_RULES, changeConfiguration(hostKeys)),
    /** The new key, once there is one: sshd may present it by then. */
    alsoHostKey: ({ made }) => made.newKey && Buffer.from(made.newKey.line.split(" ")[1] ?? "", "base64"),
    nameWait: () => "host-key-known",
  };
}

export const createHostKeyKind = (deps: KeyRunbookDeps & KeyPlannerDeps): RunKind<HostKeyRun> => ({
  runbook: createHostKeyRunbook(deps),
  planner: createKeyPlanner(deps),
  confirm: null,
  provideCertificate: null,
  describe: () => NO_PARTICULARS,
  offline: {
    refusal: "a host key is rotated by a run alone: sshd has to read its configuration again",
  },
});

/** Changes sshd's configuration, which is root's own: no other owner can block it. */
const changeConfiguration = (hostKeys: HostKeys): FileChange<HostKeyRun> => ({
  verify: (run, step, session) => verifyHostKey(hostKeys, run, step, session),
  checkRemoved: async () => [],
  async afterRollback(run, { host, port }, session) {
    const newLine = newKeyLine(run);
    return newLine === null
      ? null
      : hostKeys.rollBack({ host, port, newLine, oldKey: run.plan.oldKey }, session);
  },
  leavesFilesOut: false,
});

async function verifyHostKey(
  hostKeys: HostKeys,
  run: HostKeyRun,
  step: Step,
  session: HostSession,
): Promise<VerificationOutcome> {
  const { host, port } = hostOf(run, step);
  const { newKey, oldKey } = run.plan;
  const newLine = newKeyLine(run);
  if (newLine === null) return { kind: "refused", cause: { kind: "no-new-host-key" } };
  const { loginKey, isTyped } = session.remote;
  const verification = await hostKeys.verify(
    {
      phase: step.phase === "revoke" ? "revoke" : "grant",
      host,
      port,
      oldKey,
      newLine,
      keyFile: newKey.path,
      comment: newKey.comment,
      // A key that logs in only together with typed input verifies nothing by itself.
      loginKey: isTyped ? null : (session.keys.find(({ fingerprint }) => fingerprint === loginKey) ?? null),
    },
    session,
  );
  const afterwards = step.phase === "revoke" ? run.plan.afterwards : [];
  return "evidence" in verification
    ? { kind: verification.kind, evidence: [...verification.evidence, ...afterwards.map(described)] }
    : verification;
}

/**
 * What a rotation of a host key does beside the change of sshd_config: reload, verifications, and the pin that we keep.
 */

type NewHostKey = { host: string; port: number; newLine: string };

/** What a rotation of a host key does beside the change of sshd's configuration. */
type HostKeys = {
  /**
   * Installs the key at the path in the configuration, reloads sshd, and verifies the phase's key on a fresh
   * connection.
   */
  verify(
    query: NewHostKey & {
      phase: "grant" | "revoke";
      oldKey: string | null;
      keyFile: string;
      comment: string;
      loginKey: VerificationKey | null;
    },
    login: HeldLogin,
  ): Promise<
    | { kind: "verified" | "unverified"; evidence: Evidence[] }
    | { kind: "refused" | "unsure" | "alarm"; cause: Cause }
  >;
  /** Once the configuration was rolled back. Null: done, or there was nothing to do. */
  rollBack(query: NewHostKey & { oldKey: string | null }, login: HeldLogin): Promise<string | null>;
};

type Pin = { keyType: string; fingerprint: string; blob: Uint8Array };

type Deps = { store: Pick<Store, "pins" | "queueWrite" | "events">; now: () => Date };

/**
 * `unverified`: the change stands, and only the removal to come can show it. `unsure`: may be tried again. `alarm`:
 * another host answers in its place.
 */
type HostKeyVerification =
  | { kind: "verified" | "unverified"; evidence: Evidence[] }
  | { kind: "refused" | "unsure" | "alarm"; cause: Cause };

type HostKeyQuery = {
  /** `revoke`: the old key's line is gone from the configuration. */
  phase: "grant" | "revoke";
  host: string;
  port: number;
  /** Fingerprint of the key that is removed; null: none is. */
  oldKey: string | null;
  /** `type base64`. */
  newLine: string;
  /** The path of the new key, as the configuration has it, and the comment of its public key. */
  keyFile: string;
  comment: string;
  /** What logs in; null if the key that opened the session cannot be used once more. */
  loginKey: VerificationKey | null;
};

export function createHostKeys({ store, now }: Deps) {
  const findPin = (host: string, port: number) => store.pins.find(host, port);
  return {
    /** Reloads sshd, and verifies on a fresh connection that it has, or presents, the new key. */
    async verify(query: HostKeyQuery, { remote, route }: HeldLogin): Promise<HostKeyVerification> {
      const blob = blobOfPublicKey(query.newLine);
      const missing = await installHostKey(remote, query, blob);
      if (missing) return missing;
      const reloaded = await reload(remote);
      if (reloaded.kind !== "verified") return reloaded;
      const key = query.loginKey && isForSsh2(query.loginKey) ? query.loginKey : null;
      const request = { user: remote.user, key, blob };
      if (query.phase === "grant") {
        const stands = await verifyHostKeyPresented(route, { ...request, blob: route.hostKey });
        if (stands.kind !== "verified") return readVerification(stands, "known-presented");
        if (key) return readVerification(await verifyHostKeyNamed(route, request), "new-named");
        // If sshd had no key of that type, it presents the new one to a client that asks for the type.
        if (query.oldKey === null)
          return readVerification(await verifyHostKeyPresented(route, request), "new-presented");
        return { kind: "unverified", evidence: [{ kind: "host-key-unverified" }] };
      }
      const verified = readVerification(await verifyHostKeyPresented(route, request), "new-presented");
      if (verified.kind === "verified") await trust(query, blob);
      return verified;
    },

    /** After the configuration was rolled back. Null: done, or there was nothing to do. */
    async rollBack(query: RollbackRequest, { remote }: HeldLogin): Promise<string | null> {
      const blob = blobOfPublicKey(query.newLine);
      if (findPin(query.host, query.port)?.fingerprint === viewKey(blob).fingerprint) {
        const old = await findOldKey(remote, query.oldKey);
        if (!old)
          return `the known host key of ${query.host} was not found there, so that it is not pinned again`;
        await replacePin(query.host, query.port, toPin(old));
      }
      const reloaded = await reloadDaemon(remote);
      return reloaded.kind === "reloaded" ? null : reloaded.message;
    },
  };

  /** Replaces the one pin of a host. */
  async function replacePin(host: string, port: number, pin: Pin): Promise<void> {
    const at = toInstant(now());
    await store.queueWrite(() => {
      store.pins.remove(host, port);
      store.pins.put({ ...pin, host, port, source: "accepted", pinnedAt: at });
      store.events.append({
        at,
        kind: "host-key-trusted",
        detail: { host, port, keyType: pin.keyType, fingerprint: pin.fingerprint },
      });
    });
  }

  /** Replaces the pin only if it is the key that this very session was opened with. */
  async function trust({ host, port, oldKey }: HostKeyQuery, blob: Uint8Array): Promise<void> {
    const pin = findPin(host, port);
    if (pin && oldKey !== null && pin.fingerprint === oldKey) await replacePin(host, port, toPin(blob));
  }
}

type RollbackRequest = Pick<HostKeyQuery, "host" | "port" | "newLine" | "oldKey">;

/** A session that was opened after the change has seen the new key: then the old one is read on the host. */
async function findOldKey(remote: RemoteSession, oldKey: string | null): Promise<Uint8Array | null> {
  if (oldKey === null || remote.hostKey.fingerprint === oldKey) return remote.hostKey.blob;
  const reading = await inspectDaemon(remote);
  const keys = reading.kind === "seen" ? reading.daemon.hostKeys : [];
  const line = keys.find(({ fingerprint }) => fingerprint === oldKey)?.line ?? "";
  const blob = blobOfPublicKey(line);
  return viewKey(blob).fingerprint === oldKey ? blob : null;
}

/** Moves the key that was created beside its path to its path. Null: it is there. */
async function installHostKey(
  remote: RemoteSession,
  { keyFile, newLine, comment }: HostKeyQuery,
  blob: Uint8Array,
): Promise<Exclude<HostKeyVerification, { evidence: Evidence[] }> | null> {
  const refuse = (why: Extract<Cause, { kind: "host-key-not-installed" }>["why"]) => ({
    kind: "refused" as const,
    cause: { kind: "host-key-not-installed" as const, path: keyFile, why },
  });
  const seen = await inspectPrivateKey(remote, { path: keyFile, before: null, blob });
  if (seen.kind === "lost") return { kind: "unsure", cause: described(seen.message) };
  if (seen.kind !== "seen") return refuse("unseen");
  if (seen.now.kind === "none") {
    if (seen.made.kind !== "new" || !seen.made.hash) return refuse("absent");
    const request = { path: keyFile, before: null, newHash: seen.made.hash, mode: "0600" };
    const done = await installPrivateKey(remote, { ...request, bytes: "made" });
    if (done.kind !== "put") return refuse("not-put");
  } else if (seen.now.kind !== "new") return refuse("another");
  if (seen.publicFile.kind !== "new") await showPublic(remote, keyFile, `${newLine} ${comment}\n`);
  await tidyPrivateKey(remote, keyFile, "nothing");
  return null;
}

const toPin = (blob: Uint8Array): Pin => ({ ...viewKey(blob), blob: Uint8Array.from(blob) });

async function reload(remote: RemoteSession): Promise<HostKeyVerification> {
  const reloaded = await reloadDaemon(remote);
  if (reloaded.kind === "reloaded") return { kind: "verified", evidence: [] };
  return { kind: reloaded.kind === "lost" ? "unsure" : "refused", cause: described(reloaded.message) };
}

type HostKeyIs = Extract<Evidence, { kind: "host-key" }>["is"];

function readVerification(verification: LoginVerification, is: HostKeyIs): HostKeyVerification {
  switch (verification.kind) {
    case "verified":
      return {
        kind: "verified",
        evidence: [{ kind: "host-key", is, fingerprint: verification.fingerprint }],
      };
    // An sshd that was just reloaded may not have read its configuration yet.
    case "refused":
    case "inconclusive":
      return { kind: "unsure", cause: described(verification.message) };
    case "other-host-key":
      return { kind: "alarm", cause: described(verification.message) };
  }
}
