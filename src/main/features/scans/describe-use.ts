import type { Collection } from "#domain/collection/collection.ts";
import type { JudgedGrant } from "#domain/ssh/effective.ts";
import { findLogins } from "#domain/use/find-logins.ts";
import { judgeUses } from "#domain/use/judge-use.ts";
import type { HostUse } from "#shared/model/host-use.ts";
import type { Use } from "#shared/model/verdict.ts";

/** What is known of the host's logins, with what one more reading tells of them. */
export type RecallUse = (seen: HostUse) => HostUse;

/** What the logs of this reading tell of logins by key, and whether each grant is used, by these and all earlier ones. */
export function describeUse(
  collection: Collection,
  grants: readonly JudgedGrant[],
  { at, recallUse }: { at: Date; recallUse: RecallUse },
): { use: HostUse; useOf: (grant: JudgedGrant) => Use; read: string[] } {
  const { logins, windows, ...evidence } = findLogins(collection, at);
  const use = { logins, windows };
  const now = collection.facts.unixTime ?? Math.floor(at.getTime() / 1000);
  const judge = judgeUses({ known: recallUse(use), evidence, lastLogins: collection.lastLogins, now });
  const lines = Map.groupBy(grants, nameOf);
  return {
    use,
    useOf: (grant) => judge({ ...grant, lineCount: lines.get(nameOf(grant))?.length ?? 1 }),
    read: windows.map(
      ({ source, from, to }) => `logins in ${source}, from ${from.slice(0, 10)} to ${to.slice(0, 10)}`,
    ),
  };
}

const nameOf = ({ account, key, isAuthority }: JudgedGrant): string =>
  JSON.stringify([account, key?.fingerprint ?? null, isAuthority]);
