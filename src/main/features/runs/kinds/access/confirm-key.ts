/** How people confirm a run's new key where no login with it can be tried. */
import type { HostSession } from "#connect/host-sessions.ts";
import { findError, makeChallenge } from "#domain/runs/challenge.ts";
import { readKeyBlob } from "#domain/ssh/key-blob.ts";
import type { LoginVerification } from "#net/ssh/verify/verification.ts";
import { verifyRefused } from "#net/ssh/verify/verify-login.ts";
import type { KeyConfirmation } from "#runs/kind.ts";
import { readFingerprint } from "#runs/planning/find-changes.ts";
import type { Announcement } from "#shared/contract/events.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { type HostPlan, newKeyOf, type Plan, verificationsOf } from "#shared/model/runs/plan.ts";
import type { RunConfirmation, RunState } from "#shared/model/runs/run.ts";
import { described, type Evidence } from "#shared/model/runs/step-result.ts";
import { formatAccount } from "#shared/text/hosts/target.ts";
import type { RunRecord } from "#store/runs/run-table.ts";
import type { Store } from "#store/store.ts";
import { type KeyRun, nameKey, type VerificationOutcome } from "./key-run.ts";

export function readVerification(
  run: KeyRun,
  account: string,
  verification: LoginVerification,
  /** If it is our own login: by what it logged in; null: it is the login of a step. */
  by: "key" | "certificate" | null = null,
): VerificationOutcome {
  switch (verification.kind) {
    case "verified":
      return {
        kind: "verified",
        evidence: [{ kind: "login", account, key: nameKey(run, verification.fingerprint) }],
      };
    case "refused":
      return {
        kind: "refused",
        cause: { kind: "login-refused", account, by, said: verification.message, logged: null },
      };
    case "inconclusive":
      return { kind: "unsure", cause: { kind: "login-unsure", account, by, said: verification.message } };
    case "other-host-key":
      return { kind: "alarm", cause: described(verification.message) };
    default:
      return assertNever(verification);
  }
}

/**
 * Verifies that an account accepts the new key where no login with it can be tried: the owner of its private key has
 * signed the run's challenge and sshd, asked now, would accept the key; or a person has approved this very account by
 * name. Null: neither.
 */
export async function verifyConfirmed(
  run: KeyRun,
  { host, session }: { host: HostPlan; session: HostSession },
  account: string,
): Promise<VerificationOutcome | null> {
  const { signature, approvals } = run.confirmations();
  const signed = await verifySigned(run, session, { account, signature });
  if (signed.outcome) return signed.outcome;
  const approval = approvals.find(
    (one) => one.host === host.host && one.port === host.port && one.account === account,
  );
  if (!approval) return signed.found === null ? null : { kind: "awaits-log", evidence: [signed.found] };
  const day = approval.at.slice(0, 10);
  return { kind: "verified", evidence: [{ kind: "approved", account, who: approval.who, day }] };
}

/** `found`: why an imported signature is not enough. */
type Signed = { outcome: VerificationOutcome | null; found: Evidence | null };

async function verifySigned(
  run: KeyRun,
  { route }: HostSession,
  { account, signature }: { account: string; signature: string | null },
): Promise<Signed> {
  const { runId, token, planHash, made } = run;
  const key = made.newKey;
  // An authority's key logs in nowhere, so sshd cannot be asked about it.
  if (signature === null || !key || run.plan.kind === "move-to-authority") return NOTHING;
  if (findError(signature, { runId, token, planHash, fingerprint: key.fingerprint }) !== null) return NOTHING;
  const read = readKeyBlob(Buffer.from(key.line.split(" ")[1] ?? "", "base64"));
  if (!read) return NOTHING;
  const answer = await verifyRefused(route, { user: account, oldKey: read.blob, newKey: null });
  switch (answer.kind) {
    case "still-accepted": {
      const check: Evidence = { kind: "signed", account, key: nameKey(run, key.fingerprint) };
      return { outcome: { kind: "verified", evidence: [check] }, found: null };
    }
    case "refused":
      return { outcome: null, found: { kind: "signed-not-accepted", account } };
    case "inconclusive":
      return { outcome: null, found: { kind: "signed-unsure", account, why: answer.message } };
    case "other-host-key":
      return { outcome: { kind: "alarm", cause: described(answer.message) }, found: null };
    default:
      return assertNever(answer);
  }
}

const NOTHING: Signed = { outcome: null, found: null };

export type ConfirmerDeps = {
  store: Store;
  /** Who runs this, as hosts see it: `jo@desk`. */
  who: string;
  announce: (announcement: Announcement) => void;
  now: () => Date;
};

type Account = { host: string; port: number; account: string };

const OVER: ReadonlySet<RunState> = new Set<RunState>(["committed", "rolled-back"]);

export function createConfirmer({ store, who, announce, now }: ConfirmerDeps) {
  const { runs, confirmations } = store.runbooks;

  return async ({ runId, signature, approvals }: KeyConfirmation): Promise<void> => {
    const run = runs.find(runId);
    if (!run) throw new Refusal("not-found", `there is no run ${runId}`);
    if (OVER.has(run.state)) throw new Refusal("conflict", `run ${runId} is over (${run.state})`);
    const found = findConfirmation(store, run);
    const accounts = found?.accounts ?? [];
    if (accounts.length === 0)
      throw new Refusal("conflict", `run ${runId} verifies each login itself: there is nothing to confirm`);
    if (signature === null && approvals.length === 0)
      throw new Refusal(
        "invalid-input",
        "bring a signature of the run's challenge, or name accounts to approve",
      );
    if (signature !== null)
      refuseSignature(run, signature, keyOfRun(run, store.runbooks.plans.find(run.planId)?.plan ?? null));
    for (const one of approvals)
      if (!accounts.some((known) => isSame(known, one)))
        throw new Refusal(
          "not-found",
          `run ${runId} waits for nothing of ${formatAccount(one)}; it waits for ${accounts.map(formatAccount).join(", ")}`,
        );
    const at = toInstant(now());
    await store.queueWrite(() => {
      if (signature !== null) confirmations.sign({ run: runId, at, who }, signature);
      for (const one of approvals) confirmations.approve({ run: runId, at, who }, one);
      const detail = {
        run: runId,
        who,
        isSigned: signature !== null,
        approved: approvals.map(formatAccount),
      };
      store.events.append({ at, kind: "key-confirmed", detail });
    });
    announce({ kind: "run-changed", runId });
  };
}

const isSame = (one: Account, other: Account): boolean =>
  one.host === other.host && one.port === other.port && one.account === other.account;

function refuseSignature(run: RunRecord, signature: string, key: { fingerprint: string } | null): void {
  if (run.kind === "move-to-authority")
    throw new Refusal(
      "conflict",
      "nobody logs in with the key of an authority, so its signature verifies no login: approve the accounts by name",
    );
  if (!key) throw new Refusal("conflict", `run ${run.id} has no new key yet`);
  const error = findError(signature, toChallenged(run, key.fingerprint));
  if (error !== null)
    throw new Refusal(
      "invalid-input",
      `the signature is not taken: ${error}; latchkey runs challenge ${run.id} writes what is to be signed`,
    );
}

const toChallenged = ({ id, token, planHash }: RunRecord, fingerprint: string) => ({
  runId: id,
  token,
  planHash,
  fingerprint,
});

/** The new key of a run: the one that it has created, or the provided one, which is known from the start. */
export function keyOfRun(
  { newKey }: Pick<RunRecord, "newKey">,
  plan: Plan | null,
): { line: string; fingerprint: string } | null {
  const named = plan && newKeyOf(plan);
  const provided = named?.kind === "provided" ? named.line : null;
  return newKey ?? (provided === null ? null : { line: provided, fingerprint: readFingerprint(provided) });
}

/** What can be confirmed of a run, and what was; null if it has nothing to confirm, or is over. */
export function findConfirmation(
  { runbooks: { plans, confirmations, journal } }: Pick<Store, "runbooks">,
  run: RunRecord,
): RunConfirmation | null {
  const plan = OVER.has(run.state) ? null : plans.find(run.planId)?.plan;
  const byLog = (plan?.hosts ?? []).flatMap((of) => {
    const { host, port } = of;
    return verificationsOf(of).flatMap(({ account, verification }) =>
      verification.kind === "by-log" ? [{ host, port, account }] : [],
    );
  });
  if (byLog.length === 0) return null;
  const { signature, approvals } = confirmations.of(run.id);
  const steps = journal.steps(run.id);
  // It was done on a host, and is not verified.
  const isDue = ({ host, port }: Account): boolean =>
    steps.some((step) => step.host === host && step.port === port && step.state === "acted");
  const key = run.kind === "move-to-authority" ? null : keyOfRun(run, plan ?? null);
  return {
    challenge: key && makeChallenge(toChallenged(run, key.fingerprint)),
    isSigned: signature !== null,
    accounts: byLog.map((one) => ({
      ...one,
      state: approvals.some((approval) => isSame(approval, one))
        ? "approved"
        : isDue(one)
          ? "waits"
          : "later",
    })),
  };
}
