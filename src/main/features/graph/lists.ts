import { mutualEdges } from "#domain/graph.ts";
import type { GraphNode, MutualTrust, SharedKey } from "#shared/model/access/graph.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { nameNode, namePerson } from "#shared/text/access/graph.ts";
import { MOST_SHARED } from "#store/graph/graph-store.ts";
import { personId } from "#store/graph/node-finder.ts";
import type { Store } from "#store/store.ts";

type Page = { after: string | null; limit: number };
type Made<Row> = { rows: Row[]; isCut: boolean };
type Listed<Row> = Made<Row> & { total: number; next: string | null };

/**
 * A list whose rows are all found at once, and returned page by page. The rows of the last query are kept for its
 * further pages, until anything in the database changes. A cursor is the number of rows before the page.
 */
export function keepRows<Query extends object, Row>(
  graph: Pick<Store["graph"], "version" | "atOnce">,
  make: (query: Query) => Made<Row>,
): (query: Query & Page) => Listed<Row> {
  let kept: (Made<Row> & { key: string }) | null = null;

  return ({ after, limit, ...rest }) => {
    const query = rest as unknown as Query;
    const begin = readOffset(after);
    const key = JSON.stringify([graph.version(), query]);
    if (kept?.key !== key) kept = { key, ...graph.atOnce(() => make(query)) };
    const { rows, isCut } = kept;
    const end = begin + limit;
    return {
      rows: rows.slice(begin, end),
      total: rows.length,
      next: end < rows.length ? `${end}` : null,
      isCut,
    };
  };
}

function readOffset(after: string | null): number {
  if (after === null) return 0;
  if (/^\d{1,9}$/.test(after)) return Number(after);
  throw new Refusal("invalid-input", "after is not the next of a page of this list");
}

/** Tests whether every word of a search is in one of the texts, in any case. */
export function wordsIn(search: string): (texts: readonly (string | null)[]) => boolean {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return (texts) => {
    const text = texts.join("\n").toLowerCase();
    return words.every((word) => text.includes(word));
  };
}

const MOST_NAMED = 20;

type SharedFilter = { search: string; kind: SharedKey["kind"] | null };

/** Keys of several people, and host keys of several hosts. */
export const createSharedList = (graph: Store["graph"]) =>
  keepRows(graph, ({ search, kind }: SharedFilter) => {
    const { keys, isCut } = findSharedKeys(graph);
    const hasWords = wordsIn(search);
    const rows = keys.filter(
      (key) => (kind === null || key.kind === kind) && hasWords([key.fingerprint, ...key.sharedBy]),
    );
    return { rows, isCut };
  });

function findSharedKeys({ shared, nodeOf }: Store["graph"]): { keys: SharedKey[]; isCut: boolean } {
  const nameOf = ({ lead, name }: { lead: number; name: string }): string => {
    const node = nodeOf(personId(lead));
    return node.kind === "person" ? namePerson(node) : name;
  };
  const [people, hosts] = [[...shared.ofPeople()], [...shared.ofHosts()]];
  const keys = [
    ...people.slice(0, MOST_SHARED).flatMap(([fingerprint, entries]) => {
      const sharedBy = [...new Map(entries.map((entry) => [entry.lead, entry])).values()];
      return sharedBy.length > 1 ? [toShared("people", fingerprint, sharedBy, nameOf)] : [];
    }),
    ...hosts
      .slice(0, MOST_SHARED)
      .map(([fingerprint, sharedBy]) => toShared("hosts", fingerprint, sharedBy, ({ name }) => name)),
  ];
  return { keys, isCut: people.length > MOST_SHARED || hosts.length > MOST_SHARED };
}

const toShared = <Holder>(
  kind: SharedKey["kind"],
  fingerprint: string,
  sharedBy: readonly Holder[],
  nameOf: (holder: Holder) => string,
): SharedKey => ({
  id: `${kind} ${fingerprint}`,
  kind,
  fingerprint,
  sharedByCount: sharedBy.length,
  sharedBy: sharedBy.slice(0, MOST_NAMED).map(nameOf),
});

/** So many pairs of hosts are compared, and so many that trust each other are listed. */
const MOST_COMPARED = 200_000;
const MOST_MUTUAL = 1_000;

type MutualFilter = { search: string; host: string | null; onlyCertain: boolean };

/** Pairs of hosts that can log in to each other, with the most certain link in either direction. */
export const createMutualList = (graph: Store["graph"]) =>
  keepRows(graph, (filter: MutualFilter) => {
    const { mutual, isCut } = findMutualTrust(graph);
    return { rows: mutual.filter(fits(filter)), isCut };
  });

function findMutualTrust(graph: Store["graph"]): { mutual: MutualTrust[]; isCut: boolean } {
  const trusting = graph.trusting(MOST_COMPARED);
  const found = mutualEdges(trusting);
  const mutual = found.slice(0, MOST_MUTUAL).flatMap(([one, other]): MutualTrust[] => {
    const [there, back] = [graph.trust(one, other), graph.trust(other, one)];
    return there && back ? [{ id: `${one} ${other}`, there, back }] : [];
  });
  return { mutual, isCut: trusting.length > MOST_COMPARED || found.length > MOST_MUTUAL };
}

function fits({ search, host, onlyCertain }: MutualFilter): (trust: MutualTrust) => boolean {
  const hasWords = wordsIn(search);
  return ({ there, back }) => {
    const ends = [there.from, there.to, back.from, back.to];
    if (onlyCertain && !(there.isCertain && back.isCertain)) return false;
    if (host !== null && !ends.some((end) => isOn(end, host))) return false;
    return hasWords([...ends.map(nameNode), there.fingerprint, back.fingerprint, there.heldAt, back.heldAt]);
  };
}

const isOn = (node: GraphNode, host: string): boolean => "host" in node && node.host === host;
