import type { HostSession } from "#connect/host-sessions.ts";
import { findFlaw } from "#domain/rotation/run/challenge.ts";
import { readKeyBlob } from "#domain/ssh/key-blob.ts";
import { proveRefused } from "#net/ssh/prove/prove-refused.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { HostPlan } from "#shared/model/plan.ts";
import { described, type Evidence } from "#shared/model/step-result.ts";
import { nameKey } from "./name-key.ts";
import type { ProofOutcome } from "./proof-outcome.ts";
import type { RunContext } from "./run-context.ts";

/**
 * That an account takes the new key, where no login with it can be tried: its holder has signed the run's challenge and sshd,
 * asked here and now, would take it; or somebody has approved this very account by name. Null: neither.
 */
export async function proveConfirmed(
  run: RunContext,
  { host, inside }: { host: HostPlan; inside: HostSession },
  account: string,
): Promise<ProofOutcome | null> {
  const { signature, approvals } = run.confirmations();
  const signed = await proveSigned(run, inside, { account, signature });
  if (signed.outcome) return signed.outcome;
  const approval = approvals.find(
    (one) => one.host === host.host && one.port === host.port && one.account === account,
  );
  if (!approval)
    return signed.said === null ? null : { kind: "awaits-log", evidence: [described(signed.said)] };
  const day = approval.at.slice(0, 10);
  return { kind: "proved", evidence: [{ kind: "approved", account, who: approval.who, day }] };
}

/** `said`: why a signature that was brought is not enough. */
type Signed = { outcome: ProofOutcome | null; said: string | null };

async function proveSigned(
  run: RunContext,
  { route }: HostSession,
  { account, signature }: { account: string; signature: string | null },
): Promise<Signed> {
  const { runId, token, planHash, made } = run;
  const key = made.newKey;
  // An authority logs in nowhere, so that no sshd can be asked about it.
  if (signature === null || !key || run.plan.kind === "move-to-authority") return NOTHING;
  if (findFlaw(signature, { runId, token, planHash, fingerprint: key.fingerprint }) !== null) return NOTHING;
  const read = readKeyBlob(Buffer.from(key.line.split(" ")[1] ?? "", "base64"));
  if (!read) return NOTHING;
  const asked = await proveRefused(route, { user: account, oldKey: read.blob, newKey: null });
  switch (asked.kind) {
    case "still-taken": {
      const check: Evidence = { kind: "signed", account, key: nameKey(run, key.fingerprint) };
      return { outcome: { kind: "proved", evidence: [check] }, said: null };
    }
    case "refused":
      return say(
        `${account}: its holder has signed for the new key, and sshd does not take it from here: a from= may leave this computer out`,
      );
    case "inconclusive":
      return say(`${account}: whether sshd takes the new key is not known: ${asked.message}`);
    case "other-host-key":
      return { outcome: { kind: "alarm", message: asked.message }, said: null };
    default:
      return assertNever(asked);
  }
}

const NOTHING: Signed = { outcome: null, said: null };
const say = (said: string): Signed => ({ outcome: null, said });
