import { implement } from "@orpc/server";
import { mutualPairs } from "#domain/graph/mutual-pairs.ts";
import { graph } from "#shared/contract/graph.ts";
import type { MutualTrust } from "#shared/model/graph.ts";
import type { Store } from "#store/store.ts";
import { drawPicture } from "./picture.ts";
import { createReachList } from "./reach-list.ts";
import { listSharedKeys } from "./shared-keys.ts";
import { findPath, toSteps } from "./walks.ts";

/** So many pairs of hosts are compared, and so many that trust each other are shown. */
const MOST_COMPARED = 200_000;
const MOST_MUTUAL = 1_000;

/** Who reaches what: by keys, by root, by sudo and by agents. */
export function createGraph({ store }: { store: Store }) {
  const os = implement(graph);
  const known = store.graph;
  const listReach = createReachList(known);

  return {
    links: os.links.handler(({ input }) => known.atOnce(() => known.links(input))),
    reach: os.reach.handler(({ input }) => listReach(input)),
    picture: os.picture.handler(({ input }) => known.atOnce(() => drawPicture(known, input))),
    path: os.path.handler(({ input }) => known.atOnce(() => path(input))),
    mutual: os.mutual.handler(() => known.atOnce(mutual)),
    shared: os.shared.handler(() => known.atOnce(() => listSharedKeys(known))),
  };

  function path(input: Parameters<typeof findPath>[1]) {
    const { way, isCut } = findPath(known, input);
    const isCertain = way?.every((edge) => edge.isCertain) ?? false;
    return { steps: way && toSteps(known, way), isCertain, isCut };
  }

  function mutual(): { pairs: MutualTrust[]; total: number; isCut: boolean } {
    const trusting = known.trusting(MOST_COMPARED);
    const found = mutualPairs(trusting);
    const pairs = found.slice(0, MOST_MUTUAL).flatMap(([one, other]): MutualTrust[] => {
      const [there, back] = [known.trust(one, other), known.trust(other, one)];
      return there && back ? [{ there, back }] : [];
    });
    const isCut = trusting.length > MOST_COMPARED || found.length > MOST_MUTUAL;
    return { pairs, total: found.length, isCut };
  }
}
