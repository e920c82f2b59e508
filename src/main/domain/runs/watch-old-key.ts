/** Who still logs in with the keys that a run removes, as far as logs show it. */
import { readAuthorizedKeys } from "#domain/ssh/authorized-keys.ts";
import type { HostUse, KeyLogins, LoginOrigin } from "#shared/model/hosts/host-use.ts";
import { type Instant, MOST_AHEAD_SECONDS, toInstant } from "#shared/model/instant.ts";
import { type HostAddress, isKeyPlan, type KeyPlan, oldKeyOf, type Plan } from "#shared/model/runs/plan.ts";
import type { OldKeyUse, OldKeyWatch, Phase, RunStep } from "#shared/model/runs/run.ts";
import { readExactly } from "#shared/text/exact-bytes.ts";

const BEFORE: ReadonlySet<Phase> = new Set<Phase>(["create-key", "grant", "install-key"]);

/**
 * From when on a login with an old key means that its user does not have the new one: when all that comes before the
 * removal was verified. Null: it is not yet, or the removal has begun; or the plan has no grace period, or no log shows
 * such logins.
 */
export function watchedSince(plan: Plan, steps: readonly RunStep[]): Instant | null {
  const earlier = findEarlier(plan, steps);
  if (earlier === null || !earlier.every(isVerified)) return null;
  const at = earlier.flatMap((step) => step.at ?? []).toSorted();
  return at.at(-1) ?? null;
}

/**
 * Whether a run stores how far its hosts' clocks are ahead: as long as the private key locations do not have the new
 * key, for then its own logins with the old one are over, and a host may set its clock. Not again once the removal has
 * begun.
 */
export function isClockKept(plan: Plan, steps: readonly RunStep[]): boolean {
  const earlier = findEarlier(plan, steps);
  return earlier !== null && !earlier.every(isVerified);
}

/** The steps before a removal for which logs are watched; null: there is none, or it has begun. */
function findEarlier(plan: Plan, steps: readonly RunStep[]): RunStep[] | null {
  if (!isKeyPlan(plan) || plan.kind === "rotate-host-key" || plan.kind === "disable-account") return null;
  if (plan.options.graceDays === 0) return null;
  const removals = steps.filter(({ phase }) => phase === "revoke");
  if (removals.length === 0 || removals.some(({ state }) => state !== "planned")) return null;
  return steps.filter(({ phase }) => BEFORE.has(phase));
}

const isVerified = ({ state }: RunStep): boolean => state === "verified";

/**
 * How far the clock of a host was ahead of this computer's when a run read it before the private key locations had the
 * new key: at least that far, however long the answer took.
 */
export type HostClock = { host: string; port: number; aheadSeconds: number };
type ChangedHost = KeyPlan["hosts"][number];

/** What is known of the clocks of hosts, each by its own answer. */
export type HostClocks = {
  /** As the run stored it, the last time before its private key locations had the new key. */
  kept: readonly HostClock[];
  /** By the last scan; null: unknown. Seconds ahead, less by up to the duration of that probe. */
  readOf: (host: HostAddress) => number | null;
};

/** A host's time drops less than a second, and so does an `Instant` of this computer. */
const SLACK_SECONDS = 1;

/** A clock that a scan finds farther back than it was stored has been set: a probe does not take so long. */
const LONGEST_PROBE_SECONDS = 60;

/**
 * A moment of this computer in the time of a host's logs. A login before it here, such as one of the run itself, is not
 * later there; one three seconds after it is. If the clock is not known, has been set back since, or is too far ahead
 * to be believed (scans then date logins by this computer's), the result is early rather than late: a use is reported
 * once too often, never hidden.
 */
export const toHostTime = (at: Instant, host: HostAddress, clocks: HostClocks): Instant =>
  addSeconds(at, lagOf(host, clocks));

/** The inverse; never later than `now`, at which the use was reported. */
export function fromHostTime(
  at: Instant,
  host: HostAddress,
  { now, ...clocks }: HostClocks & { now: Instant },
): Instant {
  const here = addSeconds(at, -lagOf(host, clocks));
  return here < now ? here : now;
}

/** What a host's clock says now, by the last scan of it, whatever it said when the run was there. */
export function nowThere(now: Instant, host: HostAddress, clocks: HostClocks): Instant {
  const read = clocks.readOf(host);
  return read === null ? toHostTime(now, host, clocks) : addSeconds(now, believe(read));
}

function lagOf({ host, port }: HostAddress, { kept, readOf }: HostClocks): number {
  const clock = kept.find((one) => one.host === host && one.port === port);
  const read = readOf({ host, port });
  const lag = clock && isBelieved(clock.aheadSeconds) ? clock.aheadSeconds + SLACK_SECONDS : 0;
  if (read === null || (isBelieved(read) && lag - read <= LONGEST_PROBE_SECONDS)) return lag;
  return Math.min(lag, believe(read));
}

const isBelieved = (aheadSeconds: number): boolean => aheadSeconds <= MOST_AHEAD_SECONDS;
const believe = (aheadSeconds: number): number => (isBelieved(aheadSeconds) ? aheadSeconds : 0);

const addSeconds = (at: Instant, seconds: number): Instant =>
  toInstant(new Date(Date.parse(at) + seconds * 1_000));

/** The accounts from which lines are removed. */
export const watchedAccounts = ({ files }: ChangedHost): string[] =>
  files.flatMap(({ account, others = [], removed }) => (removed === null ? [] : [account, ...others]));

/** The hosts from which lines are removed. */
export const watchedHosts = ({ hosts }: KeyPlan): ChangedHost[] =>
  hosts.filter(({ files }) => files.some(({ removed }) => removed !== null));

/** The fingerprints of the keys that are removed; for a plan about several keys, those of its removed lines. */
export function watchedKeys(plan: KeyPlan, { files }: Pick<ChangedHost, "files">): string[] {
  const oldKey = oldKeyOf(plan);
  if (oldKey !== null) return [oldKey];
  const gone = files.flatMap(({ removed }) => removed ?? []);
  const lines = gone.flatMap(({ removed }) => readAuthorizedKeys(readExactly(removed) ?? new Uint8Array()));
  return [...new Set(lines.flatMap(({ key }) => key?.fingerprint ?? []))];
}

type UseQuery = {
  use: HostUse;
  fingerprints: readonly string[];
  accounts: readonly string[];
  /** By the host's clock. */
  since: Instant;
};
type Login = Omit<OldKeyUse, "host" | "port">;

/** The last logins since then with one of these keys to one of these accounts of one host, one for each address. */
export function findUses({ use, fingerprints, accounts, since }: UseQuery): Login[] {
  return use.logins
    .filter(
      ({ account, fingerprint, lastAt }) =>
        accounts.includes(account) && fingerprints.includes(fingerprint) && lastAt > since,
    )
    .flatMap(({ account, ...login }) =>
      originsSince(login, since).map(({ from, lastAt, lastInJournalAt }) => ({
        account,
        at: lastAt,
        from,
        evidence: lastInJournalAt !== null && lastInJournalAt > since ? "journal" : "file",
      })),
    );
}

/** Includes the last login, if its address is not among those that are kept. */
function originsSince(
  { origins, lastAt, lastFrom, lastInJournalAt }: Omit<KeyLogins, "account">,
  since: Instant,
): (Omit<LoginOrigin, "from"> & { from: string | null })[] {
  const recent = origins.filter((origin) => origin.lastAt > since);
  const isKept = recent.some((origin) => origin.lastAt === lastAt);
  return isKept ? recent : [...recent, { from: lastFrom, lastAt, lastInJournalAt }];
}

/** The last moment that a log of the host covers. */
export const lastLogged = ({ windows }: HostUse): Instant | null =>
  windows
    .map(({ to }) => to)
    .toSorted()
    .at(-1) ?? null;

/** Over all hosts of a plan. `since`: by this computer's clock; times of uses are by their hosts'. */
export function watchOldKey(
  plan: KeyPlan,
  since: Instant,
  useOf: (host: { host: string; port: number }) => HostUse,
  clocks: HostClocks,
): OldKeyWatch {
  const hosts = watchedHosts(plan).map((one) => ({ plan: one, address: { host: one.host, port: one.port } }));
  const seen = hosts.map((one) => ({
    ...one,
    use: useOf(one.address),
    sinceThere: toHostTime(since, one.address, clocks),
  }));
  const uses = seen.flatMap(({ plan: host, address: { host: name, port }, use, sinceThere }) =>
    findUses({
      use,
      fingerprints: watchedKeys(plan, host),
      accounts: watchedAccounts(host),
      since: sinceThere,
    }).map(({ account, at, from, evidence }) => ({ host: name, port, account, at, from, evidence })),
  );
  const unreadable = seen.flatMap(({ address: { host, port }, use, sinceThere }) => {
    const readTo = lastLogged(use);
    return readTo === null || readTo <= sinceThere ? [{ host, port, readTo }] : [];
  });
  return { since, uses: uses.toSorted(byStrength), unreadable };
}

function byStrength(one: OldKeyUse, other: OldKeyUse): number {
  if (one.evidence !== other.evidence) return one.evidence === "journal" ? -1 : 1;
  return one.at < other.at ? 1 : -1;
}
