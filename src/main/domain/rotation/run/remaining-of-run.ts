import { mergeAccess } from "#domain/rotation/plan/remaining-access.ts";
import type { Plan } from "#shared/model/plan.ts";
import type { RemainingAccess } from "#shared/model/remaining-access.ts";
import type { AccessCheck, RunFile } from "#shared/model/run.ts";

type RunFacts = { files: readonly RunFile[]; accessChecks: readonly AccessCheck[] };

/**
 * Where a key of the plan goes on to get in once its run is over: what the plan leaves as it is, files that the run has left out, and
 * accounts for which sshd itself has said that it still takes it.
 */
export function findRemainingOfRun(
  { remaining = [], hosts, oldKey }: Plan,
  { files, accessChecks }: RunFacts,
): RemainingAccess[] {
  const leftOut = files.filter(({ fate }) => fate === "left-out");
  const ofFiles = hosts.flatMap(({ host, port, files: planned }) =>
    planned
      .filter(({ path }) =>
        leftOut.some((one) => one.host === host && one.port === port && one.path === path),
      )
      .filter(({ removed }) => removed !== null && oldKey !== null)
      .flatMap(({ account, others = [] }) => [account, ...others])
      .map((account) => ({ host, port, account, fingerprint: oldKey ?? "", isCertain: true })),
  );
  const taken = accessChecks
    .filter(({ answer }) => answer === "accepted")
    .map(({ host, port, account, fingerprint }) => ({ host, port, account, fingerprint, isCertain: true }));
  return mergeAccess([...remaining, ...ofFiles, ...taken]);
}
