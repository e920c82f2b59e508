/** The consequences of files that a run has left out, because their owner has blocked it. */

import { type HostAddress, type KeyPlan, oldKeyOf } from "#shared/model/runs/plan.ts";
import type { RemainingAccess } from "#shared/model/runs/remaining-access.ts";
import type { Phase, RunFile } from "#shared/model/runs/run.ts";
import { type ChangeSet, type Draft, findLines, pathsOf } from "./access/change-set.ts";
import { unseenKeys } from "./access/checks/private-keys.ts";
import type { AccountGrant, FileFacts, HostFacts } from "./access/plan-facts.ts";
import { isWithout } from "./step.ts";
import { watchedKeys } from "./watch-old-key.ts";

/** A host whose files change. */
export type ChangedHost = KeyPlan["hosts"][number];

/** From which phase on each file of a host is left out, by its index in the plan; null: it is not. */
export const leftOutOf = (files: readonly RunFile[], host: ChangedHost): (Phase | null)[] =>
  host.files.map(({ path }) => {
    const found = files.find((one) => one.fate === "left-out" && isOf(one, host) && one.path === path);
    return found?.phase ?? null;
  });

const isOf = (file: RunFile, { host, port }: HostAddress): boolean =>
  file.host === host && file.port === port;

/**
 * Whether a phase that changes files may do nothing at all on this host: a canary that changes nothing would verify
 * nothing, and neither would a run.
 */
export const canDoWithout = (
  plan: KeyPlan,
  own: ChangedHost,
  phase: Phase,
  files: readonly RunFile[],
): boolean => {
  // What shuts a disabled account is its entry; its own folder keeps nothing from that.
  if (plan.kind === "disable-account") return true;
  const isCanary = plan.options.canary && own.batch === 0;
  return !isCanary && plan.hosts.some((host) => host !== own && hasFilesLeft(host, phase, files));
};

const hasFilesLeft = (host: ChangedHost, phase: Phase, files: readonly RunFile[]): boolean => {
  const leftOut = leftOutOf(files, host);
  return host.files.some(
    (file, index) =>
      file[phase === "revoke" ? "removed" : "added"] !== null && !isWithout(leftOut[index], phase),
  );
};

/**
 * If the old key still logs in somewhere, or one of its locations was left out, its private keys are kept at the end.
 */
export const keepsOldKeys = (plan: KeyPlan, files: readonly RunFile[]): boolean =>
  (oldKeyOf(plan) !== null && files.some(({ fate }) => fate === "left-out")) ||
  plan.checks.some(({ id, state }) => state === "acknowledge" && LEFT_OUT.has(id)) ||
  plan.hosts.some((host) => host.files.some(({ added, removed }) => added !== null && removed === null));

/** Checks which say that a host, a file or a private key stays as it is: the old key still logs in there. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  "unreadable",
  "host-key",
  "clock",
  "file",
  "managed",
  "locked",
  "work-folder",
  "unverified",
  "authority",
  "private-key",
]);

/**
 * Where a key of the plan still logs in once its run is over: what the plan leaves as it is, and files that the run has
 * left out, whose content is not known. For accounts whose lines are removed sshd itself is asked (`AccessCheck`).
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
        const address = { host: host.host, port: host.port, isCertain: false };
        const fingerprints = watchedKeys(plan, { ...host, files: [file] });
        return [file.account, ...(file.others ?? [])].flatMap((account) =>
          fingerprints.map((fingerprint) => ({ ...address, account, fingerprint })),
        );
      }),
  );
  return mergeAccess([...(plan.kind === "rotate-host-key" ? [] : plan.remaining), ...ofFiles]);
}

/**
 * Accounts to which a key that is removed, or tightened, still logs in after the run: their file, or their host, stays
 * as it is. Certain if the line was read now; otherwise by the last scan. Each account and key once.
 */
export function findRemaining(changeSet: ChangeSet, drafts: readonly Draft[]): RemainingAccess[] {
  const found = drafts.flatMap(({ facts, files }) => {
    const changed = new Set(files.flatMap(({ path, removed }) => (removed === null ? [] : [path])));
    return knownOf(facts).flatMap(({ account, grant }): RemainingAccess[] => {
      const { effective, fingerprint } = grant;
      if (effective === "no" || fingerprint === null || !changeSet.concerns(grant)) return [];
      const file = facts.files.find((one) => pathsOf(one).includes(grant.file));
      // A plan names files with all links resolved.
      if (changed.has(file?.realPath ?? grant.file)) return [];
      const seen = file ? findLine(file, fingerprint) : "unreadable";
      if (seen === "gone") return [];
      const { host, port } = facts;
      return [{ host, port, account, fingerprint, isCertain: seen === "there" && effective === "yes" }];
    });
  });
  return mergeAccess(found);
}

/** Whether a line for the key is in the file now. */
function findLine({ stand }: FileFacts, fingerprint: string): "there" | "gone" | "unreadable" {
  // A missing folder may be merely not mounted, or deleted with its files: nobody can tell.
  if (stand.kind === "absent") return stand.lacks?.creates === "file" ? "gone" : "unreadable";
  if (stand.bytes === null) return "unreadable";
  return findLines(stand.bytes, ({ key }) => key?.fingerprint === fingerprint).length > 0 ? "there" : "gone";
}

/** One line that is known to admit the key makes it certain, whatever is not known of others. */
export function mergeAccess(found: readonly RemainingAccess[]): RemainingAccess[] {
  const byAccount = new Map<string, RemainingAccess>();
  for (const one of found) {
    const key = `${one.host} ${one.port} ${one.fingerprint} ${one.account}`;
    if (!byAccount.get(key)?.isCertain) byAccount.set(key, one);
  }
  return [...byAccount.values()];
}

/** What an earlier scan has seen of accounts whose keys could not be read now. */
const knownOf = (host: HostFacts): AccountGrant[] => [
  ...host.accounts.flatMap(({ name, grants }) => grants.map((grant) => ({ account: name, grant }))),
  ...unseenKeys(host).flatMap(({ grants }) => grants),
];
