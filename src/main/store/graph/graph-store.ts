import type { Database } from "better-sqlite3";
import type { GraphEdge } from "#shared/model/graph.ts";
import { databaseVersion } from "#store/lists/database-version.ts";
import type { Lists } from "#store/lists/lists.ts";
import { accountsOfHost, edgeReader } from "./edge-reader.ts";
import { linkList, linkOf } from "./link-list.ts";
import { nameFinder, nodeFinder } from "./node-finder.ts";
import { sharedKeys } from "./shared-keys.ts";
import { trustBetweenHosts } from "./trust-between-hosts.ts";

/** Who reaches what: keys, accounts, people, and what leads from one to the other. */
export function graphStore(db: Database, lists: Lists) {
  const nodes = nodeFinder(db);
  const edges = edgeReader(db);
  const accounts = accountsOfHost(db);
  return {
    version: databaseVersion(db),
    /** All that is read in here is of one moment. */
    atOnce: <T>(work: () => T): T => db.transaction(work)(),
    linkOf: (edges: readonly GraphEdge[], id: string) => linkOf(edges, nodes.nodeOf, id),
    edgesFrom: edges.from,
    edgesTo: edges.to,
    accountsOf: accounts.all,
    rootsOf: accounts.roots,
    nodeOf: nodes.nodeOf,
    ...nameFinder(db),
    links: linkList({ lists, nodeOf: nodes.nodeOf }).list,
    shared: sharedKeys(db),
    ...trustBetweenHosts(db, nodes.nodeOf),
  };
}
