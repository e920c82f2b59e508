import type { Placed, PlacedNode } from "./picture-layout.ts";

export type Colours = { text: string; surface: string; line: string; accent: string; node: string };

const [WIDTH, HEIGHT, MARGIN] = [220, 28, 40];

/** So far an edge within a column is drawn to its side. */
export const BESIDE = 260;

/** The picture as a file of its own: shapes and text, no script and no style sheet. */
export function printSvg({ nodes, edges }: Placed, colours: Colours): string {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const [left, top] = [Math.min(...nodes.map(({ x }) => x)), Math.min(...nodes.map(({ y }) => y))];
  const [right, bottom] = [Math.max(...nodes.map(({ x }) => x)), Math.max(...nodes.map(({ y }) => y))];
  const size = [right - left + WIDTH + 2 * MARGIN, bottom - top + HEIGHT + 2 * MARGIN];
  const place = ({ x, y }: PlacedNode) =>
    [x - left + MARGIN + WIDTH / 2, y - top + MARGIN + HEIGHT / 2] as const;
  const lines = edges.flatMap(({ from, to, isCertain }) => {
    const [start, end] = [byId.get(from), byId.get(to)];
    if (!start || !end) return [];
    const [[x1, y1], [x2, y2]] = [place(start), place(end)];
    const dash = isCertain ? "" : ' stroke-dasharray="5 4"';
    if (x1 === x2)
      return `<path d="M ${x1} ${y1} Q ${x1 + (y1 < y2 ? BESIDE : -BESIDE)} ${(y1 + y2) / 2} ${x2} ${y2}" fill="none" stroke="${colours.line}"${dash}/>`;
    return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="${colours.line}"${dash}/>`;
  });
  const boxes = nodes.map((node) => {
    const [x, y] = place(node);
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
