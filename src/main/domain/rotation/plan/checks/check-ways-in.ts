import { type Aim, accountsOf, type Draft, makeCheck } from "#domain/rotation/plan/draft.ts";
import { pathsOf } from "#domain/rotation/plan/merge-files.ts";
import type { AccountFacts, HostFacts, KnownGrant, LoginFacts } from "#domain/rotation/plan/plan-facts.ts";
import { readAuthorizedKeys, splitLine } from "#domain/ssh/authorized-keys.ts";
import { readLineOptions } from "#domain/ssh/line-options.ts";
import type { Check } from "#shared/model/plan.ts";
import { formatKeyBriefly } from "#shared/text/plan.ts";

/** Whether whoever loses a line of an account could still get in to put it right. One check an account. */
export function checkWaysIn(aim: Aim, draft: Draft): Check[] {
  const { facts: host, files } = draft;
  const losing = new Set(
    files.filter(({ removed }) => removed !== null).flatMap((file) => accountsOf(draft, file)),
  );
  return host.accounts.filter(({ name }) => losing.has(name)).map((account) => checkOne(aim, host, account));
}

function checkOne(aim: Aim, host: HostFacts, account: AccountFacts): Check {
  const { name } = account;
  const way = findWay(aim, host, account);
  const check = (state: Check["state"], text: string) =>
    makeCheck(state, "other-way-in", { host, account: name }, text);
  if (way?.kind === "held") return check("ok", `${name} stays open: ${way.text}`);
  // A rotation ends with a key that has logged in just before: a second one is for whoever loses that.
  if (way?.kind === "unheld" && aim.proves === "new")
    return check("warning", `${name} stays open: ${way.text}`);
  const lacking = `no other way in to ${name} is known ${formatNext(aim)}`;
  if (way) return check("consent", `${lacking}; ${way.text}`);
  if (aim.proves === "none" && name === "root")
    return check("refused", "it is the last known way in to root; add another key first");
  return check("consent", lacking);
}

const formatNext = ({ proves }: Aim): string =>
  proves === "new" ? "beside the old key and the new one" : "beside the lines that change";

/** `held`: somebody is known who can go it. `unheld`: nobody is known to hold the key of the line. `left`: whoever held it has left. */
type WayIn = { kind: "held" | "unheld" | "left"; text: string };

/** A way in that the plan leaves alone; what is not known counts as none. */
export function findWay(aim: Aim, host: HostFacts, account: AccountFacts): WayIn | null {
  const { login } = host;
  const isAnother = login.account !== account.name;
  if (login.isRoot && isAnother && !losesLogin(aim, host))
    return { kind: "held", text: `${login.account} gets in, and acts as root` };
  const others = account.grants.filter(
    (grant) =>
      grant.effective === "yes" &&
      !grant.isAuthority &&
      !grant.isDormant &&
      grant.onlyFrom.length === 0 &&
      !isForced(grant) &&
      isStillThere(host, grant) &&
      !isConcerned(aim, host, grant),
  );
  const held = others.find((grant) => isHeld(host, grant));
  if (held) return { kind: "held", text: `${formatKeyOf(held)} lets in, too` };
  const unheld = others.find(({ owner }) => owner !== "gone") ?? others[0];
  if (!unheld) return null;
  const kind = unheld.owner === "gone" ? "left" : "unheld";
  return { kind, text: `${formatKeyOf(unheld)} lets in, but ${WHY_UNHELD[unheld.owner]}` };
}

/** A private half is known, or whose it is; or it has just let us in. */
const isHeld = ({ login }: HostFacts, { owner, fingerprint }: KnownGrant): boolean =>
  owner === "known" || (fingerprint !== null && fingerprint === login.key);

const WHY_UNHELD: Record<KnownGrant["owner"], string> = {
  known: "nobody is known to hold it",
  unknown: "nobody is known to hold it",
  gone: "by the roster whoever held it has left",
};

const formatKeyOf = ({ fingerprint }: KnownGrant): string =>
  fingerprint === null ? "another key" : formatKeyBriefly({ fingerprint, comment: "" });

/** What the inventory knows may be gone by now; of a file that was not looked at, it is taken to stand. */
function isStillThere({ files }: HostFacts, { file, text }: KnownGrant): boolean {
  const stand = files.find((one) => pathsOf(one).includes(file))?.stand;
  if (stand?.kind === "absent") return false;
  const bytes = stand?.bytes ?? null;
  if (bytes === null) return true;
  const wanted = text.replace(/\r$/, "");
  return readAuthorizedKeys(bytes).some((line) => line.text.replace(/\r$/, "") === wanted);
}

/** Whoever may run one command only puts nothing right. */
const isForced = ({ text }: KnownGrant): boolean =>
  readLineOptions(splitLine(text).options).options.some(({ name }) => name === "command");

/** Whether the login that does the work is by a line that goes or changes, or may be. */
export function losesLogin(aim: Aim, host: HostFacts): boolean {
  const { login, accounts } = host;
  const own = accounts.find(({ name }) => name === login.account);
  return own?.grants.some((grant) => mayBeBy(login, grant) && isConcerned(aim, host, grant)) ?? false;
}

/**
 * Whether a login is by a line with this key: by the key itself, or by a certificate that it signed. A certificate that could not be read
 * may be of any authority.
 */
export function mayBeBy(
  { key, certificate }: LoginFacts,
  { fingerprint, isAuthority }: { fingerprint: string | null; isAuthority: boolean },
): boolean {
  if (!isAuthority) return key !== null && fingerprint === key;
  return certificate !== null && (certificate.authority === null || fingerprint === certificate.authority);
}

/** A line that lets in to several accounts, or by several paths, is a grant of each: it goes or changes for all of them. */
function isConcerned(aim: Aim, { accounts, files }: HostFacts, grant: KnownGrant): boolean {
  const same = files.find((file) => pathsOf(file).includes(grant.file));
  const paths = same ? pathsOf(same) : [grant.file];
  return (
    aim.concerns(grant) ||
    accounts.some(({ grants }) =>
      grants.some((one) => paths.includes(one.file) && one.text === grant.text && aim.concerns(one)),
    )
  );
}
