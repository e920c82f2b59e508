import {
  accountsOf,
  type ChangeSet,
  type Draft,
  makeCheck,
  pathsOf,
} from "#domain/runs/access/change-set.ts";
import type {
  AccountFacts,
  FileFacts,
  HostFacts,
  KnownGrant,
  LoginFacts,
  PlanFacts,
} from "#domain/runs/access/plan-facts.ts";
import { applyEdits, fillStages } from "#domain/runs/files/stages.ts";
import { type KeyLine, readAuthorizedKeys, splitLine } from "#domain/ssh/authorized-keys.ts";
import { isAuthority, letsIn } from "#domain/ssh/deciders/lines.ts";
import { readLineOptions } from "#domain/ssh/line-options.ts";
import { UNUSED_AFTER_DAYS } from "#domain/use/evaluate-use.ts";
import type { Check } from "#shared/model/runs/plan.ts";
import type { KeyOptions } from "#shared/model/runs/plan-options.ts";
import { formatKeyBriefly, OWN_LOGIN } from "#shared/text/runs/plan.ts";

/** Whether someone who loses a line of an account could still log in to repair it. One check an account. */
export function checkRemainingLogins(changeSet: ChangeSet, draft: Draft): Check[] {
  const { facts: host, files } = draft;
  const losing = new Set(
    files.filter(({ removed }) => removed !== null).flatMap((file) => accountsOf(draft, file)),
  );
  return host.accounts
    .filter(({ name }) => losing.has(name))
    .map((account) => checkOne(changeSet, host, account));
}

function checkOne(changeSet: ChangeSet, host: HostFacts, account: AccountFacts): Check {
  const { name } = account;
  const remaining = findRemainingLogin(changeSet, host, account);
  const check = (state: Check["state"], text: string) =>
    makeCheck(state, "other-way-in", { host, account: name }, text);
  if (remaining?.kind === "held") return check("ok", `${name} stays open: ${remaining.text}`);
  // A rotation ends with a key that has logged in just before: a second one helps only those who lose that.
  if (remaining?.kind === "unheld" && changeSet.verifies === "new")
    return check("warning", `${name} stays open: ${remaining.text}`);
  const lacking = `no other way in to ${name} is known ${formatNext(changeSet)}`;
  if (remaining) return check("acknowledge", `${lacking}; ${remaining.text}`);
  if (changeSet.verifies === "none" && name === "root")
    return check("refused", "it is the last known way in to root; add another key first");
  return check("acknowledge", lacking);
}

const formatNext = ({ verifies }: ChangeSet): string =>
  verifies === "new" ? "beside the old key and the new one" : "beside the lines that change";

/**
 * `held`: somebody is known who can log in. `unheld`: it is not known who has the key of the line. `left`: its owner is
 * former.
 */
type RemainingLogin = { kind: "held" | "unheld" | "left"; text: string };

/** Another way to log in that the plan leaves as it is; what is not known counts as none. */
export function findRemainingLogin(
  changeSet: ChangeSet,
  host: HostFacts,
  account: AccountFacts,
): RemainingLogin | null {
  const { login } = host;
  const isAnother = login.account !== account.name;
  if (login.isRoot && isAnother && !losesLogin(changeSet, host))
    return { kind: "held", text: `${login.account} gets in, and acts as root` };
  const others = account.grants.filter(
    (grant) =>
      grant.effective === "yes" &&
      !grant.isAuthority &&
      !grant.isDormant &&
      grant.onlyFrom.length === 0 &&
      !isForced(grant) &&
      isStillThere(host, grant) &&
      !isConcerned(changeSet, host, grant),
  );
  const held = others.find((grant) => isHeld(host, grant));
  if (held) return { kind: "held", text: `${formatKeyOf(held)} can log in, too` };
  const unheld = others.find(({ owner }) => owner !== "gone") ?? others[0];
  if (!unheld) return null;
  const kind = unheld.owner === "gone" ? "left" : "unheld";
  return { kind, text: `${formatKeyOf(unheld)} can log in, but ${WHY_UNHELD[unheld.owner]}` };
}

/** Its private key is known, or whose it is; or it has just logged us in. */
const isHeld = ({ login }: HostFacts, { owner, fingerprint }: KnownGrant): boolean =>
  owner === "known" || (fingerprint !== null && fingerprint === login.key);

const WHY_UNHELD: Record<KnownGrant["owner"], string> = {
  known: "nobody is known to hold it",
  unknown: "nobody is known to hold it",
  gone: "by the people source its owner has left",
};

const formatKeyOf = ({ fingerprint }: KnownGrant): string =>
  fingerprint === null ? "another key" : formatKeyBriefly({ fingerprint, comment: "" });

/** What the inventory knows may be gone by now; in a file that was not inspected, the line counts as present. */
function isStillThere({ files }: HostFacts, { file, text }: KnownGrant): boolean {
  const stand = files.find((one) => pathsOf(one).includes(file))?.stand;
  if (stand?.kind === "absent") return false;
  const bytes = stand?.bytes ?? null;
  if (bytes === null) return true;
  const known = text.replace(/\r$/, "");
  return readAuthorizedKeys(bytes).some((line) => line.text.replace(/\r$/, "") === known);
}

/** A login that may run one command only cannot repair anything. */
const isForced = ({ text }: KnownGrant): boolean =>
  readLineOptions(splitLine(text).options).options.some(({ name }) => name === "command");

/** Whether our own login is, or may be, by a line that is removed or changed. */
function losesLogin(changeSet: ChangeSet, host: HostFacts): boolean {
  const { login, accounts } = host;
  const own = accounts.find(({ name }) => name === login.account);
  return own?.grants.some((grant) => mayBeBy(login, grant) && isConcerned(changeSet, host, grant)) ?? false;
}

/**
 * Whether a login is by a line with this key: by the key itself, or by a certificate that it signed. A certificate that
 * could not be read may be of any authority.
 */
function mayBeBy(
  { key, certificate }: LoginFacts,
  { fingerprint, isAuthority }: { fingerprint: string | null; isAuthority: boolean },
): boolean {
  if (!isAuthority) return key !== null && fingerprint === key;
  return certificate !== null && (certificate.authority === null || fingerprint === certificate.authority);
}

/** A line for several accounts, or by several paths, is a grant of each: it is removed or changed for all of them. */
function isConcerned(changeSet: ChangeSet, { accounts, files }: HostFacts, grant: KnownGrant): boolean {
  const same = files.find((file) => pathsOf(file).includes(grant.file));
  const paths = same ? pathsOf(same) : [grant.file];
  return (
    changeSet.concerns(grant) ||
    accounts.some(({ grants }) =>
      grants.some((one) => paths.includes(one.file) && one.text === grant.text && changeSet.concerns(one)),
    )
  );
}

/**
 * Whether Latchkey removes the line by which it logs in itself, or restricts it so that it excludes its own address.
 */
export function checkOwnLogin(changeSet: ChangeSet, draft: Draft, { now, options }: Moment): Check[] {
  const { facts: host, files, verifications } = draft;
  const { account: name, key } = host.login;
  const isCut = files.some((file) => file.removed !== null && accountsOf(draft, file).includes(name));
  if (!isCut || !losesLogin(changeSet, host)) return [];
  const about = { host, account: name };
  const verification = verifications.find(({ account }) => account === name)?.verification.kind;
  if (
    key !== null &&
    changeSet.verifies === "new" &&
    (verification === "from-here" || verification === "from-host")
  ) {
    const text = `it is logged in to with the key that goes; that one goes only after the new one has logged in`;
    return [makeCheck("ok", OWN_LOGIN, about, text)];
  }
  if (changeSet.newKey !== null)
    return [
      makeCheck("acknowledge", OWN_LOGIN, about, `it changes the line that lets Latchkey in to ${name}`),
    ];
  const account = host.accounts.find((one) => one.name === name);
  const stays = account ? staysOpen(draft, account, now) : null;
  if (stays === true) {
    const text = `a line by which Latchkey logs in to ${name} changes, and this login is still let in; it is tried again before that stands`;
    return [makeCheck("ok", OWN_LOGIN, about, text)];
  }
  const remaining = account ? findRemainingLogin(changeSet, host, account) : null;
  if (remaining === null && changeSet.verifies === "none") {
    const text = `it is the line that lets Latchkey in to ${name}, and no other way in is known; add another key first`;
    return [makeCheck("refused", OWN_LOGIN, about, text)];
  }
  const from = host.login.from === null ? "" : ` from ${host.login.from}`;
  const failing = `this login ${stays === null ? "may" : "will"} fail: it comes to ${name}${from} by a line that goes, or does not take it any more`;
  if (host.rollbackTimers.length === 0) {
    const text = `${failing}, and the host has nothing that would take it back by itself`;
    return [makeCheck("refused", OWN_LOGIN, about, text)];
  }
  const text = `${failing}; it is rolled back unless, within ${Math.floor((options.rollbackAfterSeconds * 3) / 4)} s, something that is left logs in there: another key of this computer, or anybody, if the host's journal shows it`;
  return [makeCheck("acknowledge", OWN_LOGIN, about, text)];
}

export type Moment = { now: string; options: KeyOptions };

/**
 * Whether some line of the account still admits this very login after the run; null if that cannot be told. Which of
 * several lines of its authority admits a certificate depends on its principals, so all lines that are there now must.
 */
function staysOpen(draft: Draft, account: AccountFacts, now: string): boolean | null {
  const { login, clockOffset, files } = draft.facts;
  const unixTime = Math.floor(Date.parse(now) / 1_000) + (clockOffset ?? 0);
  const own = files.filter((file) => file.accounts.includes(account.name));
  const linesIn = (bytes: Uint8Array): KeyLine[] =>
    readAuthorizedKeys(bytes).filter(
      (line) =>
        line.problem === null &&
        line.key !== null &&
        mayBeBy(login, { fingerprint: line.key.fingerprint, isAuthority: isAuthority(line) }),
    );
  const left = own.flatMap((file) => linesIn(bytesAfter(draft, file)));
  const lines = left.map((line) => letsIn(line.parsedOptions, { address: login.from, unixTime }));
  const elsewhere = account.grants
    .filter(
      (grant) =>
        mayBeBy(login, grant) &&
        grant.effective !== "no" &&
        !own.some((file) => pathsOf(file).includes(grant.file)),
    )
    .map(({ effective, onlyFrom }) => (effective === "yes" && onlyFrom.length === 0 ? true : null));
  const all = [...lines, ...elsewhere];
  if (login.certificate !== null) {
    if (all.every((one) => one === false)) return false;
    const isWhole = left.length >= own.flatMap((file) => linesIn(bytesNow(file))).length;
    return login.certificate.authority !== null && isWhole && all.every((one) => one === true) ? true : null;
  }
  if (all.includes(true)) return true;
  return all.includes(null) ? null : false;
}

const bytesNow = ({ stand }: FileFacts): Uint8Array =>
  (stand.kind === "absent" ? null : stand.bytes) ?? new Uint8Array();

function bytesAfter({ files }: Draft, file: FileFacts): Uint8Array {
  const bytes = bytesNow(file);
  const planned = files.find(({ path }) => path === (file.realPath ?? file.path));
  const stages = planned ? fillStages(planned, null) : null;
  return stages ? (applyEdits(bytes, stages.removed) ?? new Uint8Array()) : bytes;
}

/**
 * Whether the key to be removed was used from an address at which no location of it is known: another copy may be
 * there, which gets no new key and cannot log in any more. One check for each account and address.
 */
export function checkOrigins(facts: PlanFacts, draft: Draft): Check[] {
  const { facts: host, files } = draft;
  if (facts.request.kind !== "rotate-key") return [];
  const losing = new Set(
    files.filter(({ removed }) => removed !== null).flatMap((file) => accountsOf(draft, file)),
  );
  const known = knownAddresses(facts, host);
  const begin = Date.parse(facts.now) - UNUSED_AFTER_DAYS * DAY_MS;
  return host.logins
    .filter(
      ({ account, at, from }) => losing.has(account) && Date.parse(at) >= begin && !known.has(plain(from)),
    )
    .map(({ account, from, at, evidence }) => ({
      ...makeCheck(
        "acknowledge",
        "unexplained-address",
        { host, account },
        `the old key logged in to ${account} from ${from} on ${at.slice(0, 10)}${evidence === "journal" ? "" : " (by a plain file, to which any user there can have lines written)"}, and no known location of it has that address: whoever holds a copy there gets no new key and is shut out; scan that machine, or give them the new key`,
      ),
      address: from,
    }));
}

const DAY_MS = 86_400_000;

/**
 * The addresses of all locations, as a host sees them: of the hosts that have signed with the key, and of this
 * computer. A claim explains nothing. Loopback means that very host, and no other one.
 */
function knownAddresses({ hosts, here, key }: PlanFacts, seenBy: HostFacts): Set<string> {
  const isHere =
    here.length > 0 || hosts.some(({ login }) => login.key !== null && login.key === key?.fingerprint);
  const elsewhere = [
    ...hosts.filter(isHolding).flatMap(({ host, addresses }) => [host, ...addresses]),
    ...(isHere ? hosts.flatMap(({ login }) => login.from ?? []) : []),
  ];
  return new Set([
    ...elsewhere.map(plain).filter((address) => !isLoopback(address)),
    ...(isHere && seenBy.login.from !== null ? [plain(seenBy.login.from)] : []),
    ...(isHolding(seenBy) ? [plain(seenBy.host), ...LOOPBACK] : []),
  ]);
}

const isHolding = ({ privateKeyLocations }: HostFacts): boolean =>
  privateKeyLocations.some(({ possession }) => possession.kind === "verified");

/** By these a host logs in to itself. */
const LOOPBACK = ["127.0.0.1", "::1"];
const isLoopback = (address: string): boolean => address === "::1" || /^127(\.\d+){3}$/.test(address);

/** In the form that two logs of one address share: without a zone, and IPv4 never in the form of IPv6. */
const plain = (address: string): string =>
  address
    .toLowerCase()
    .replace(/%.*$/, "")
    .replace(/^::ffff:(?=\d+\.)/, "");
