import { formatUntrusted } from "#renderer/ui/text.tsx";
import type { GraphEdge, GraphLink, GraphNode, MutualTrust } from "#shared/model/access/graph.ts";
import { HOW_WORDS, nameNode } from "#shared/text/access/graph.ts";

type Kind = GraphNode["kind"] | "host";

type PlacedNode = { id: string; label: string; kind: Kind; isStart: boolean; x: number; y: number };
type PlacedEdge = { id: string; from: string; to: string; label: string; isCertain: boolean };
export type Placed = { nodes: PlacedNode[]; edges: PlacedEdge[] };

export type Diagram = { nodes: readonly GraphNode[]; edges: readonly GraphEdge[]; starts: readonly string[] };

/** From left to right: who holds keys, keys, accounts, hosts. */
const COLUMN: Record<Kind, number> = { person: 0, "this-computer": 0, key: 1, account: 2, agent: 2, host: 3 };
const COLUMN_WIDTH = 300;
const ROW_HEIGHT = 46;
const LONGEST_LABEL = 28;

/** The position of each thing of a diagram. Accounts lead to their hosts, which are columns of their own. */
export function layOutDiagram({ nodes, edges, starts }: Diagram): Placed {
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

/** More are too many to follow with the eye; the table has them all. */
export const MOST_MUTUAL_DRAWN = 50;

/** Hosts that trust each other, drawn: who holds which key, and what it opens. */
export function diagramOfMutual(mutual: readonly MutualTrust[]): Diagram {
  const links = mutual.slice(0, MOST_MUTUAL_DRAWN).flatMap(({ there, back }) => [there, back]);
  const nodes = links.flatMap((link) => [link.from, ...keyOf(link), link.to]);
  const edges = links.flatMap(toEdges).map((edge) => [`${edge.from} ${edge.how} ${edge.to}`, edge] as const);
  return {
    nodes: [...new Map(nodes.map((node) => [node.id, node])).values()],
    edges: [...new Map(edges).values()],
    starts: [],
  };
}

const keyId = (fingerprint: string): string => `key/${fingerprint}`;

const keyOf = ({ fingerprint }: GraphLink): GraphNode[] =>
  fingerprint === null ? [] : [{ kind: "key", id: keyId(fingerprint), fingerprint, keyType: null }];

function toEdges(link: GraphLink): GraphEdge[] {
  const { from, to, fingerprint, how, isCertain, heldAt, where, options, notes } = link;
  const opening = { to: to.id, how, isCertain, where, options, notes };
  if (fingerprint === null) return [{ ...opening, from: from.id }];
  const key = keyId(fingerprint);
  const holding = { from: from.id, to: key, how: "holds" as const, isCertain, where: heldAt ?? "" };
  return [
    { ...holding, options: "", notes: [] },
    { ...opening, from: key },
  ];
}

export type Colours = { text: string; surface: string; line: string; accent: string; node: string };

const [WIDTH, HEIGHT, MARGIN] = [220, 28, 40];

/** So far an edge within a column is drawn to its side. */
export const BESIDE = 260;

/** The diagram as a file of its own: shapes and text, no script and no style sheet. */
export function printSvg({ nodes, edges }: Placed, colours: Colours): string {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const [left, top] = [Math.min(...nodes.map(({ x }) => x)), Math.min(...nodes.map(({ y }) => y))];
  const [right, bottom] = [Math.max(...nodes.map(({ x }) => x)), Math.max(...nodes.map(({ y }) => y))];
  const size = [right - left + WIDTH + 2 * MARGIN, bottom - top + HEIGHT + 2 * MARGIN];
  const shift = ({ x, y }: PlacedNode) =>
    [x - left + MARGIN + WIDTH / 2, y - top + MARGIN + HEIGHT / 2] as const;
  const lines = edges.flatMap(({ from, to, isCertain }) => {
    const [start, end] = [byId.get(from), byId.get(to)];
    if (!start || !end) return [];
    const [[x1, y1], [x2, y2]] = [shift(start), shift(end)];
    const dash = isCertain ? "" : ' stroke-dasharray="5 4"';
    if (x1 === x2)
      return `<path d="M ${x1} ${y1} Q ${x1 + (y1 < y2 ? BESIDE : -BESIDE)} ${(y1 + y2) / 2} ${x2} ${y2}" fill="none" stroke="${colours.line}"${dash}/>`;
    return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="${colours.line}"${dash}/>`;
  });
  const boxes = nodes.map((node) => {
    const [x, y] = shift(node);
    const edge = node.isStart ? colours.accent : colours.line;
    return `<rect x="${x - WIDTH / 2}" y="${y - HEIGHT / 2}" width="${WIDTH}" height="${HEIGHT}" rx="6" fill="${colours.node}" stroke="${edge}"/><text x="${x}" y="${y + 4}" text-anchor="middle" font-family="sans-serif" font-size="12" fill="${colours.text}">${encode(node.label)}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size[0]} ${size[1]}">`,
    `<rect width="100%" height="100%" fill="${colours.surface}"/>`,
    ...lines,
    ...boxes,
    "</svg>",
  ].join("\n");
}

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const encode = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
