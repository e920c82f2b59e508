import { type Aim, accountsOf, type Draft, makeCheck } from "#domain/rotation/plan/draft.ts";
import type { AccountFacts, HostFacts, KnownGrant } from "#domain/rotation/plan/plan-facts.ts";
import { readLineOptions } from "#domain/ssh/line-options.ts";
import { readLine } from "#domain/ssh/line-parts.ts";
import type { Check } from "#shared/model/plan.ts";
import { sayKeyBriefly } from "#shared/text/plan.ts";

/** Whether whoever loses a line of an account could still get in to put it right. One check an account. */
export function checkWaysIn(aim: Aim, draft: Draft): Check[] {
  const { facts: host, files } = draft;
  const losing = new Set(
    files.filter(({ removed }) => removed !== null).flatMap((file) => accountsOf(draft, file)),
  );
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
      !isForced(grant) &&
      !isConcerned(aim, host, grant),
  );
  if (!other) return null;
  const key =
    other.fingerprint === null
      ? "another key"
      : sayKeyBriefly({ fingerprint: other.fingerprint, comment: "" });
  return `${key} lets in, too${other.isMatched ? "" : ", though nobody is known to hold it"}`;
}

/** Whoever may run one command only puts nothing right. */
const isForced = ({ text }: KnownGrant): boolean =>
  readLineOptions(readLine(text).options).options.some(({ name }) => name === "command");

/** Whether the login that does the work is by a line that goes or changes. */
export function losesLogin(aim: Aim, host: HostFacts): boolean {
  const { login, accounts } = host;
  const own = accounts.find(({ name }) => name === login.account);
  return (
    own?.grants.some((grant) => grant.fingerprint === login.key && isConcerned(aim, host, grant)) ?? false
  );
}

/** A line that lets in to several accounts is a grant of each: it goes or changes for all of them. */
const isConcerned = (aim: Aim, { accounts }: HostFacts, { file, text, ...grant }: KnownGrant): boolean =>
  aim.concerns({ file, text, ...grant }) ||
  accounts.some(({ grants }) =>
    grants.some((one) => one.file === file && one.text === text && aim.concerns(one)),
  );
