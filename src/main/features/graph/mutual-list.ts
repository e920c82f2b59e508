import { mutualEdges } from "#domain/graph.ts";
import type { GraphNode, MutualTrust } from "#shared/model/graph.ts";
import { nameNode } from "#shared/text/graph-node.ts";
import type { Store } from "#store/store.ts";
import { keepRows, wordsIn } from "./keep-rows.ts";

/** So many pairs of hosts are compared, and so many that trust each other are shown. */
const MOST_COMPARED = 200_000;
const MOST_MUTUAL = 1_000;

type MutualFilter = { search: string; host: string | null; onlyCertain: boolean };

/** Pairs of hosts that can log in to each other, by the surest way in either direction. */
export const createMutualList = (graph: Store["graph"]) =>
  keepRows(graph, (filter: MutualFilter) => {
    const { pairs, isCut } = findPairs(graph);
    return { rows: pairs.filter(fits(filter)), isCut };
  });

function findPairs(graph: Store["graph"]): { pairs: MutualTrust[]; isCut: boolean } {
  const trusting = graph.trusting(MOST_COMPARED);
  const found = mutualEdges(trusting);
  const pairs = found.slice(0, MOST_MUTUAL).flatMap(([one, other]): MutualTrust[] => {
    const [there, back] = [graph.trust(one, other), graph.trust(other, one)];
    return there && back ? [{ id: `${one} ${other}`, there, back }] : [];
  });
  return { pairs, isCut: trusting.length > MOST_COMPARED || found.length > MOST_MUTUAL };
}

function fits({ search, host, onlyCertain }: MutualFilter): (pair: MutualTrust) => boolean {
  const hasWords = wordsIn(search);
  return ({ there, back }) => {
    const ends = [there.from, there.to, back.from, back.to];
    if (onlyCertain && !(there.isCertain && back.isCertain)) return false;
    if (host !== null && !ends.some((end) => isOn(end, host))) return false;
    return hasWords([...ends.map(nameNode), there.fingerprint, back.fingerprint, there.heldAt, back.heldAt]);
  };
}

const isOn = (node: GraphNode, host: string): boolean => "host" in node && node.host === host;
