import type { Collection } from "#domain/collection/collection.ts";
import type { EvaluatedGrant } from "#domain/ssh/effective.ts";
import { evaluateUses } from "#domain/use/evaluate-use.ts";
import { findLogins, withoutFuture } from "#domain/use/find-logins.ts";
import { dayToInstant } from "#domain/use/log-dates.ts";
import type { HostUse } from "#shared/model/host-use.ts";
import { type Instant, MOST_AHEAD_SECONDS } from "#shared/model/instant.ts";
import type { Use } from "#shared/model/verdict.ts";

/** What earlier scans saw of the host. */
export type Memory = {
  /** What is known of its logins, with what one more reading tells of them. */
  recallUse: (seen: HostUse) => HostUse;
  /** From when on each line is known to stand; null for one that is new. */
  recallAges: () => (grant: EvaluatedGrant) => Instant | null;
};

/** What the logs of this reading tell of logins by key, and whether each grant is used, by these and all earlier ones. */
export function describeUse(
  collection: Collection,
  grants: readonly EvaluatedGrant[],
  { at, recallUse, recallAges }: Memory & { at: Date },
): { use: HostUse; useOf: (grant: EvaluatedGrant) => Use; read: string[] } {
  const ownNow = Math.floor(at.getTime() / 1000);
  const hostNow = collection.facts.unixTime ?? ownNow;
  const clocks = { ahead: hostNow - ownNow, now: ownNow };
  const { logins, windows, ...evidence } = withoutFuture(findLogins(collection, at), clocks);
  const use = { logins, windows };
  const now = clocks.ahead > MOST_AHEAD_SECONDS ? ownNow : hostNow;
  const judge = evaluateUses({ known: recallUse(use), evidence, lastLogins: collection.lastLogins, now });
  const lines = Map.groupBy(grants, nameOf);
  const writtenOn = new Map(collection.authorizedKeys.map(({ path, writtenDay }) => [path, writtenDay]));
  let ageOf: ReturnType<Memory["recallAges"]> | null = null;
  const standsSince = (grant: EvaluatedGrant) => {
    ageOf ??= recallAges();
    return findOldest([dayToInstant(writtenOn.get(grant.file) ?? null), ageOf(grant)]);
  };
  return {
    use,
    useOf: (grant) =>
      judge({
        ...grant,
        lineCount: lines.get(nameOf(grant))?.length ?? 1,
        standsSince: () => standsSince(grant),
      }),
    read: windows.map(
      ({ source, from, to }) => `logins in ${source}, from ${from.slice(0, 10)} to ${to.slice(0, 10)}`,
    ),
  };
}

const findOldest = (instants: readonly (Instant | null)[]): Instant | null =>
  instants.filter((instant) => instant !== null).sort()[0] ?? null;

const nameOf = ({ account, key, isAuthority }: EvaluatedGrant): string =>
  JSON.stringify([account, key?.fingerprint ?? null, isAuthority]);
