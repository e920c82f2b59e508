import type { Database } from "better-sqlite3";
import type { GraphEdge, GraphLink, GraphNode } from "#shared/model/access/graph.ts";
import { databaseVersion } from "#store/lists/kept.ts";
import type { Lists } from "#store/lists/lists.ts";
import {
  accountsOfHost,
  edgeReader,
  GRANT,
  type GrantEdgeRow,
  holding,
  KEY_FILE,
  type KeyFileRow,
  opening,
} from "./edges.ts";
import { linkList, linkOf } from "./link-list.ts";
import { nameFinder, nodeFinder } from "./node-finder.ts";

/** Reads who reaches what: keys, accounts, people, and the edges between them. */
export function graphStore(db: Database, lists: Lists) {
  const nodes = nodeFinder(db);
  const edges = edgeReader(db);
  const accounts = accountsOfHost(db);
  return {
    version: databaseVersion(db),
    /** Everything that `work` reads is of one moment. */
    atOnce: <T>(work: () => T): T => db.transaction(work)(),
    linkOf: (edges: readonly GraphEdge[], id: string) => linkOf(edges, nodes.nodeOf, id),
    edgesFrom: edges.from,
    edgesTo: edges.to,
    accountsOf: accounts.all,
    rootsOf: accounts.roots,
    nodeOf: nodes.nodeOf,
    /** The user's names for the hosts that call themselves by a word. */
    hostsCalled: (word: string): string[] => JSON.parse(lists.calledHosts(word)?.names ?? "[]"),
    ...nameFinder(db),
    links: linkList({ lists, nodeOf: nodes.nodeOf }).list,
    shared: sharedKeys(db),
    ...trustBetweenHosts(db, nodes.nodeOf),
  };
}

/** Between two hosts so many links are read to find one that is certain. */
const MOST_LINKS = 50;

/** Private keys on one host that open accounts of another. */
function trustBetweenHosts(db: Database, nodeOf: (id: string) => GraphNode) {
  const linkedHosts = db
    .prepare<[number], [number, number]>(`
      SELECT DISTINCT key_file.host, grant_line.host
      FROM key_file
      CROSS JOIN grant_line INDEXED BY grant_usable
        ON grant_line.fingerprint = ifnull(key_file.fingerprint, likely_fingerprint)
      WHERE key_file.gone_scan IS NULL AND grant_line.gone_scan IS NULL AND grant_line.effective <> 'no'
        AND grant_line.host <> key_file.host
      LIMIT ?`)
    .raw();
  const files = db.prepare<[number], KeyFileRow>(
    `SELECT ${KEY_FILE} FROM key_file WHERE host = ? AND gone_scan IS NULL ORDER BY id`,
  );
  const grants = db.prepare<[string, number], GrantEdgeRow>(`
    SELECT ${GRANT} FROM grant_line INDEXED BY grant_usable
    WHERE fingerprint = ? AND host = ? AND gone_scan IS NULL AND effective <> 'no'
    ORDER BY account, id
    LIMIT ${MOST_LINKS}`);

  return {
    /** Each pair of hosts once. It has `most + 1` pairs where there are more than `most`. */
    trusting: (most: number): [number, number][] => linkedHosts.all(most + 1),

    /** The most certain link from one host to another; null for none. */
    trust(from: number, to: number): GraphLink | null {
      let possible: GraphLink | null = null;
      let readCount = 0;
      for (const file of files.all(from)) {
        const held = holding(file, file.owner, "own");
        if (!held) continue;
        for (const grant of grants.all(file.fingerprint ?? file.likely_fingerprint ?? "", to)) {
          const link = linkOf([held, opening(grant)], nodeOf, `${from} ${to}`);
          if (link.isCertain || ++readCount >= MOST_LINKS) return link.isCertain ? link : (possible ?? link);
          possible ??= link;
        }
      }
      return possible;
    },
  };
}

/** So many keys of each kind are listed. */
export const MOST_SHARED = 1_000;
/** One key more shows that there are more. */
const MOST_READ = MOST_SHARED + 1;

/** `lead` distinguishes people: entries with the same one are of one person. */
type PersonRow = { fingerprint: string; name: string; lead: number };

/**
 * Keys that people sources have under several entries, and host keys that are on several hosts: one more than are
 * listed.
 */
function sharedKeys(db: Database) {
  const people = db.prepare<[], PersonRow>(`
    SELECT fingerprint, lead.name, lead.id AS lead
    FROM person_key CROSS JOIN person ON person.id = person_key.person
      CROSS JOIN person AS lead ON lead.id = ifnull(person.lead, person.id)
    WHERE fingerprint IN (
      SELECT fingerprint FROM person_key GROUP BY fingerprint HAVING count(*) > 1 LIMIT ${MOST_READ})
    ORDER BY fingerprint, lead.name, lead.id`);
  const hosts = db.prepare<[], { fingerprint: string; name: string; host: string }>(`
    WITH held AS (
      SELECT fingerprint, host FROM host_key WHERE gone_scan IS NULL
      UNION
      SELECT key_fingerprint, id FROM host WHERE key_fingerprint IS NOT NULL)
    SELECT fingerprint, host.host, iif(port = 22, host.host, iif(instr(host.host, ':'), '[' || host.host || ']', host.host) || ':' || port) AS name
    FROM held CROSS JOIN host ON host.id = held.host
    WHERE fingerprint IN (SELECT fingerprint FROM held GROUP BY fingerprint HAVING count(*) > 1 LIMIT ${MOST_READ})
    ORDER BY fingerprint, host.host, port`);

  return {
    /** Grouped by key. */
    ofPeople: () => Map.groupBy(people.all(), ({ fingerprint }) => fingerprint),
    ofHosts: () => Map.groupBy(hosts.all(), ({ fingerprint }) => fingerprint),
  };
}
