import { formatUntrusted } from "#renderer/ui/text.tsx";
import type { GraphEdge, GraphNode } from "#shared/model/graph.ts";
import { HOW_WORDS } from "#shared/text/graph-edge.ts";
import { nameNode } from "#shared/text/graph-node.ts";

type Kind = GraphNode["kind"] | "host";

export type PlacedNode = { id: string; label: string; kind: Kind; isStart: boolean; x: number; y: number };
type PlacedEdge = { id: string; from: string; to: string; label: string; isCertain: boolean };
export type Placed = { nodes: PlacedNode[]; edges: PlacedEdge[] };

export type Picture = { nodes: readonly GraphNode[]; edges: readonly GraphEdge[]; starts: readonly string[] };

/** From left to right: who holds keys, keys, accounts, hosts. */
const COLUMN: Record<Kind, number> = { person: 0, "this-computer": 0, key: 1, account: 2, agent: 2, host: 3 };
const COLUMN_WIDTH = 300;
const ROW_HEIGHT = 46;
const LONGEST_LABEL = 28;

/** Where each thing of a picture stands. Accounts lead to their hosts, which are columns of their own. */
export function placePicture({ nodes, edges, starts }: Picture): Placed {
  const hosts = new Map<string, { id: string; label: string; kind: Kind; isStart: boolean }>();
  const homes: PlacedEdge[] = [];
  for (const node of nodes) {
    if (node.kind !== "account") continue;
    const name = node.port === 22 ? node.host : `${node.host}:${node.port}`;
    const id = `host/${name}`;
    hosts.set(id, { id, label: shorten(name), kind: "host", isStart: false });
    homes.push({ id: `home ${node.id}`, from: node.id, to: id, label: "", isCertain: true });
  }
  const things = nodes.map((node) => ({
    id: node.id,
    label: shorten(node.kind === "account" ? node.account : nameNode(node)),
    kind: node.kind,
    isStart: starts.includes(node.id),
  }));
  const columns = Map.groupBy([...things, ...hosts.values()], ({ kind }) => COLUMN[kind]);
  return {
    nodes: [...columns].flatMap(([column, members]) =>
      members.map((member, row) => ({
        ...member,
        x: column * COLUMN_WIDTH,
        y: (row - (members.length - 1) / 2) * ROW_HEIGHT,
      })),
    ),
    edges: [
      ...edges.map(({ from, to, how, isCertain }, index) => ({
        id: `edge ${index}`,
        from,
        to,
        isCertain,
        label: HOW_WORDS[how],
      })),
      ...homes,
    ],
  };
}

function shorten(text: string): string {
  const said = formatUntrusted(text);
  return said.length <= LONGEST_LABEL ? said : `${said.slice(0, LONGEST_LABEL - 1)}…`;
}
