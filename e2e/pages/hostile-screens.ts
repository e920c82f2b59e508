import { join } from "node:path";
import { runnerImport } from "vite";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { expect } from "../latchkey.ts";
import { examine, watchForHarm } from "./examine.ts";
import type { Frame } from "./frame.ts";
import { ListScreen } from "./list-screen.ts";

type Maker = { makeHostileDatabase(path: string): { payloadCount: number } };

const LISTS = [
  "Certificates",
  "Served",
  "Grants",
  "Accounts",
  "Paths",
  "People",
  "Hosts",
  "Host keys",
  "History",
  "Scans",
  "Runs",
  "Findings",
  "Audit log",
] as const;

/** A list of the screen that has the graph. */
const SHARED = "Shared keys";

async function goToShared(frame: Frame): Promise<ListScreen> {
  await frame.goTo("Paths");
  await frame.page.getByText(SHARED, { exact: true }).click();
  return new ListScreen(frame.page, "shared keys");
}

/** Typed into every search: text that runs, that reverses its neighbours, that SQL or spreadsheets obey. */
const TYPED = [
  "<img src=x onerror=window.__pwned=1>",
  "\u202e' OR 1=1 --",
  "{{constructor.constructor('x')()}}",
  "__proto__",
];

/** A spreadsheet runs a cell that begins so. */
const FORMULA = /^[=+\-@\t\r\n\0\uff1d\uff0b\uff0d\uff20]/;

/** How many rows or drawers were examined, and what was wrong with any. */
type Walk = { count: number; problems: string[] };

type HostileScreensOptions = {
  openDatabase: (database: string) => Promise<Frame>;
  /** Opens the drawer of one row in so many. */
  everyDrawer: number;
  /** Sorts by so many columns of a list, in both orders, and types so many of TYPED; each list gets others. */
  most: number;
};

/**
 * Shows each payload in each field of each screen: every row of every list, in its orders, and drawers, dialogs,
 * searches and exports. Nothing of it may run, leave the page, or move a row or a column.
 */
export async function tryEveryScreen({
  openDatabase,
  everyDrawer,
  most,
}: HostileScreensOptions): Promise<void> {
  await using folder = await makeTemporaryFolder();
  const database = join(folder.path, "latchkey.db");
  // Vite runs it: the store's schema is a `?raw` import.
  const { module } = await runnerImport<Maker>("src/main/store/testing/hostile/fill.ts");
  const { payloadCount } = module.makeHostileDatabase(database);
  expect(payloadCount).toBeGreaterThan(200);
  const frame = await openDatabase(database);
  const { page } = frame;
  const harm = await watchForHarm(page);

  for (const [index, name] of ([...LISTS, SHARED] as const).entries()) {
    const list = name === SHARED ? await goToShared(frame) : await frame.goTo(name);
    await list.rows.first().waitFor();
    await sortByEach(frame, list, { first: index, most });
    // Of the six hundred, those of one rule hold every payload.
    if (name === "Findings") await list.filter("Rule", "Weak certificate key");
    const total = Number(await list.table.getAttribute("aria-rowcount")) - 1;
    await expectSafeExport(list, total);
    expect([name, await page.evaluate(walkRows)]).toEqual([name, { count: total, problems: [] }]);
    expect([name, await page.evaluate(walkDrawers, [total, everyDrawer] as const)]).toEqual([
      name,
      { count: Math.ceil(total / everyDrawer), problems: [] },
    ]);
    await frame.press("Escape");
    await search(frame, list, { first: index, most });
  }
  // Of keys first, then of certificates.
  await walkPlans(frame, 2 * payloadCount, everyDrawer);
  for (const name of ["Today", "Settings", "Issuers and vault"] as const) {
    await frame.goTo(name);
    await page.getByRole("main").getByRole("heading").first().waitFor();
    expect(await examine(page, "main")).toEqual([]);
  }
  await openOverlays(frame);
  expect(await harm.found()).toEqual([]);
}

/** The plans, each a page of its own. */
async function walkPlans(frame: Frame, total: number, every: number): Promise<void> {
  const { page } = frame;
  for (let id = 1; id <= total; id += every) {
    await frame.goToAddress(`/runs/plan?id=${id}`);
    await page.getByText(`Plan #${id}:`).waitFor();
    expect([id, await examine(page, "main")]).toEqual([id, []]);
  }
}

/** So many items of a list, from `first` on; after the last comes the first. */
type Share = { first: number; most: number };

function choose<T>(all: readonly T[], { first, most }: Share): T[] {
  const start = first % all.length;
  return [...all.slice(start), ...all.slice(0, start)].slice(0, most);
}

/** Its columns in both orders, and the menu of columns over the list. */
async function sortByEach({ page }: Frame, list: ListScreen, share: Share): Promise<void> {
  const titles = await list.table.locator("th button").allTextContents();
  for (const title of choose(titles, share)) {
    await list.sortBy(title);
    await list.sortBy(title);
    await expect(list.table).toHaveAttribute("aria-busy", "false");
    expect(await examine(page, "main")).toEqual([]);
  }
  await page.getByRole("button", { name: "Columns and density" }).click();
  await page.getByRole("menuitem", { name: "Compact" }).click();
  expect(await examine(page, "body")).toEqual([]);
  await page.keyboard.press("Escape");
}

async function search({ page }: Frame, list: ListScreen, share: Share): Promise<void> {
  for (const text of choose(TYPED, share)) {
    await list.search.fill(text);
    await expect(page).toHaveURL(/[?&]search=/);
    await list.settled();
    expect(await examine(page, "body")).toEqual([]);
    await list.search.fill("");
    await expect(page).not.toHaveURL(/[?&]search=/);
  }
}

/** RFC 4180 with as many fields in each line, none of which is a formula to a spreadsheet. */
async function expectSafeExport(list: ListScreen, total: number): Promise<void> {
  const [header = [], ...lines] = parseCsv(await list.exportText());
  expect(lines).toHaveLength(total);
  expect(lines.filter(({ length }) => length !== header.length)).toEqual([]);
  expect(lines.flat().filter((field) => FORMULA.test(field))).toEqual([]);
}

function parseCsv(text: string): string[][] {
  const fields = text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy);
  const lines: string[][] = [[]];
  let length = 0;
  for (const [whole, quoted, plain = "", end] of fields) {
    length += whole.length;
    lines.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === "\r\n") lines.push([]);
  }
  expect(length).toBe(text.length);
  return lines.slice(0, -1);
}

/** Runs in the page: scrolls from the first row to the last, and examines each screenful. */
async function walkRows(): Promise<Walk> {
  const table = document.querySelector("table");
  const scroller = table?.parentElement;
  if (!table || !scroller) return { count: 0, problems: ["there is no table"] };
  const total = Number(table.getAttribute("aria-rowcount")) - 1;
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const seen = new Set<string>();
  const problems = new Set<string>();
  scroller.scrollTop = 0;
  // The next page is fetched as the end comes near: repeat until it is there.
  for (let step = 0; seen.size < total && step < 2_000; step++) {
    await frame();
    for (const problem of window.lk.examine("table")) problems.add(problem);
    const rows = [...table.querySelectorAll("tbody tr")];
    for (const row of rows) seen.add(row.getAttribute("aria-rowindex") ?? "");
    // Scrolls only once all in view is drawn, so that no row is missed.
    const end = Math.max(...rows.map((row) => row.getBoundingClientRect().bottom));
    if (end >= scroller.getBoundingClientRect().bottom) scroller.scrollTop += scroller.clientHeight;
  }
  return { count: seen.size, problems: [...problems] };
}

/** Runs in the page: opens the drawer of one row in `every`, and examines each. */
async function walkDrawers([total, every]: readonly [number, number]): Promise<Walk> {
  const scroller = document.querySelector("table")?.parentElement;
  const height = document.querySelector("tbody tr")?.getBoundingClientRect().height ?? 0;
  const turn = () => new Promise((resolve) => setTimeout(resolve));
  const until = async (isSo: () => boolean) => {
    for (let step = 0; step < 2_000 && !isSo(); step++) await turn();
    return isSo();
  };
  const problems = new Set<string>();
  let count = 0;
  for (let index = 0; scroller && index < total; index += every) {
    scroller.scrollTop = index * height;
    const row = () => document.querySelector<HTMLElement>(`tr[aria-rowindex="${index + 2}"]`);
    await until(() => row() !== null);
    const before = openId();
    row()?.click();
    const isShown = () => openId() !== before && document.querySelector("aside h3") !== null;
    if (await until(isShown)) count++;
    for (const problem of window.lk.examine("aside")) problems.add(problem);
  }
  return { count, problems: [...problems] };

  function openId(): string | null {
    return new URLSearchParams(location.hash.split("?")[1]).get("open");
  }
}

/** Opens what lies over the screens: the dialogs, with hostile words in them. */
async function openOverlays(frame: Frame): Promise<void> {
  const { page } = frame;
  const scan = await frame.openScanDialog();
  for (const [text, shown] of [
    ["<img/src=x/onerror=window.__pwned=1>", "<img/src=x/onerror=window.__pwned=1>"],
    ["javascript:window.__pwned=1", "javascript:window.__pwned=1"],
    ["a\u202eb!", "aU+202Eb!"],
    ["{{7*7}}:443", "{{7*7}}:443"],
  ] as const) {
    await scan.write([text]);
    await expect(scan.root.locator("bdi").filter({ hasText: shown }).first()).toBeVisible();
    expect(await examine(page, "body")).toEqual([]);
  }
  await frame.press("Escape");
  const hosts = await frame.goTo("Hosts");
  await hosts.rows.first().click();
  await hosts.drawer.getByRole("button", { name: "Forget this pin" }).click();
  await page.getByRole("dialog", { name: "Forget this pin?" }).waitFor();
  expect(await examine(page, "body")).toEqual([]);
  await frame.press("Escape");
  await hosts.drawer.getByRole("button", { name: "Scan again" }).click();
  await page.getByRole("dialog", { name: "Scan" }).waitFor();
  expect(await examine(page, "body")).toEqual([]);
  await frame.press("Escape");
}
