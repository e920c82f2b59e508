import { readPem } from "#codec/pem.ts";
import { judgeIssued } from "#domain/rotation/run/certificates/judge-issued.ts";
import type { CertificateSeen, Step } from "#domain/rotation/run/step.ts";
import { stepsOf } from "#domain/rotation/run/steps-of.ts";
import { described } from "#shared/model/step-result.ts";
import { changesOf, keyOf, orderOf, toolsOf } from "./renewal-place.ts";
import type { RunContext } from "./run-context.ts";

/**
 * What was issued, judged once more before it is put in place: since it came it may have ended, or another have been served.
 * Null, or why it is not used; then it is asked for anew when the run is gone on with.
 */
export async function refuseIssued(
  run: RunContext,
  step: Step,
  seen: readonly CertificateSeen[],
): Promise<string | null> {
  const { orders, derOf, roots, now } = toolsOf(run);
  for (const [nth, change] of changesOf(run, step).entries()) {
    const { chain, csr } = orderOf(run, step, change);
    if (seen[nth] === "new" || chain === null) continue;
    const came = readPem(Buffer.from(chain)).ders;
    const about = { came, csr: csr ?? new Uint8Array(), before: derOf(change.old) };
    const narrower = change.narrower ?? [];
    const judged = judgeIssued({ ...about, narrower, roots: roots(), now: now() });
    if (judged.kind === "sound") continue;
    const why = `${change.names[0]}: what was issued cannot be used any more: ${judged.why}`;
    const issue = stepsOf(run.plan).find(({ phase, host }) => phase === "issue" && host === step.host);
    // First: killed after it, the certificate is judged again, and never missing where it counts as issued.
    if (issue)
      await run.journal.mark(issue.ordinal, "failed", {
        kind: "failed",
        cause: described(why),
        stands: "not-said",
        left: [],
      });
    const none = { chain: null, sha256: null, orderUrl: null };
    await orders.set(keyOf(run, step, change), { state: "refused", message: judged.why, ...none });
    return why;
  }
  return null;
}
