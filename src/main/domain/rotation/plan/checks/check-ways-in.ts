import { type Aim, type Draft, makeCheck } from "#domain/rotation/plan/draft.ts";
import type { AccountFacts, HostFacts } from "#domain/rotation/plan/plan-facts.ts";
import type { Check } from "#shared/model/plan.ts";

/** Whether whoever loses a line of an account could still get in to put it right. One check an account. */
export function checkWaysIn(aim: Aim, { facts: host, files }: Draft): Check[] {
  const losing = new Set(files.filter(({ removed }) => removed !== null).map(({ account }) => account));
  return host.accounts
    .filter(({ name }) => losing.has(name))
    .map((account) => {
      const way = findWay(aim, host, account);
      const about = { host, account: account.name };
      if (way !== null) return makeCheck("ok", "other-way-in", about, `${account.name} stays open: ${way}`);
      const isLast = aim.proves === "none" && account.name === "root";
      return isLast
        ? makeCheck(
            "refused",
            "other-way-in",
            about,
            "it is the last known way in to root; add another key first",
          )
        : makeCheck(
            "consent",
            "other-way-in",
            about,
            `no other way in to ${account.name} is known ${sayNext(aim)}`,
          );
    });
}

const sayNext = ({ proves }: Aim): string =>
  proves === "new" ? "beside the old key and the new one" : "beside the lines that change";

/** A way in that the plan leaves alone, in words; what is not known counts as none. */
export function findWay(aim: Aim, host: HostFacts, account: AccountFacts): string | null {
  const { login } = host;
  const isAnother = login.account !== account.name;
  if (login.isRoot && isAnother && !losesLogin(aim, host))
    return `${login.account} gets in, and acts as root`;
  const other = account.grants.find(
    (grant) =>
      grant.effective === "yes" &&
      !grant.isAuthority &&
      !grant.isDormant &&
      grant.onlyFrom.length === 0 &&
      !aim.concerns(grant),
  );
  if (!other) return null;
  return `${other.fingerprint ?? "another key"} lets in, too${other.isMatched ? "" : ", though nobody is known to hold it"}`;
}

/** Whether the login that does the work is by a line that goes or changes. */
export function losesLogin(aim: Aim, { login, accounts }: HostFacts): boolean {
  const own = accounts.find(({ name }) => name === login.account);
  return own?.grants.some((grant) => grant.fingerprint === login.key && aim.concerns(grant)) ?? false;
}
