import { type Edge, type Found, pathTo, type Walk, walk } from "#domain/graph.ts";
import type { GraphEdge, GraphLink } from "#shared/model/access/graph.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { nameNode, THIS_COMPUTER } from "#shared/text/access/graph.ts";
import { accountId, HERE, keyId, personId } from "#store/graph/node-finder.ts";
import type { Store } from "#store/store.ts";

/** A walk reads at most so many edges, and reports where there are more. */
const MOST_EDGES = 100_000;

/** An edge from a key file to its key is no step; every other edge is a login, or a change of account. */
export type WalkedEdge = GraphEdge & Edge;

export type WalkQuery = { start: string; direction: "from" | "to"; onlyCertain: boolean };

export type Reached = {
  starts: ReadonlySet<string>;
  /** By the most certain path: a certain one is better than a shorter one. */
  certain: Found<WalkedEdge>;
  all: Found<WalkedEdge>;
  isCut: boolean;
  edgesAt: (id: string) => readonly WalkedEdge[];
};

type Graph = Store["graph"];

/** What a name reaches, or is reached from. */
export function reach(
  graph: Graph,
  { start, direction, onlyCertain }: WalkQuery,
  mostEdges = MOST_EDGES,
): Reached {
  const isBackward = direction === "to";
  const starts = resolveName(graph, start, isBackward ? "goal" : "start");
  return reachAround(graph, starts, { isBackward, onlyCertain, mostEdges });
}

type Around = { isBackward: boolean; onlyCertain: boolean; mostEdges: number };

/** What nodes reach, or are reached from. Each node's edges are read once. */
export function reachAround(
  graph: Graph,
  starts: readonly string[],
  { isBackward, onlyCertain, mostEdges }: Around,
): Reached {
  const edgesAt = rememberEdges(isBackward ? graph.edgesTo : graph.edgesFrom);
  const go = (only: boolean): Walk<WalkedEdge> =>
    walk({ starts, edgesAt, isBackward, onlyCertain: only, mostEdges });
  const certain = go(true);
  const all = onlyCertain ? certain : go(false);
  return {
    starts: new Set(starts),
    certain: certain.found,
    all: all.found,
    isCut: certain.isCut || all.isCut,
    edgesAt,
  };
}

/** A shortest path that is certain, else one that is possible; null for none. */
export function findPath(
  graph: Graph,
  { from, to, onlyCertain }: { from: string; to: string; onlyCertain: boolean },
): { path: WalkedEdge[] | null; isCut: boolean } {
  const starts = resolveName(graph, from, "start");
  const goals = new Set(resolveName(graph, to, "goal"));
  const edgesAt = rememberEdges(graph.edgesFrom);
  let isCut = false;
  for (const only of onlyCertain ? [true] : [true, false]) {
    const isGoal = (id: string) => goals.has(id);
    const walked = walk({ starts, edgesAt, onlyCertain: only, mostEdges: MOST_EDGES, isGoal });
    isCut ||= walked.isCut;
    const [nearest] = [...goals]
      .filter((goal) => walked.found.has(goal))
      .sort((one, other) => distanceOf(walked.found, one) - distanceOf(walked.found, other));
    if (nearest !== undefined) return { path: pathTo(walked.found, nearest), isCut };
  }
  return { path: null, isCut };
}

/** Whether the edge is a login with a key. */
export const isByKey = (edge: GraphEdge | undefined): boolean =>
  edge?.how === "opens" || edge?.how === "signs";

export const distanceOf = (found: Found<WalkedEdge>, id: string): number =>
  found.get(id)?.distance ?? Number.POSITIVE_INFINITY;

/** The steps of a path: the edge to a key and the login with it are one step. */
export function toSteps(graph: Graph, path: readonly WalkedEdge[]): GraphLink[] {
  const steps: GraphLink[] = [];
  for (let index = 0; index < path.length; index++) {
    const [edge, next] = [path[index], path[index + 1]];
    if (!edge) continue;
    const isHeldAndUsed = edge.how === "holds" && isByKey(next);
    const link = graph.linkOf(isHeldAndUsed && next ? [edge, next] : [edge], String(steps.length));
    steps.push({
      ...link,
      distance: steps.length + 1,
      isPathCertain: path.every(({ isCertain }) => isCertain),
    });
    if (isHeldAndUsed) index++;
  }
  return steps;
}

function rememberEdges(read: (id: string) => GraphEdge[]): (id: string) => readonly WalkedEdge[] {
  const known = new Map<string, WalkedEdge[]>();
  return (id) => {
    const before = known.get(id);
    if (before) return before;
    const edges = read(id).map((edge) => ({ ...edge, isStep: edge.how !== "holds" }));
    known.set(id, edges);
    return edges;
  };
}

/** The end of a path that a host's name stands for. */
type End = "start" | "goal";

/**
 * The nodes that a name means. A host as a start is whoever is root there, or any account where none is known to be
 * root; as a goal it is any account of it.
 */
function resolveName(graph: Store["graph"], text: string, end: End): string[] {
  const name = text.trim();
  if (name === THIS_COMPUTER) return [HERE];
  if (name.startsWith("SHA256:")) return [findKey(graph, name)];
  if (name.startsWith("person:")) return [findPerson(graph, name.slice("person:".length).trim())];
  // An account's name may be an address: the last @ comes before the host.
  const at = name.lastIndexOf("@");
  return at > 0 ? [findAccount(graph, name.slice(0, at), name.slice(at + 1))] : findHost(graph, name, end);
}

function findKey(graph: Store["graph"], fingerprint: string): string {
  if (graph.isKey(fingerprint)) return keyId(fingerprint);
  throw new Refusal("not-found", `no key ${fingerprint} was seen; write its whole fingerprint`);
}

/** So many people of one name are told apart in a refusal. */
const MOST_NAMESAKES = 4;

function findPerson(graph: Store["graph"], name: string): string {
  const found = graph.peopleNamed(name).map(personId);
  const [first] = found;
  if (first === undefined)
    throw new Refusal(
      "not-found",
      `no people source has a person called ${name}; latchkey people list names them`,
    );
  if (found.length === 1) return first;
  const names = found.slice(0, MOST_NAMESAKES).map((id) => nameNode(graph.nodeOf(id)));
  throw new Refusal("conflict", `${found.length} people are called ${name}; write ${names.join(" or ")}`);
}

function findAccount(graph: Store["graph"], account: string, host: string): string {
  const id = resolveHost(graph, host);
  if (graph.hasAccount(id, account)) return accountId(id, account);
  throw new Refusal("not-found", `${host} has no account ${account} that was seen`);
}

function findHost(graph: Store["graph"], name: string, end: End): string[] {
  const id = resolveHost(graph, name);
  const roots = end === "start" ? graph.rootsOf(id) : [];
  const found = roots.length > 0 ? roots : graph.accountsOf(id);
  if (found.length > 0) return found;
  throw new Refusal("not-found", `no account of ${name} was read yet; scan it first`);
}

/** `web1`, `web1:2222`, `[2001:db8::1]:22`, `2001:db8::1`. */
function resolveHost(graph: Store["graph"], text: string): number {
  const [, bracketed, plain, digits] = /^(?:\[(.*)\]|(.*?))(?::(\d{1,5}))?$/s.exec(text) ?? [];
  const candidates = [
    { name: text, port: null },
    { name: bracketed ?? plain ?? "", port: digits === undefined ? null : Number(digits) },
  ];
  for (const { name, port } of candidates) {
    const found = graph.hostsNamed(name).filter((one) => port === null || one.port === port);
    const [only] = found;
    if (only && found.length === 1) return only.id;
    const usual = found.find((one) => one.port === 22);
    if (usual) return usual.id;
    if (only)
      throw new Refusal(
        "conflict",
        `${name} was scanned on several ports; write one, such as ${name}:${only.port}`,
      );
  }
  throw new Refusal("not-found", `no host ${text} was scanned; latchkey hosts lists those that were`);
}
