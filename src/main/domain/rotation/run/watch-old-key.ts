/** Who still logs in with the keys that a run takes away, as logs tell of it. */
import { readAuthorizedKeys } from "#domain/ssh/authorized-keys.ts";
import type { HostUse, KeyLogins, LoginOrigin } from "#shared/model/host-use.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import type { HostPlan, Plan } from "#shared/model/plan.ts";
import type { OldKeyUse, OldKeyWatch, Phase, RunStep } from "#shared/model/run.ts";
import { readExactly } from "#shared/text/exact-bytes.ts";

const BEFORE: ReadonlySet<Phase> = new Set<Phase>(["make-key", "add", "hand-over"]);

/**
 * From when on a login with an old key is one by somebody who has not got the new one: when all that comes before the removal was
 * proved. Null: that is not so yet, or the removal has begun; or the plan has no days of grace, or no log tells of such logins.
 */
export function watchedSince({ kind, options }: Plan, steps: readonly RunStep[]): Instant | null {
  if (kind === "rotate-certificate" || kind === "rotate-host-key" || options.graceDays === 0) return null;
  const removals = steps.filter(({ phase }) => phase === "remove");
  const earlier = steps.filter(({ phase }) => BEFORE.has(phase));
  if (removals.length === 0 || removals.some(({ state }) => state !== "planned")) return null;
  if (earlier.some(({ state }) => state !== "proved")) return null;
  const at = earlier.flatMap((step) => step.at ?? []).toSorted();
  return at.at(-1) ?? null;
}

/** How far the clock of a host was ahead of this computer's when a run looked at it before its holders had the new key. */
export type HostClock = { host: string; port: number; aheadSeconds: number };
type HostAddress = Pick<HostClock, "host" | "port">;

/** What a host says its time is drops less than a second of it, and so does an `Instant` of this computer. */
const SLACK_SECONDS = 1;

/**
 * What the logs of a host call a moment of this computer. What came before it here, such as a login of the run itself, is never later
 * there; what comes two seconds after it is. The moment itself where no clock of the host is known.
 */
export const toHostTime = (at: Instant, host: HostAddress, clocks: readonly HostClock[]): Instant =>
  addSeconds(at, lagOf(host, clocks));

/** The other way round. */
export const fromHostTime = (at: Instant, host: HostAddress, clocks: readonly HostClock[]): Instant =>
  addSeconds(at, -lagOf(host, clocks));

function lagOf({ host, port }: HostAddress, clocks: readonly HostClock[]): number {
  const clock = clocks.find((one) => one.host === host && one.port === port);
  return clock ? clock.aheadSeconds + SLACK_SECONDS : 0;
}

const addSeconds = (at: Instant, seconds: number): Instant =>
  toInstant(new Date(Date.parse(at) + seconds * 1_000));

/** The accounts of which lines go. */
export const watchedAccounts = ({ files }: HostPlan): string[] =>
  files.flatMap(({ account, others = [], removed }) => (removed === null ? [] : [account, ...others]));

/** The hosts of which lines go. */
export const watchedHosts = ({ hosts }: Plan): HostPlan[] =>
  hosts.filter(({ files }) => files.some(({ removed }) => removed !== null));

/** The fingerprints of the keys that go: of a plan about several, those of its removed lines. */
export function watchedKeys({ oldKey }: Plan, { files }: HostPlan): string[] {
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

/** The last logins since then with one of these keys to one of these accounts of one host, an address each. */
export function findUses({ use, fingerprints, accounts, since }: UseQuery): Login[] {
  return use.logins
    .filter(
      ({ account, fingerprint, lastAt }) =>
        accounts.includes(account) && fingerprints.includes(fingerprint) && lastAt > since,
    )
    .flatMap(({ account, ...login }) =>
      originsSince(login, since).map(({ from, lastAt, lastInJournalAt }) => ({
        ...{ account, at: lastAt, from },
        evidence: lastInJournalAt !== null && lastInJournalAt > since ? "journal" : "file",
      })),
    );
}

/** With the last login, where its address is not among those that are kept. */
function originsSince(
  { origins, lastAt, lastFrom, lastInJournalAt }: Omit<KeyLogins, "account">,
  since: Instant,
): (Omit<LoginOrigin, "from"> & { from: string | null })[] {
  const recent = origins.filter((origin) => origin.lastAt > since);
  const isKept = recent.some((origin) => origin.lastAt === lastAt);
  return isKept ? recent : [...recent, { from: lastFrom, lastAt, lastInJournalAt }];
}

/** The last moment that a log of the host told of. */
export const lastTold = ({ windows }: HostUse): Instant | null =>
  windows
    .map(({ to }) => to)
    .toSorted()
    .at(-1) ?? null;

/** Over all hosts of a plan. `since`: by this computer's clock; times of uses are by their hosts'. */
export function watchOldKey(
  plan: Plan,
  since: Instant,
  useOf: (host: { host: string; port: number }) => HostUse,
  clocks: readonly HostClock[],
): OldKeyWatch {
  const hosts = watchedHosts(plan).map((one) => ({ plan: one, place: { host: one.host, port: one.port } }));
  const seen = hosts.map((one) => ({
    ...one,
    use: useOf(one.place),
    sinceThere: toHostTime(since, one.place, clocks),
  }));
  const uses = seen.flatMap(({ plan: host, place: { host: name, port }, use, sinceThere }) =>
    findUses({
      ...{ use, fingerprints: watchedKeys(plan, host), accounts: watchedAccounts(host) },
      since: sinceThere,
    }).map(({ account, at, from, evidence }) => ({ host: name, port, account, at, from, evidence })),
  );
  const unread = seen.flatMap(({ place: { host, port }, use, sinceThere }) => {
    const readTo = lastTold(use);
    return readTo === null || readTo <= sinceThere ? [{ host, port, readTo }] : [];
  });
  return { since, uses: uses.toSorted(byStrength), unread };
}

function byStrength(one: OldKeyUse, other: OldKeyUse): number {
  if (one.evidence !== other.evidence) return one.evidence === "journal" ? -1 : 1;
  return one.at < other.at ? 1 : -1;
}
