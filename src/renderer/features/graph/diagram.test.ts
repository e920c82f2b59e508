import { expect, test } from "vitest";
import type { GraphEdge, GraphLink, GraphNode } from "#shared/model/access/graph.ts";
import { diagramOfMutual, layOutDiagram, MOST_MUTUAL_DRAWN, type Placed, printSvg } from "./diagram.ts";

const account = (id: string, host: string, name = "root"): GraphNode => ({
  kind: "account",
  id,
  host,
  port: 22,
  account: name,
  isRoot: name === "root",
});
const key: GraphNode = { kind: "key", id: "key", fingerprint: "SHA256:abc", keyType: null };
const person: GraphNode = { kind: "person", id: "ann", name: "<b>Ann</b>", number: null, standing: "known" };

const edge = (from: string, to: string, isCertain = true): GraphEdge => ({
  from,
  to,
  how: "opens",
  isCertain,
  where: "",
  options: "",
  notes: [],
});

const COLOURS = { text: "#111", surface: "#fff", line: "#999", accent: "#07a", node: "#eee" };

const draw = (nodes: GraphNode[], edges: GraphEdge[]): Placed =>
  layOutDiagram({ nodes, edges, starts: [nodes[0]?.id ?? ""] });

test("people stand left of keys, keys left of accounts, and accounts of one host lead to it", () => {
  const { nodes, edges } = draw(
    [person, key, account("a", "web"), account("b", "web", "ci"), account("c", "db")],
    [edge("ann", "key"), edge("key", "a", false)],
  );
  const xOf = (id: string) => nodes.find((node) => node.id === id)?.x ?? Number.NaN;
  const [left, middle, right, end] = [xOf("ann"), xOf("key"), xOf("a"), xOf("host/web")];
  expect(left < middle && middle < right && right < end).toBe(true);
  expect(edges.filter(({ to }) => to === "host/web")).toHaveLength(2);
  expect(nodes.filter(({ isStart }) => isStart).map(({ id }) => id)).toEqual(["ann"]);
});

test("no two things stand at one place", () => {
  const { nodes } = draw([person, key, ...["a", "b", "c"].map((id) => account(id, id))], []);
  expect(new Set(nodes.map(({ x, y }) => `${x} ${y}`)).size).toBe(nodes.length);
});

test("a saved diagram holds names as text, and dashes what is only possible", () => {
  const svg = printSvg(
    draw([person, key, account("a", "web")], [edge("ann", "key"), edge("key", "a", false)]),
    COLOURS,
  );
  expect(svg).toContain("&lt;b&gt;Ann&lt;/b&gt;");
  expect(svg).not.toContain("<b>");
  expect(svg.match(/stroke-dasharray/g)).toHaveLength(1);
  expect(svg.match(/<rect/g)).toHaveLength(5);
});

test("between accounts of a column the line of a saved diagram goes around those in between", () => {
  const accounts = ["root", "ci", "ann"].map((name) => account(name, "web", name));
  const svg = printSvg(draw(accounts, [edge("root", "ann")]), COLOURS);
  expect(svg.match(/<path d="M \d+ \d+ Q/g)).toHaveLength(1);
  expect(svg.match(/<line/g)).toHaveLength(3);
});

test("hosts that trust each other are drawn with the keys between them, each thing once, and no more than can be followed", () => {
  const [web, db] = [account("a", "web"), account("b", "db")];
  const link = (from: GraphNode, to: GraphNode, fingerprint: string): GraphLink => ({
    id: fingerprint,
    from,
    to,
    fingerprint,
    how: "opens",
    heldAt: "/k",
    where: "",
    options: "",
    isCertain: true,
    notes: [],
    distance: null,
    isPathCertain: null,
  });
  const pair = { id: "1 2", there: link(web, db, "SHA256:one"), back: link(db, web, "SHA256:two") };
  const { nodes, edges } = diagramOfMutual([pair, pair]);
  expect(nodes.map(({ id }) => id)).toEqual(["a", "key/SHA256:one", "b", "key/SHA256:two"]);
  expect(edges.map(({ from, how, to }) => `${from} ${how} ${to}`)).toEqual([
    "a holds key/SHA256:one",
    "key/SHA256:one opens b",
    "b holds key/SHA256:two",
    "key/SHA256:two opens a",
  ]);
  const many = Array.from({ length: MOST_MUTUAL_DRAWN + 10 }, (_, index) => ({
    ...pair,
    there: link(account(`a${index}`, `web${index}`), db, "SHA256:one"),
  }));
  expect(diagramOfMutual(many).nodes.filter(({ id }) => /^a\d/.test(id))).toHaveLength(MOST_MUTUAL_DRAWN);
});
