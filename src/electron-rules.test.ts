import { globSync, readFileSync } from "node:fs";
import { parseSync } from "vite";
import { expect, test } from "vitest";

type Node = { type: string; [name: string]: unknown };

const FOLDER = "src/main/shells/electron";
/** What could break a rule names what it is about; the rest need not be parsed. */
const FILES = globSync("src/**/*.{ts,tsx}").filter(
  (file) =>
    !/\.test\.ts$|\/testing\//.test(file) &&
    (file.startsWith(FOLDER) || /electron|BrowserWindow|openExternal/.test(readFileSync(file, "utf8"))),
);
const OURS = FILES.filter((file) => file.startsWith(FOLDER));

test("there is exactly one window, and its options are made in one place", () => {
  const made = find(
    FILES,
    (node) => node.type === "NewExpression" && nameOf(node.callee) === "BrowserWindow",
  );
  expect(made.map(({ file, node }) => [file, callOf((node.arguments as Node[])[0])])).toEqual([
    [`${FOLDER}/window/open-window.ts`, "windowOptions"],
  ]);
});

test("what is opened outside is looked up in a table that is written here", () => {
  const opened = find(FILES, (node) => callOf(node) === "openExternal");
  expect(opened.map(({ file, node }) => [file, ...lookUpOf((node.arguments as Node[])[0])])).toEqual([
    [`${FOLDER}/guard/guard-page.ts`, "MemberExpression", "LINKS", true],
  ]);
});

test("electron is imported at run time by its shell alone, and there by few", () => {
  const imported = find(
    FILES,
    ({ type, source, importKind }) =>
      type === "ImportDeclaration" && importKind !== "type" && (source as Node).value === "electron",
  );
  expect(imported.map(({ file }) => file).toSorted()).toEqual([
    `${FOLDER}/desktop.ts`,
    `${FOLDER}/electron.ts`,
    `${FOLDER}/preload.ts`,
    `${FOLDER}/window/open-window.ts`,
  ]);
});

test("what the preload exposes takes and gives values: no ipcRenderer, and no event", () => {
  const exposed = find(OURS, (node) => callOf(node) === "exposeInMainWorld");
  expect(exposed.map(({ file }) => file)).toEqual([`${FOLDER}/bridge.ts`]);
  const [, api] = (exposed[0]?.node.arguments ?? []) as Node[];
  if (!api) throw new Error("the preload exposes nothing");
  expect((api.properties as Node[]).map(({ key }) => nameOf(key))).toEqual(["listen", "request"]);
  const passed = walk(api).filter(
    ({ type }) => type === "CallExpression" || type === "ArrowFunctionExpression",
  );
  const given = passed.flatMap((node) => [...((node.arguments as Node[]) ?? []), node.body as Node]);
  expect(given.map(nameOf).filter((name) => /ipcRenderer|contextBridge|event/.test(name))).toEqual([]);
});

test("nothing switches a guard of the page off, wherever it is written", () => {
  const keys = ["nodeIntegration", "webviewTag", "allowRunningInsecureContent", "experimentalFeatures"];
  const switched = find(OURS, ({ type, key, value }) => {
    if (type !== "Property") return false;
    const name = nameOf(key);
    const isOn = (value as Node).value === true;
    const isOff = (value as Node).value === false;
    return (
      (keys.includes(name) && isOn) ||
      (["sandbox", "contextIsolation", "webSecurity"].includes(name) && isOff)
    );
  });
  expect(switched).toEqual([]);
  const risky =
    /executeJavaScript|insertCSS|setCertificateVerifyProc|appendSwitch|disableHardwareAcceleration|crashReporter/;
  expect(find(OURS, (node) => risky.test(nameOf(node)))).toEqual([]);
});

test("every file of the shell was read by this test", () => {
  expect(OURS.length).toBeGreaterThan(15);
});

function find(files: readonly string[], isIt: (node: Node) => boolean): { file: string; node: Node }[] {
  return files.flatMap((file) =>
    nodesOf(file)
      .filter(isIt)
      .map((node) => ({ file, node })),
  );
}

const parsed = new Map<string, Node[]>();

function nodesOf(file: string): Node[] {
  const known = parsed.get(file);
  if (known) return known;
  const { program, errors } = parseSync(file, readFileSync(file, "utf8"));
  if (errors.length > 0) throw new Error(`${file} cannot be parsed: ${errors[0]?.message}`);
  const nodes = walk(program as unknown as Node);
  parsed.set(file, nodes);
  return nodes;
}

/** A node and all below it. */
function walk(node: Node): Node[] {
  const below = Object.values(node).flatMap((value) => (Array.isArray(value) ? value : [value]));
  return [node, ...below.filter(isNode).flatMap(walk)];
}

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && typeof (value as Node).type === "string";

/** What an identifier is called, or the last part of `a.b.c`. */
function nameOf(node: unknown): string {
  if (!isNode(node)) return "";
  if (node.type === "Identifier") return String(node.name);
  return node.type === "MemberExpression" ? nameOf(node.property) : "";
}

const callOf = (node: Node | undefined): string =>
  node?.type === "CallExpression" ? nameOf(node.callee) : "";

const lookUpOf = (node: Node | undefined): unknown[] => [node?.type, nameOf(node?.object), node?.computed];
