import { distinguishPeople } from "#domain/people/standing.ts";
import type { SharedKey } from "#shared/model/graph.ts";
import { MOST_SHARED } from "#store/graph/graph-store.ts";
import type { Store } from "#store/store.ts";
import { keepRows, wordsIn } from "./keep-rows.ts";

const MOST_HOLDERS = 20;

type SharedFilter = { search: string; kind: SharedKey["kind"] | null };

/** Keys of several people, and host keys of several hosts. */
export const createSharedList = (graph: Store["graph"]) =>
  keepRows(graph, ({ search, kind }: SharedFilter) => {
    const { keys, isCut } = findSharedKeys(graph);
    const hasWords = wordsIn(search);
    const rows = keys.filter(
      (key) => (kind === null || key.kind === kind) && hasWords([key.fingerprint, ...key.holders]),
    );
    return { rows, isCut };
  });

function findSharedKeys({ shared }: Store["graph"]): { keys: SharedKey[]; isCut: boolean } {
  const [people, hosts] = [[...shared.ofPeople()], [...shared.ofHosts()]];
  const keys = [
    ...people.slice(0, MOST_SHARED).flatMap(([fingerprint, entries]) => {
      const holders = distinguishPeople(entries);
      return holders.length > 1 ? [toShared("people", fingerprint, holders)] : [];
    }),
    ...hosts.slice(0, MOST_SHARED).map(([fingerprint, holders]) => toShared("hosts", fingerprint, holders)),
  ];
  return { keys, isCut: people.length > MOST_SHARED || hosts.length > MOST_SHARED };
}

const toShared = (
  kind: SharedKey["kind"],
  fingerprint: string,
  holders: readonly { name: string }[],
): SharedKey => ({
  id: `${kind} ${fingerprint}`,
  kind,
  fingerprint,
  holderCount: holders.length,
  holders: holders.slice(0, MOST_HOLDERS).map(({ name }) => name),
});
