/** Runs that rotate the host key of an sshd: a second one beside the first, and later the first one's end. */
import type { HostSession } from "#connect/host-sessions.ts";
import type { Step } from "#domain/runs/step.ts";
import { hostOf } from "#runs/engine/run-context.ts";
import type { Runbook } from "#runs/engine/runbook.ts";
import { createKeyRunbook, type KeyRunbookDeps } from "#runs/kinds/access/access.ts";
import {
  type FileChange,
  type KeyRun,
  newKeyLine,
  type VerificationOutcome,
} from "#runs/kinds/access/key-run.ts";
import type { HostKeyPlan } from "#shared/model/plan.ts";
import { described } from "#shared/model/step-result.ts";
import { createHostKeys, type HostKeys } from "./host-keys.ts";

type HostKeyRun = KeyRun<HostKeyPlan>;

export function createHostKeyRunbook(deps: KeyRunbookDeps): Runbook<HostKeyRun> {
  const hostKeys = createHostKeys(deps);
  return {
    ...createKeyRunbook(deps, changeConfiguration(hostKeys)),
    /** Of the new key, once there is one: sshd may present it by then. */
    alsoHostKey: ({ made }) => made.newKey && Buffer.from(made.newKey.line.split(" ")[1] ?? "", "base64"),
    nameWait: () => "host-key-known",
  };
}

/** Of sshd's configuration, which is root's own: no owner of it stands in its way. */
const changeConfiguration = (hostKeys: HostKeys): FileChange<HostKeyRun> => ({
  verify: (run, step, session) => verifyHostKey(hostKeys, run, step, session),
  checkRemoved: async () => [],
  async afterRollback(run, { host, port }, session) {
    const newLine = newKeyLine(run);
    return newLine === null
      ? null
      : hostKeys.takeBack({ host, port, newLine, oldKey: run.plan.oldKey }, session);
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
  if (newLine === null) return { kind: "refused", message: "there is no new host key" };
  const { loginKey, isTyped } = session.hand;
  const proof = await hostKeys.prove(
    {
      phase: step.phase === "remove" ? "remove" : "add",
      host,
      port,
      oldKey,
      newLine,
      keyFile: newKey.path,
      comment: newKey.comment,
      // A key that lets in only beside what was typed shows nothing by itself.
      loginKey: isTyped ? null : (session.keys.find(({ fingerprint }) => fingerprint === loginKey) ?? null),
    },
    session,
  );
  const afterwards = step.phase === "remove" ? run.plan.afterwards : [];
  return "evidence" in proof
    ? { kind: proof.kind, evidence: [...proof.evidence, ...afterwards.map(described)] }
    : proof;
}
