import { mutualEdges } from "#domain/graph.ts";
import type { GraphNode, MutualTrust, SharedKey } from "#shared/model/access/graph.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { nameNode, namePerson } from "#shared/text/access/graph.ts";
import { MOST_SHARED } from "#store/graph/graph-store.ts";
import { personId } from "#store/graph/node-finder.ts";
import { splitWords } from "#store/lists/search.ts";
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

type TextsOf<Row> = (row: Row) => { texts: readonly (string | null)[]; hosts: readonly string[] };

/** Tests whether every word of a search is in one of the texts, in any case, or is what one of the hosts calls itself. */
export function wordsIn<Row>(
  { hostsCalled }: Store["graph"],
  search: string,
  textsOf: TextsOf<Row>,
): (row: Row) => boolean {
  const words = splitWords(search).map((word) => ({
    word: word.toLowerCase(),
    called: new Set(hostsCalled(word)),
  }));
  return (row) => {
    const { texts, hosts } = textsOf(row);
    const text = texts.join("\n").toLowerCase();
    return words.every(({ word, called }) => text.includes(word) || hosts.some((host) => called.has(host)));
  };
}

/** The hosts of nodes, by the user's names for them. */
export const hostsOf = (nodes: readonly GraphNode[]): string[] =>
  nodes.flatMap((node) => ("host" in node ? [node.host] : []));

const MOST_NAMED = 20;

type SharedFilter = { search: string; kind: SharedKey["kind"] | null };

/** Keys of several people, and host keys of several hosts. */
export const createSharedList = (graph: Store["graph"]) =>
  keepRows(graph, ({ search, kind }: SharedFilter) => {
    const { keys, isCut } = findSharedKeys(graph);
    const hasWords = wordsIn<FoundKey>(graph, search, ({ key: { fingerprint, sharedBy }, hosts }) => ({
      texts: [fingerprint, ...sharedBy],
      hosts,
    }));
    const found = keys.filter((one) => (kind === null || one.key.kind === kind) && hasWords(one));
    return { rows: found.map(({ key }) => key), isCut };
  });

/** `hosts`: those that a search may know by their own names. */
type FoundKey = { key: SharedKey; hosts: readonly string[] };

function findSharedKeys({ shared, nodeOf }: Store["graph"]): { keys: FoundKey[]; isCut: boolean } {
  const nameOf = ({ lead, name }: { lead: number; name: string }): string => {
    const node = nodeOf(personId(lead));
    return node.kind === "person" ? namePerson(node) : name;
  };
  const [people, hosts] = [[...shared.ofPeople()], [...shared.ofHosts()]];
  const keys = [
    ...people.slice(0, MOST_SHARED).flatMap(([fingerprint, entries]): FoundKey[] => {
      const sharedBy = [...new Map(entries.map((entry) => [entry.lead, entry])).values()];
      if (sharedBy.length < 2) return [];
      return [{ key: toShared("people", fingerprint, sharedBy, nameOf), hosts: [] }];
    }),
    ...hosts.slice(0, MOST_SHARED).map(
      ([fingerprint, sharedBy]): FoundKey => ({
        key: toShared("hosts", fingerprint, sharedBy, ({ name }) => name),
        hosts: sharedBy.map(({ host }) => host),
      }),
    ),
  ];
  return { keys, isCut: people.length > MOST_SHARED || hosts.length > MOST_SHARED };
}

const toShared = <Sharing>(
  kind: SharedKey["kind"],
  fingerprint: string,
  sharedBy: readonly Sharing[],
  nameOf: (sharing: Sharing) => string,
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
    return { rows: mutual.filter(fits(graph, filter)), isCut };
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

function fits(
  graph: Store["graph"],
  { search, host, onlyCertain }: MutualFilter,
): (trust: MutualTrust) => boolean {
  const hasWords = wordsIn<MutualTrust>(graph, search, (trust) => {
    const { there, back } = trust;
    const names = endsOf(trust).map(nameNode);
    const texts = [...names, there.fingerprint, back.fingerprint, there.heldAt, back.heldAt];
    return { texts, hosts: hostsOf(endsOf(trust)) };
  });
  return (trust) => {
    if (onlyCertain && !(trust.there.isCertain && trust.back.isCertain)) return false;
    if (host !== null && !hostsOf(endsOf(trust)).includes(host)) return false;
    return hasWords(trust);
  };
}

const endsOf = ({ there, back }: MutualTrust): GraphNode[] => [there.from, there.to, back.from, back.to];
