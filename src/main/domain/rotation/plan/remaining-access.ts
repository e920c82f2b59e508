import type { RemainingAccess } from "#shared/model/remaining-access.ts";
import type { Aim, Draft } from "./draft.ts";
import { pathsOf } from "./merge-files.ts";
import type { HostFacts, KnownGrant } from "./plan-facts.ts";

/**
 * Accounts that a key which goes, or is tightened, gets in to as before once the plan is carried out, by what was seen of them last:
 * their file, or their host, is left as it is. Each account and key once.
 */
export function findRemaining(aim: Aim, drafts: readonly Draft[]): RemainingAccess[] {
  const found = drafts.flatMap(({ facts, files }) => {
    const changed = new Set(files.flatMap(({ path, removed }) => (removed === null ? [] : [path])));
    return knownOf(facts).flatMap(({ account, grant }): RemainingAccess[] => {
      const isLeft = grant.effective !== "no" && aim.concerns(grant) && !changed.has(realPath(facts, grant));
      if (!isLeft || grant.fingerprint === null) return [];
      const { host, port } = facts;
      return [{ host, port, account, fingerprint: grant.fingerprint, isCertain: grant.effective === "yes" }];
    });
  });
  return mergeAccess(found);
}

/** One line that is known to let in makes it certain, whatever is not known of others. */
export function mergeAccess(found: readonly RemainingAccess[]): RemainingAccess[] {
  const byAccount = new Map<string, RemainingAccess>();
  for (const one of found) {
    const key = `${one.host} ${one.port} ${one.fingerprint} ${one.account}`;
    if (!byAccount.get(key)?.isCertain) byAccount.set(key, one);
  }
  return [...byAccount.values()];
}

/** Of accounts whose keys could not be read now, what an earlier scan has seen. */
const knownOf = ({ accounts, unreadKeys }: HostFacts): { account: string; grant: KnownGrant }[] => [
  ...accounts.flatMap(({ name, grants }) => grants.map((grant) => ({ account: name, grant }))),
  ...unreadKeys.flatMap((unread) =>
    unread.accounts.flatMap((account) => unread.grants.map((grant) => ({ account, grant }))),
  ),
];

/** A plan names files with all links resolved. */
const realPath = ({ files }: HostFacts, { file }: KnownGrant): string => {
  const known = files.find((one) => pathsOf(one).includes(file));
  return known?.realPath ?? file;
};
