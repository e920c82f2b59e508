import type { HostSession } from "#connect/host-sessions.ts";
import type { Step } from "#domain/runs/step.ts";
import { hostOf, newKeyLine, type RunContext } from "#runs/engine/run-context.ts";
import type { HostAddress, HostKeyPlan } from "#shared/model/plan.ts";
import { described } from "#shared/model/step-result.ts";
import type { VerificationOutcome } from "./confirm-key.ts";
import { verifyAccounts } from "./verify-logins.ts";

/** Of a change of who may log in, or of sshd's own configuration. */
export function verifyChange(run: RunContext, step: Step, inside: HostSession): Promise<VerificationOutcome> {
  return isHostKeyRun(run) ? proveHostKey(run, step, inside) : verifyAccounts(run, step, inside);
}

/** Null: nothing is left to do. */
export async function reloadAfterBack(
  run: RunContext,
  { host, port }: HostAddress,
  inside: HostSession,
): Promise<string | null> {
  const newLine = newKeyLine(run);
  if (run.plan.kind !== "rotate-host-key" || newLine === null) return null;
  return run.hostKeys.takeBack({ host, port, newLine, oldKey: run.plan.oldKey }, inside);
}

const isHostKeyRun = (run: RunContext): run is RunContext<HostKeyPlan> => run.plan.kind === "rotate-host-key";

async function proveHostKey(
  run: RunContext<HostKeyPlan>,
  step: Step,
  inside: HostSession,
): Promise<VerificationOutcome> {
  const { host, port } = hostOf(run, step);
  const { newKey, oldKey } = run.plan;
  const newLine = newKeyLine(run);
  if (newLine === null) return { kind: "refused", message: "there is no new host key" };
  const { loginKey, isTyped } = inside.hand;
  const proof = await run.hostKeys.prove(
    {
      phase: step.phase === "remove" ? "remove" : "add",
      host,
      port,
      oldKey,
      newLine,
      keyFile: newKey.path,
      comment: newKey.comment,
      // A key that lets in only beside what was typed shows nothing by itself.
      loginKey: isTyped ? null : (inside.keys.find(({ fingerprint }) => fingerprint === loginKey) ?? null),
    },
    inside,
  );
  const afterwards = step.phase === "remove" ? run.plan.afterwards : [];
  return "evidence" in proof
    ? { kind: proof.kind, evidence: [...proof.evidence, ...afterwards.map(described)] }
    : proof;
}
