import type { HostSession } from "#connect/host-sessions.ts";
import type { RunRules } from "#domain/runs/runbook.ts";
import type { Step } from "#domain/runs/step.ts";
import { Locked, type RunContext, type RunRequest } from "#runs/engine/runbook.ts";
import type { NewKeyMade, PrivateKeyContext, PrivateKeys } from "#runs/kinds/private-keys/locations.ts";
import {
  type HostAddress,
  type KeyPlan,
  newKeyOf,
  oldKeyOf,
  verificationsOf,
} from "#shared/model/runs/plan.ts";
import type { AccessCheck } from "#shared/model/runs/run.ts";
import type { Awaited, Cause, Evidence, KeyName } from "#shared/model/runs/step-result.ts";
import { formatCause } from "#shared/text/runs/run-cause.ts";
import type { Confirmations } from "#store/runs/run-details.ts";

/** A run that changes lines of files: of who may log in, or of which host keys sshd has. */
export type KeyRun<P extends KeyPlan = KeyPlan> = RunContext<P> & {
  rules: RunRules<P>;
  privateKeys: PrivateKeys;
  /** How people have confirmed the new key by now. */
  confirmations: () => Confirmations;
  /** Changes while the run goes on: the key that it has created, and its secrets. */
  made: Pick<PrivateKeyContext, "newKey" | "secrets">;
  /**
   * Opens the new private key of a run that was begun before, as soon as something needs it: while a run only waits,
   * nobody has to be there to type a passphrase. Rejects with `Locked`.
   */
  openNewKey: () => Promise<void>;
  /** By step, in seconds of its host's clock: since when the step waits for somebody else's login. */
  awaitedSince: Map<number, number>;
  request: RunRequest;
  change: FileChange;
};

/** What is done beside the change of a host's files, and how that is verified. All of it rejects with `SessionLost`. */
export type FileChange<R extends KeyRun = KeyRun> = {
  verify(run: R, step: Step, session: HostSession): Promise<VerificationOutcome>;

  /** What sshd answers about the keys whose lines a removal has taken away; empty if it is not asked. */
  checkRemoved(run: R, step: Step, session: HostSession): Promise<AccessCheck[]>;

  /** Called once the files are as they were before. Null: nothing is left to do; else what is. */
  afterRollback(run: R, host: HostAddress, session: HostSession): Promise<string | null>;

  /** Whether the run goes on without a file that its owner blocks. */
  readonly leavesFilesOut: boolean;
};

/**
 * `verified`: by `evidence`. `unverified`: the change stands, and no possible login could show it. `awaits-log`: only a
 * log can tell. `refused`: the change must be rolled back. `unsure`: no answer, yes or no; it may be tried again, and
 * if a login is `awaited` somebody must log in meanwhile. `alarm`: another host answers in its place.
 */
export type VerificationOutcome =
  | { kind: "verified" | "unverified" | "awaits-log"; evidence: Evidence[] }
  | { kind: "refused" | "alarm"; cause: Cause }
  | { kind: "unsure"; cause: Cause; awaited?: Awaited };

type KeyRunDeps = {
  privateKeys: PrivateKeys;
  confirmations: (run: RunContext["runId"]) => Confirmations;
};

/** `newKey`: the one that the run has created before, or that was provided. */
export function openKeyRun<P extends KeyPlan>(
  base: RunContext<P>,
  request: RunRequest,
  newKey: NewKeyMade | null,
  { privateKeys, confirmations, change, rules }: KeyRunDeps & { change: FileChange; rules: RunRules<P> },
): KeyRun<P> {
  let isOpen = newKey === null && newKeyOf(base.plan)?.kind !== "provided";
  // There is no second prompt for a passphrase that was not given.
  let locked: Locked | null = null;
  const run: KeyRun<P> = {
    ...base,
    rules,
    privateKeys,
    confirmations: () => confirmations(base.runId),
    made: { newKey, secrets: null },
    async openNewKey() {
      if (isOpen) return;
      if (locked) throw locked;
      const reopened = await privateKeys.reopen(contextOf(run));
      if (reopened.kind === "failed") {
        locked = new Locked(formatCause(reopened.cause));
        throw locked;
      }
      run.made.secrets = reopened.secrets;
      isOpen = true;
    },
    awaitedSince: new Map(),
    request,
    change,
  };
  return run;
}

/** What private key locations need to know of a run. */
export const contextOf = ({ plan, made, promptUser, signal }: KeyRun): PrivateKeyContext => ({
  plan,
  promptUser,
  signal,
  newKey: made.newKey,
  secrets: made.secrets,
});

/** `type base64` of the new key; that of a provided key is in the plan from the start. */
export function newKeyLine({ plan, made }: { plan: KeyPlan; made: KeyRun["made"] }): string | null {
  const newKey = newKeyOf(plan);
  return made.newKey?.line ?? (newKey?.kind === "provided" ? newKey.line : null);
}

/** Whether the new key logs in from this computer to verify a step. */
export function isVerifiedFromHere({ plan }: { plan: KeyPlan }, { host: at }: Pick<Step, "host">): boolean {
  const host = at === null ? undefined : plan.hosts[at];
  return (
    host !== undefined && verificationsOf(host).some(({ verification }) => verification.kind === "from-here")
  );
}

/** Which of the keys of a run it is. */
export function nameKey(
  { plan, made }: { plan: KeyPlan; made: KeyRun["made"] },
  fingerprint: string,
): KeyName {
  if (fingerprint === made.newKey?.fingerprint)
    return { kind: "new", comment: newKeyOf(plan)?.comment ?? null };
  return fingerprint === oldKeyOf(plan) ? { kind: "old" } : { kind: "other", fingerprint };
}
