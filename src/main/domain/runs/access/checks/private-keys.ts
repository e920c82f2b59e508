import { type ChangeSet, type Draft, makeCheck, pathsOf } from "#domain/runs/access/change-set.ts";
import type {
  AccountGrant,
  FileFacts,
  HostFacts,
  PlanFacts,
  PrivateKeyFacts,
  UnreadableKeys,
} from "#domain/runs/access/plan-facts.ts";
import type { Check, NewKey, PlanKind, PrivateKeyPlan } from "#shared/model/runs/plan.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatClaimReason } from "#shared/text/hosts/key.ts";
import { formatHost } from "#shared/text/hosts/target.ts";

/**
 * Where the old private key is, and whether each location gets the new one; and what earlier runs have left beside it.
 */
export const checkPrivateKeys = (
  facts: PlanFacts,
  changeSet: ChangeSet,
  privateKeyLocations: readonly PrivateKeyPlan[],
): Check[] => [
  ...checkBothKeys(facts, changeSet, privateKeyLocations),
  ...privateKeyLocations.flatMap((privateKey) => checkKept(facts, privateKey)),
];

function checkKept({ keptKeys }: PlanFacts, { host, path }: PrivateKeyPlan): Check[] {
  return keptKeys
    .filter(
      (one) => one.path === path && one.host === (host?.host ?? null) && one.port === (host?.port ?? null),
    )
    .map(({ kept, run }) =>
      makeCheck(
        "warning",
        "kept-key",
        { host },
        `run ${run} has kept an older private key at ${kept}, which stays: latchkey runs resume ${run} --remove-old removes it`,
      ),
    );
}

function checkBothKeys(
  facts: PlanFacts,
  changeSet: ChangeSet,
  privateKeyLocations: readonly PrivateKeyPlan[],
): Check[] {
  const { key, request, here } = facts;
  if (request.kind !== "rotate-key" || !key) return [];
  const stuck = here.flatMap((privateKey): Check[] => {
    const { path, stuck: why, possession } = privateKey;
    if (why === null) return possession.kind === "other-key" ? [otherKey(null, privateKey)] : [];
    return [
      makeCheck(
        "acknowledge",
        "private-key",
        { host: null },
        `the private key ${path} here is not replaced: ${why}`,
      ),
    ];
  });
  const people = key.people.length > 0 ? `; by the people source it is ${key.people.join(", ")}'s` : "";
  if (privateKeyLocations.length > 0) {
    const claims = checkClaims(privateKeyLocations, changeSet.newKey);
    const verified = privateKeyLocations.length - claims.length;
    const text =
      verified === 0
        ? "no location has shown that it holds the private key"
        : `the private key is verified in ${formatLocations(privateKeyLocations, verified)}`;
    const more = claims.length > 0 ? `; ${formatCount(claims.length, "location")} only claimed` : "";
    const state = verified === 0 ? "warning" : "ok";
    return [...stuck, makeCheck(state, "private-keys", { host: null }, `${text}${more}${people}`), ...claims];
  }
  if (changeSet.newKey?.kind === "provided" && changeSet.newKey.path === null) {
    const text = `whoever made the new key has its private key${people}; the old one is removed once a log shows a login with it`;
    return [...stuck, makeCheck("warning", "private-keys", { host: null }, text)];
  }
  const known = findStuckPrivateKeys(facts);
  const text =
    known.length > 0
      ? `the private key is at ${formatStuckLocations(known)}, and is not replaced there${people}: whoever logs in by it is shut out when it is removed`
      : `its private key was not found${people}: whoever holds it is shut out when it is removed`;
  return [...stuck, makeCheck("acknowledge", "private-keys", { host: null }, text)];
}

/** A locked file here is opened, and signs, before any new key is installed. */
function formatLocations(privateKeyLocations: readonly PrivateKeyPlan[], count: number): string {
  const locked = privateKeyLocations.filter(isOpenedHere).length;
  const locations = count === 1 ? "one location" : `${count} locations`;
  if (locked === 0) return locations;
  return `${locations}, ${locked === count ? "which" : `${locked} of which`} once its passphrase opens it`;
}

/**
 * Locations that only claim the private key: each gets the new one only if the user acknowledges its path. A locked
 * file here needs no acknowledgement: its passphrase opens it before it gets anything, and then it signs.
 */
function checkClaims(privateKeyLocations: readonly PrivateKeyPlan[], newKey: NewKey | null): Check[] {
  return privateKeyLocations.flatMap((privateKey) => {
    const { host, owner: account, path, possession } = privateKey;
    if (possession.kind === "verified" || isOpenedHere(privateKey)) return [];
    const why =
      possession.kind === "claimed" ? formatClaimReason(possession.why) : "it signed with another key";
    const isMadeThere =
      newKey?.kind === "made-on-host" &&
      host?.host === newKey.host &&
      host.port === newKey.port &&
      path === newKey.path;
    const isRefused = isMadeThere || possession.kind === "other-key";
    const text = isRefused
      ? `${path} has not shown that it holds the private key (${why}), so no new one is made or put there; plan it again`
      : `${path} claims the private key and has not signed with it: ${why}; agree only if you know whose file it is, for the new private key is put there`;
    const check = makeCheck(isRefused ? "refused" : "acknowledge", UNVERIFIED, { host, account }, text);
    return [{ ...check, path }];
  });
}

const UNVERIFIED = "unverified-key";

export const isOpenedHere = ({ host, kind, possession }: PrivateKeyPlan): boolean =>
  host === null && kind === "file" && possession.kind === "claimed" && possession.why === "locked";

/** A file with the right public key that signs with another key: nobody can acknowledge that. */
export const otherKey = (host: HostFacts | null, privateKey: PrivateKeyFacts): Check => ({
  ...makeCheck(
    "warning",
    "other-key",
    { host, account: host ? privateKey.owner : null },
    formatOtherKey(privateKey),
  ),
  path: privateKey.path,
});

export const formatOtherKey = ({ path }: Pick<PrivateKeyFacts, "path">): string =>
  `${path} shows the public key and holds another private one, so it gets nothing: find out who wrote it`;

/**
 * Which plans check unreadable accounts: those whose replaced private keys may open them, or whose removed key may
 * still log in there.
 */
export const acknowledgesUnreadable = (kind: PlanKind, privateKeyLocations: number): boolean =>
  kind === "remove-grants" || (kind === "rotate-key" && privateKeyLocations > 0);

/**
 * Checks accounts of which nothing is known. If they accept the key: where its private keys are replaced, its users
 * cannot log in there any more; where a line is removed elsewhere, they still can. For a root login that is unusual,
 * and needs an acknowledgement; hardly any other login can read all accounts, and an acknowledgement that is always
 * needed is given unread.
 */
export function checkUnreadableKeys(changeSet: ChangeSet, { facts: host }: Draft): Check[] {
  if (host.unreadable !== null || host.hostKey === null) return [];
  const open = unseenKeys(host).filter(
    ({ path, grants }) => path !== null && !grants.some(isMeant(changeSet)),
  );
  const [first] = open;
  if (!first) return [];
  const names = [...new Set(open.flatMap(({ accounts }) => accounts))];
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : "";
  const whose = `${names.slice(0, MOST_NAMED).join(", ")}${more}`;
  const unreadable = `the authorized keys of ${whose} could not be read (${first.path}: ${first.why})`;
  const isReplaced = changeSet.newKey !== null;
  const then = isReplaced
    ? "where the old key is among them, whoever logs in by it is shut out"
    : "where the key is among them, it still logs in there once this is done";
  const kept = isReplaced ? "; its private keys are kept aside" : "";
  return host.login.isRoot
    ? [makeCheck("acknowledge", "unreadable", { host }, `${unreadable}: ${then}${kept}`)]
    : [
        makeCheck(
          "warning",
          "unreadable",
          { host },
          `${unreadable}: ${then}; log in as root, or with sudo, to know`,
        ),
      ];
}

const MOST_NAMED = 3;

/** Accounts that are known to accept the key that is removed or changed, and whose keys could not be read now. */
export const unseenAccounts = (changeSet: ChangeSet, host: HostFacts): { account: string; why: string }[] =>
  unseenKeys(host).flatMap(({ why, grants }) =>
    [...new Set(grants.filter(isMeant(changeSet)).map(({ account }) => account))].map((account) => ({
      account,
      why,
    })),
  );

const isMeant =
  (changeSet: ChangeSet) =>
  ({ grant }: AccountGrant): boolean =>
    grant.effective !== "no" && changeSet.concerns(grant);

/** What was inspected now is evaluated by what was seen. */
export const unseenKeys = ({ files, unreadableKeys }: HostFacts): UnreadableKeys[] =>
  unreadableKeys.filter(({ path }) => path === null || !files.some((file) => isAtOrBelow(file, path)));

const isAtOrBelow = (file: FileFacts, path: string): boolean =>
  pathsOf(file).some((one) => one === path || one.startsWith(`${path}/`));

/** A known private key, which `access` shows too, at a location where it cannot be replaced. */
type StuckPrivateKey = { location: string; why: string };

/** Each known private key that stays as it is: a link, a hard link, one that cannot be read. */
export function findStuckPrivateKeys({ here, hosts }: PlanFacts): StuckPrivateKey[] {
  const stuckOf = (privateKeyLocations: readonly PrivateKeyFacts[], where: string): StuckPrivateKey[] =>
    privateKeyLocations.flatMap(({ path, stuck, possession }) =>
      stuck === null || possession.kind === "other-key"
        ? []
        : [{ location: `${path} on ${where}`, why: stuck }],
    );
  return [
    ...stuckOf(here, "this computer"),
    ...hosts.flatMap((host) => stuckOf(host.privateKeyLocations, formatHost(host))),
  ];
}

const MOST_LOCATIONS = 3;

/** `/home/jo/.ssh/id on this computer, ...`. */
export function formatStuckLocations(stuck: readonly StuckPrivateKey[]): string {
  const more = stuck.length - MOST_LOCATIONS;
  const named = stuck.slice(0, MOST_LOCATIONS).map(({ location }) => location);
  return `${named.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
