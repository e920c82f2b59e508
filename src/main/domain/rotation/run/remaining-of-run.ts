import { mergeAccess } from "#domain/rotation/plan/remaining-access.ts";
import type { KeyPlan } from "#shared/model/plan.ts";
import type { RemainingAccess } from "#shared/model/remaining-access.ts";
import type { RunFile } from "#shared/model/run.ts";
import { watchedKeys } from "./watch-old-key.ts";

/**
 * Where a key of the plan goes on to get in once its run is over: what the plan leaves as it is, and files that the run has left out,
 * of which nobody knows what stands in them. Of accounts whose lines are gone sshd itself is asked (`AccessCheck`).
 */
export function findRemainingOfRun(plan: KeyPlan, files: readonly RunFile[]): RemainingAccess[] {
  const leftOut = files.filter(({ fate }) => fate === "left-out");
  const ofFiles = plan.hosts.flatMap((host) =>
    host.files
      .filter(({ path }) =>
        leftOut.some((one) => one.host === host.host && one.port === host.port && one.path === path),
      )
      .filter(({ removed }) => removed !== null)
      .flatMap((file) => {
        const place = { host: host.host, port: host.port, isCertain: false };
        const fingerprints = watchedKeys(plan, { ...host, files: [file] });
        return [file.account, ...(file.others ?? [])].flatMap((account) =>
          fingerprints.map((fingerprint) => ({ ...place, account, fingerprint })),
        );
      }),
  );
  return mergeAccess([...(plan.kind === "rotate-host-key" ? [] : plan.remaining), ...ofFiles]);
}
