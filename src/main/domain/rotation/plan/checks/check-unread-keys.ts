import { type Aim, type Draft, makeCheck } from "#domain/rotation/plan/draft.ts";
import { pathsOf } from "#domain/rotation/plan/merge-files.ts";
import type { AccountGrant, FileFacts, HostFacts, UnreadableKeys } from "#domain/rotation/plan/plan-facts.ts";
import type { Check, PlanKind } from "#shared/model/plan.ts";

/** Which accounts a plan asks about: those that the private keys it replaces may open, or that may go on to take what it removes. */
export const asksUnreadable = (kind: PlanKind, holders: number): boolean =>
  kind === "remove-grants" || (kind === "rotate-key" && holders > 0);

/**
 * Of accounts that nothing is known of: if they take the key that goes, whoever logs in there by it is shut out where its private keys
 * are replaced, and goes on to log in where a line is removed elsewhere. To root that is odd, and asked about; hardly another login
 * reads all accounts, and what is asked for every time is agreed to unread.
 */
export function checkUnreadableKeys(aim: Aim, { facts: host }: Draft): Check[] {
  if (host.unread !== null || host.hostKey === null) return [];
  const open = unseenKeys(host).filter(({ path, grants }) => path !== null && !grants.some(isMeant(aim)));
  const [first] = open;
  if (!first) return [];
  const names = [...new Set(open.flatMap(({ accounts }) => accounts))];
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : "";
  const whose = `${names.slice(0, MOST_NAMED).join(", ")}${more}`;
  const unread = `the authorized keys of ${whose} could not be read (${first.path}: ${first.why})`;
  const isReplaced = aim.newKey !== null;
  const then = isReplaced
    ? "where the old key is among them, whoever logs in by it is shut out"
    : "where the key is among them, it still logs in there once this is done";
  const kept = isReplaced ? "; its private halves are kept aside" : "";
  return host.login.isRoot
    ? [makeCheck("consent", "unread", { host }, `${unread}: ${then}${kept}`)]
    : [makeCheck("warning", "unread", { host }, `${unread}: ${then}; log in as root, or with sudo, to know`)];
}

const MOST_NAMED = 3;

/** Accounts that are known to take the key that goes or changes, and whose keys could not be read now. */
export const unseenAccounts = (aim: Aim, host: HostFacts): { account: string; why: string }[] =>
  unseenKeys(host).flatMap(({ why, grants }) =>
    [...new Set(grants.filter(isMeant(aim)).map(({ account }) => account))].map((account) => ({
      account,
      why,
    })),
  );

const isMeant =
  (aim: Aim) =>
  ({ grant }: AccountGrant): boolean =>
    grant.effective !== "no" && aim.concerns(grant);

/** What has been looked at now is judged by what was seen. */
export const unseenKeys = ({ files, unreadKeys }: HostFacts): UnreadableKeys[] =>
  unreadKeys.filter(({ path }) => path === null || !files.some((file) => isAtOrBelow(file, path)));

const isAtOrBelow = (file: FileFacts, path: string): boolean =>
  pathsOf(file).some((one) => one === path || one.startsWith(`${path}/`));
