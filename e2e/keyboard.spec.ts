import { expect, test } from "./latchkey.ts";
import { ListScreen } from "./pages/list-screen.ts";

/** Each screen by the key that goes there after `g`; the test goes on with the last one. */
const SCREENS = [
  ["a", "Grants"],
  ["u", "Accounts"],
  ["p", "People"],
  ["r", "Paths"],
  ["d", "History"],
  ["y", "Logins"],
  ["n", "Host keys"],
  ["e", "Reviews"],
  ["h", "Hosts"],
  ["s", "Scans"],
  ["b", "Runs"],
  ["f", "Findings"],
  ["k", "Standards"],
  [",", "Settings"],
  ["i", "Issuers and vault"],
  ["o", "Today"],
  ["c", "Certificates"],
] as const;

test("every screen, row and drawer can be reached without a mouse", async ({ openSample, camera }) => {
  const frame = await openSample();
  const { page } = frame;
  await frame.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
  expect(await camera.photograph("shortcuts")).toEqual([]);
  await frame.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);

  for (const [key, name] of SCREENS) {
    await frame.press("g");
    await frame.press(key);
    await expect(frame.title).toHaveText(name);
  }
  await expect(page.getByRole("dialog")).toHaveCount(0);

  const rows = page.getByRole("table").locator("tbody").getByRole("row");
  await expect(rows.nth(1)).toBeVisible();
  await frame.press("j");
  await expect(rows.nth(0)).toBeFocused();
  await frame.press("j");
  await frame.press("Enter");
  const drawer = page.getByRole("complementary", { name: "certificate" });
  await expect(drawer).toBeFocused();
  const name = drawer.getByRole("heading", { level: 2 });
  await expect(name).toHaveText("smtp.corp.example");
  await frame.press("]");
  await expect(name).toHaveText("pay.shop.example");
  await frame.press("[");
  await expect(name).toHaveText("smtp.corp.example");
  await frame.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
  await frame.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(drawer).toBeVisible();
  await frame.press("Escape");
  await expect(drawer).toHaveCount(0);
  await expect(rows.nth(1)).toBeFocused();

  const due = page.getByRole("button", { name: "Renew what is due" });
  await due.press("Enter");
  await expect(page.getByRole("dialog")).toBeVisible();
  await frame.press("Escape");
  await expect(due).toBeFocused();

  await frame.press("/");
  await expect(page.getByRole("searchbox")).toBeFocused();
  await frame.press("Escape");
  await frame.press("c");
  await expect(page.getByRole("dialog", { name: "Scan" })).toBeVisible();
});

test("rows are selected by key, a range with Shift, and copied as JSON", async ({ openSample, camera }) => {
  const frame = await openSample();
  const list = await frame.goTo("Certificates");
  await list.rows.first().waitFor();
  await frame.press("j");
  await frame.press("x");
  await frame.press("Shift+ArrowDown");
  await frame.press("Shift+ArrowDown");
  await expect(list.selection).toContainText("3 selected");
  expect(await camera.photograph("selection")).toEqual([]);
  await list.selection.getByRole("button", { name: "Copy" }).click();
  await frame.until("Copied 3 rows as JSON", () =>
    frame.page.getByRole("menuitem", { name: "Copy as JSON" }).click(),
  );
  const copied: unknown = JSON.parse(await frame.shell.readClipboard());
  expect(copied).toMatchObject([{ commonName: "grafana.corp.example" }, {}, {}]);

  await frame.press("ControlOrMeta+a");
  await expect(list.selection).toContainText(/2\d selected/);
  await frame.press("Escape");
  await expect(list.selection).toHaveCount(0);
});

test("Enter and Down go from the search into the list, and Escape leaves its text", async ({
  openSample,
}) => {
  const frame = await openSample();
  const list = await frame.goTo("Certificates");
  await list.rows.first().waitFor();
  await frame.press("/");
  await list.search.pressSequentially("grafana");
  await frame.press("Enter");
  await expect(list.rows.first()).toBeFocused();
  await expect(list.rows).toHaveCount(1);
  await expect(list.rows.first()).toContainText("grafana.corp.example");
  await frame.press("Enter");
  await expect(list.drawer).toBeVisible();
  await frame.press("Escape");

  await frame.press("/");
  await list.search.pressSequentially("corp");
  await frame.press("ArrowDown");
  await expect(list.row("grafana.corp.example")).toBeFocused();
  await frame.press("j");
  await frame.press("/");
  await frame.press("Escape");
  await expect(list.search).not.toBeFocused();
  await expect(list.search).toHaveValue("corp");
  await frame.page.getByRole("button", { name: "Clear the search" }).click();
  await expect(list.search).toHaveValue("");
  await expect(list.search).toBeFocused();
});

test("a cell, a row and a selection are copied as text, JSON and the command line that shows them", async ({
  openSample,
  camera,
}) => {
  const frame = await openSample();
  const { page, shell } = frame;
  const list = await frame.goTo("Certificates");
  await list.search.fill("grafana");
  await frame.press("Enter");
  await expect(list.rows).toHaveCount(1);
  await expect(list.rows.first()).toBeFocused();
  const copy = (said: string, act: () => Promise<void>) =>
    frame.until(said, act).then(() => shell.readClipboard());
  const choose = (name: string) => page.getByRole("menuitem", { name, exact: true }).click();

  // A key may reach the page before what is to watch it: what it says stays long enough to be found.
  const copyByKey = async (said: string): Promise<string> => {
    await frame.press("ControlOrMeta+c");
    await expect(page.getByText(said)).toBeVisible();
    return shell.readClipboard();
  };

  expect(await copyByKey("Copied 1 row as text")).toMatch(/^CN=grafana\.corp\.example[^\n]*\t[0-9a-f]{64}$/);
  await frame.press("ArrowRight");
  await frame.press("ArrowRight");
  await expect(list.rows.first().getByRole("cell").nth(2)).toBeFocused();
  expect(await copyByKey("Copied Expires")).toMatch(/^\d{4}-\d\d-\d\dT/);
  await frame.press(".");
  await expect(page.getByRole("menuitem", { name: "Copy Expires" })).toBeVisible();
  expect(await camera.photograph("row-menu")).toEqual([]);
  const json = await copy("Copied 1 row as JSON", () => choose("Copy the row as JSON"));
  const { sha256 } = JSON.parse(json) as { sha256: string };
  await list.rows.first().getByRole("cell").nth(1).click({ button: "right" });
  expect(await copy("Copied 1 command line", () => choose("Copy the command line"))).toBe(
    `latchkey certificates ${sha256}`,
  );
  await expect(list.rows.first().getByRole("cell").nth(2)).toBeFocused();

  await frame.goToAddress("#/access?account=root&effective=yes");
  await new ListScreen(page, "grants").rows.first().waitFor();
  await page.getByRole("button", { name: "Columns and density" }).click();
  expect(await copy("Copied the command line of this view", () => choose("Copy the command line"))).toBe(
    "latchkey access --account root --effective yes",
  );
});

test("columns and density are chosen once and kept", async ({ openSample, camera }) => {
  const frame = await openSample();
  const list = await frame.goTo("Certificates");
  await frame.page.getByRole("button", { name: "Columns and density" }).click();
  await frame.page.getByRole("menuitem", { name: "Issuer" }).click();
  await frame.page.getByRole("menuitem", { name: "Compact" }).click();
  expect(await camera.photograph("view-menu")).toEqual([]);
  await frame.page.reload();
  await list.rows.first().waitFor();
  await expect(list.table.getByRole("columnheader", { name: "Issuer" })).toHaveCount(0);
  expect((await list.rows.first().boundingBox())?.height).toBe(28);
});

test("columns are made wider, fitted and moved by keyboard and by pointer, and stay so", async ({
  openSample,
  camera,
}) => {
  const frame = await openSample();
  const { page } = frame;
  const list = await frame.goTo("Certificates");
  await list.rows.first().waitFor();
  const header = (name: string) => list.table.getByRole("columnheader", { name: new RegExp(`^${name}`) });
  const grip = (name: string) => page.getByRole("separator", { name: `Width of ${name}` });
  const widthOf = async (name: string) => Math.round((await header(name).boundingBox())?.width ?? 0);
  const titles = async () =>
    (await list.table.getByRole("columnheader").allInnerTexts()).map((text) => text.trim()).filter(Boolean);

  const before = await widthOf("Issuer");
  await grip("Issuer").focus();
  await frame.press("ArrowRight");
  await frame.press("ArrowRight");
  await expect.poll(() => widthOf("Issuer")).toBe(before + 32);
  await frame.press("Enter");
  await expect.poll(() => widthOf("Issuer")).not.toBe(before + 32);
  const issuers = await list.rows
    .locator("[data-column=issuer] > *")
    .evaluateAll((cells) =>
      cells
        .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
        .map(({ textContent }) => textContent),
    );
  expect(issuers).toEqual([]);

  const box = await grip("Expires").boundingBox();
  if (!box) throw new Error("the column has no grip");
  const expires = await widthOf("Expires");
  await page.mouse.move(box.x + 4, box.y + 10);
  await page.mouse.down();
  await page.mouse.move(box.x + 64, box.y + 10, { steps: 4 });
  await page.mouse.up();
  await expect.poll(() => widthOf("Expires")).toBe(expires + 60);
  await grip("Expires").dblclick();
  await expect.poll(() => widthOf("Expires")).toBeLessThan(expires + 60);

  await grip("Key").focus();
  await frame.press("Shift+ArrowLeft");
  await expect
    .poll(titles)
    .toEqual(["Certificate", "Expires", "Findings", "Key", "Issuer", "Seen at", "SHA-256"]);
  await page.getByText("SHA-256", { exact: true }).dragTo(header("Expires"));
  const moved = ["Certificate", "SHA-256", "Expires", "Findings", "Key", "Issuer", "Seen at"];
  await expect.poll(titles).toEqual(moved);
  expect(await camera.photograph("arranged-columns")).toEqual([]);
  await page.reload();
  await list.rows.first().waitFor();
  expect(await titles()).toEqual(moved);

  await page.getByRole("button", { name: "Columns and density" }).click();
  await page.getByRole("menuitem", { name: "Reset the columns" }).click();
  await expect
    .poll(titles)
    .toEqual(["Certificate", "Expires", "Findings", "Issuer", "Key", "Seen at", "SHA-256"]);
  await expect.poll(() => widthOf("Issuer")).toBe(before);
});

test("a view is saved with its filter, order and columns, deleted, and brought back", async ({
  openSample,
  camera,
}) => {
  const frame = await openSample();
  const { page } = frame;
  const list = await frame.goTo("Certificates");
  await list.search.fill("role:leaf corp");
  await list.filtered("Role");
  await list.sortBy("Key");
  await page.getByRole("button", { name: "Columns and density" }).click();
  await page.getByRole("menuitem", { name: "Issuer" }).click();
  await frame.press("Escape");
  await page.getByRole("button", { name: "Saved views" }).click();
  await page.getByRole("textbox", { name: "Name of this view" }).fill("Corp leaves");
  await frame.press("Enter");
  const view = page.getByRole("button", { name: "Corp leaves", exact: true });
  await expect(view).toBeVisible();
  expect(await camera.photograph("saved-views")).toEqual([]);
  await frame.press("Escape");

  await page.getByRole("button", { name: "Columns and density" }).click();
  await page.getByRole("menuitem", { name: "Reset the columns" }).click();
  await frame.press("Escape");
  await frame.goToAddress("#/certificates?tag=none-has-it");
  await expect(page.getByRole("heading", { name: "No certificate matches" })).toBeVisible();
  await page.reload();
  await page.getByRole("button", { name: "Saved views" }).click();
  await view.click();
  await expect(list.search).toHaveValue("corp role:leaf");
  await list.filtered("Role");
  await expect(list.table.getByRole("columnheader", { name: "Issuer" })).toHaveCount(0);
  await expect(list.table.getByRole("columnheader", { name: /^Key/ })).toHaveAttribute(
    "aria-sort",
    "ascending",
  );

  await page.getByRole("button", { name: "Delete the view Corp leaves" }).click();
  await expect(view).toHaveCount(0);
  await frame.press("Escape");
  await page.getByRole("status").getByRole("button", { name: "Undo" }).click();
  await page.getByRole("button", { name: "Saved views" }).click();
  await expect(view).toBeVisible();
});

test("anything is found by a few letters, and opened without a mouse", async ({ openSample, camera }) => {
  const frame = await openSample();
  const { page } = frame;
  await frame.press("Control+k");
  const field = page.getByRole("combobox", { name: /^Find hosts, people/ });
  await expect(field).toBeFocused();
  await field.fill("grafana");
  const options = page.getByRole("listbox", { name: "Found" }).getByRole("option");
  await expect(options.filter({ hasText: "grafana.corp.example" })).toHaveCount(1);
  expect(await camera.photograph("palette")).toEqual([]);
  await frame.press("Enter");
  await expect(page.getByRole("complementary", { name: "certificate" })).toContainText(
    "grafana.corp.example",
  );

  await frame.press("Control+k");
  await field.fill("audit");
  await expect(options.filter({ hasText: "Audit log" })).toHaveCount(1);
  await frame.press("Enter");
  await expect(frame.title).toHaveText("Audit log");
  await expect(page.getByRole("table", { name: "events" })).toContainText("Scan finished");
  expect(await camera.photograph("audit-log")).toEqual([]);

  await frame.press("Control+k");
  await field.fill("no such thing anywhere");
  await expect(page.getByText("Nothing has these words in it")).toBeVisible();
  await frame.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
});
