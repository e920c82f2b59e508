import { Button, useComputedColorScheme } from "@mantine/core";
import cytoscape from "cytoscape";
import { useEffect, useMemo, useRef } from "react";
import { ErrorState } from "#renderer/ui/panel.tsx";
import { download } from "#renderer/ui/table/column.ts";
import { nameNode } from "#shared/text/access/graph.ts";
import { formatCount } from "#shared/text/count.ts";
import { BESIDE, type Colours, type Diagram, layOutDiagram, type Placed, printSvg } from "./diagram.ts";
import classes from "./graph.module.css";
import { type Search, useDiagram } from "./queries.ts";

type Props = {
  diagram: Diagram | undefined;
  /** What it shows, and what it leaves out. */
  title: string;
  onStart: (name: string) => void;
};

/** The table as a drawing: whoever cannot see or point at it finds the same in the table. */
export function DiagramPanel({ diagram: data, title, onStart }: Props) {
  const scheme = useComputedColorScheme("light");
  const placed = useMemo(() => (data ? layOutDiagram(data) : null), [data]);
  const names = useMemo(
    () => new Map(data?.nodes.flatMap((node) => (node.kind === "agent" ? [] : [[node.id, nameNode(node)]]))),
    [data],
  );
  const { container, drawn } = useDrawing(placed, scheme, (id) => {
    const name = names.get(id);
    if (name !== undefined) onStart(name);
  });
  const savePng = async () => {
    const options = { output: "blob-promise", full: true, scale: 2, bg: readColours().surface } as const;
    const image = await drawn.current?.png(options);
    if (image) download("latchkey-graph.png", "image/png", image);
  };
  return (
    <section className={classes.panel} aria-label="Diagram">
      <header className={classes.head}>
        <h2 className={classes.title}>{title}</h2>
        <Button
          size="xs"
          variant="default"
          disabled={!placed}
          onClick={() =>
            placed && download("latchkey-graph.svg", "image/svg+xml", printSvg(placed, readColours()))
          }
        >
          Save as SVG
        </Button>
        <Button size="xs" variant="default" disabled={!placed} onClick={() => void savePng()}>
          Save as PNG
        </Button>
      </header>
      {/* Cytoscape adds a style sheet unless something of this name is there; the page's policy would refuse it. */}
      <span id="__________cytoscape_stylesheet" hidden />
      <div
        ref={container}
        className={classes.canvas}
        role="img"
        aria-label="From left to right: people and this computer, keys, accounts, hosts. The table lists all of it."
      />
    </section>
  );
}

/** A zoom, as a fraction of the usual size. */
const LEAST_READABLE = 0.55;

function useDrawing(placed: Placed | null, scheme: string, onPress: (id: string) => void) {
  const container = useRef<HTMLDivElement>(null);
  const drawn = useRef<cytoscape.Core>(null);
  const latestPress = useRef(onPress);
  latestPress.current = onPress;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours are those of the theme
  useEffect(() => {
    if (!container.current || !placed) return;
    const cy = cytoscape({
      container: container.current,
      elements: toElements(placed),
      style: toStyle(readColours()),
      layout: { name: "preset", fit: true, padding: 20 },
      minZoom: 0.1,
      maxZoom: 3,
      autoungrabify: true,
      boxSelectionEnabled: false,
    });
    // All of it where that is readable; else what is nearest to the start.
    if (cy.zoom() < LEAST_READABLE) {
      cy.zoom(LEAST_READABLE);
      cy.center(cy.nodes(".start"));
    }
    cy.on("tap", "node", (event) => latestPress.current(event.target.id()));
    drawn.current = cy;
    return () => {
      drawn.current = null;
      cy.destroy();
    };
  }, [placed, scheme]);
  return { container, drawn };
}

/** An edge within a column goes around the nodes between its two ends. */
const toElements = ({ nodes, edges }: Placed): cytoscape.ElementDefinition[] => {
  const columnOf = new Map(nodes.map(({ id, x }) => [id, x]));
  return [
    ...nodes.map(({ x, y, isStart, ...data }) => ({
      data,
      position: { x, y },
      classes: isStart ? "start" : "",
    })),
    ...edges.map(({ id, from, to, label, isCertain }) => ({
      data: { id, source: from, target: to, label },
      classes: `${isCertain ? "" : "possible"} ${columnOf.get(from) === columnOf.get(to) ? "beside" : ""}`,
    })),
  ];
};

/** A step that is only possible is dashed, and has a lighter line. */
const toStyle = ({ text, surface, line, accent, node }: Colours): cytoscape.StylesheetJson => [
  {
    selector: "node",
    style: {
      label: "data(label)",
      shape: "round-rectangle",
      width: 220,
      height: 28,
      "background-color": node,
      "border-width": 1,
      "border-color": line,
      color: text,
      "font-size": 12,
      "text-valign": "center",
      "text-halign": "center",
      "font-family": "Inter Variable, system-ui, sans-serif",
    },
  },
  { selector: "node.start", style: { "border-color": accent, "border-width": 2 } },
  {
    selector: "edge",
    style: {
      width: 1.5,
      "line-color": line,
      "curve-style": "bezier",
      "target-arrow-shape": "triangle",
      "target-arrow-color": line,
      "arrow-scale": 0.8,
      label: "data(label)",
      "font-size": 9,
      color: text,
      "text-background-color": surface,
      "text-background-opacity": 1,
    },
  },
  { selector: "edge.possible", style: { "line-style": "dashed" } },
  {
    selector: "edge.beside",
    style: {
      "curve-style": "unbundled-bezier",
      "control-point-distances": -BESIDE,
      "control-point-weights": 0.5,
    },
  },
];

/** As the theme has them now. */
function readColours(): Colours {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string) => style.getPropertyValue(`--lk-${name}`).trim();
  return {
    text: read("text"),
    surface: read("surface"),
    line: read("dim"),
    accent: read("accent"),
    node: read("sunken"),
  };
}

type ReachDiagramProps = { search: Search; onStart: (name: string) => void };

/** The nearest things around a start. */
export function ReachDiagram({ search, onStart }: ReachDiagramProps) {
  const { data, error, refetch } = useDiagram(search);
  if (error) return <ErrorState doing="draw the diagram" error={error} onRetry={() => void refetch()} />;
  return <DiagramPanel diagram={data} title={data ? formatSize(data, search) : ""} onStart={onStart} />;
}

/** A diagram that shows less than the table says so. */
function formatSize(
  { nodes, isCut }: { nodes: readonly unknown[]; isCut: boolean },
  { direction }: Search,
): string {
  const left = direction === "to" ? "" : "; what leads no further is in the table alone";
  return `${formatCount(nodes.length, "thing")}${isCut ? ", the nearest of more" : ""}${left}`;
}
