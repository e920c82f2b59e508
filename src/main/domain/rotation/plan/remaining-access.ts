import type { RemainingAccess } from "#shared/model/remaining-access.ts";
import { unseenKeys } from "./checks/check-unread-keys.ts";
import type { Aim, Draft } from "./draft.ts";
import { findLines } from "./found-lines.ts";
import { pathsOf } from "./merge-files.ts";
import type { AccountGrant, FileFacts, HostFacts } from "./plan-facts.ts";

/**
 * Accounts that a key which goes, or is tightened, gets in to as before once the plan is carried out: their file, or their host, is
 * left as it is. Certain where the line was read now; of what was not, by the last scan. Each account and key once.
 */
export function findRemaining(aim: Aim, drafts: readonly Draft[]): RemainingAccess[] {
  const found = drafts.flatMap(({ facts, files }) => {
    const changed = new Set(files.flatMap(({ path, removed }) => (removed === null ? [] : [path])));
    return knownOf(facts).flatMap(({ account, grant }): RemainingAccess[] => {
      const { effective, fingerprint } = grant;
      if (effective === "no" || fingerprint === null || !aim.concerns(grant)) return [];
      const file = facts.files.find((one) => pathsOf(one).includes(grant.file));
      // A plan names files with all links resolved.
      if (changed.has(file?.realPath ?? grant.file)) return [];
      const seen = file ? lookFor(file, fingerprint) : "unread";
      if (seen === "gone") return [];
      const { host, port } = facts;
      return [{ host, port, account, fingerprint, isCertain: seen === "there" && effective === "yes" }];
    });
  });
  return mergeAccess(found);
}

/** Whether a line for the key is in the file now. */
function lookFor({ stand }: FileFacts, fingerprint: string): "there" | "gone" | "unread" {
  // Whether a folder that is not there is merely not mounted, or has gone with its files, nobody can tell.
  if (stand.kind === "absent") return stand.lacks?.creates === "file" ? "gone" : "unread";
  if (stand.bytes === null) return "unread";
  return findLines(stand.bytes, ({ key }) => key?.fingerprint === fingerprint).length > 0 ? "there" : "gone";
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
const knownOf = (host: HostFacts): AccountGrant[] => [
  ...host.accounts.flatMap(({ name, grants }) => grants.map((grant) => ({ account: name, grant }))),
  ...unseenKeys(host).flatMap(({ grants }) => grants),
];
