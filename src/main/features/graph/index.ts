import { implement } from "@orpc/server";
import { graph } from "#shared/contract/access/graph.ts";
import type { Store } from "#store/store.ts";
import { createMutualList, createSharedList } from "./lists.ts";
import { createReachList, drawDiagram, listRoots } from "./reach.ts";
import { findPath, toSteps } from "./walks.ts";

/** Who reaches what: by keys, by certificates, by root, by sudo and by agents. */
export function createGraph({ store }: { store: Store }) {
  const os = implement(graph);
  const known = store.graph;
  const listReach = createReachList(known);
  const listMutual = createMutualList(known);
  const listShared = createSharedList(known);

  return {
    links: os.links.handler(({ input }) => known.atOnce(() => known.links(input))),
    reach: os.reach.handler(({ input }) => listReach(input)),
    roots: os.roots.handler(({ input }) => known.atOnce(() => listRoots(known, input))),
    diagram: os.diagram.handler(({ input }) => known.atOnce(() => drawDiagram(known, input))),
    path: os.path.handler(({ input }) => known.atOnce(() => path(input))),
    mutual: os.mutual.handler(({ input }) => listMutual(input)),
    shared: os.shared.handler(({ input }) => listShared(input)),
  };

  function path(input: Parameters<typeof findPath>[1]) {
    const { path: edges, isCut } = findPath(known, input);
    const isCertain = edges?.every((edge) => edge.isCertain) ?? false;
    return { steps: edges && toSteps(known, edges), isCertain, isCut };
  }
}
