/**
 * Runs that scripts execute, on hosts that cannot be reached from here. A kind of run gets them as a part: the code of
 * a run that is executed from here uses none of this.
 */

import type { OfflineRuns } from "#runs/kind.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { RunClaim } from "#shared/model/runs/run.ts";
import { formatHost } from "#shared/text/hosts/target.ts";
import { formatClaimEvaluation } from "#shared/text/runs/result-claim.ts";
import { createClaimConfirmer, listClaims } from "./claims.ts";
import { createScriptExport, type ExportDeps } from "./export-scripts.ts";
import { createResultTaker, type ResultDeps } from "./take-result.ts";

export type OfflineRunDeps = ExportDeps & ResultDeps;

export const createOfflineRuns = (deps: OfflineRunDeps): OfflineRuns => ({
  exportScripts: createScriptExport(deps),
  importResult: createResultTaker(deps),
  confirmClaims: createClaimConfirmer(deps),
  listClaims: (run) => listClaims(deps.store, run),
  refuseUnconfirmed: (run) => refuseUnconfirmed(run, listClaims(deps.store, run)),
});

/** Says why a run that is executed offline cannot go on from here. */
function refuseUnconfirmed(run: { id: number }, claims: readonly RunClaim[]): never {
  const said = claims.map(
    ({ host, port, evaluation }) => `${formatHost({ host, port })}: ${formatClaimEvaluation(evaluation)}`,
  );
  const why = said.length === 0 ? "" : `; of what was claimed, nothing is confirmed (${said.join("; ")})`;
  throw new Refusal(
    "conflict",
    `run ${run.id} is executed offline: run its scripts on their hosts once more, and import their results${why}`,
  );
}
