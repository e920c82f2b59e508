import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FromStandIn } from "#testing/electron/messages.ts";
import { startDesktop } from "#testing/electron/start-desktop.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { copySample, expect, desktopTest as test } from "./latchkey.ts";
import { InspectDialog } from "./pages/inspect-dialog.ts";
import { ListScreen } from "./pages/list-screen.ts";
import { environmentOf } from "./stages/stage.ts";

test("a core that falls is started again, the page says so, and what it shows goes on", async ({
  openDesktop,
  camera,
}) => {
  const { frame, desktop } = await openDesktop();
  const list = await frame.goTo("Certificates");
  await list.rows.first().waitFor();
  desktop.tell({ kind: "fall" });
  const banner = frame.page.getByText("was started again");
  await expect(banner).toHaveText(
    "The part of Latchkey that reads hosts has stopped (exit code 1) and was started again; a scan that was running is shown as interrupted",
  );
  await list.search.fill("grafana");
  await expect(list.rows).toHaveCount(1);
  expect(await camera.photograph("core-restarted")).toEqual([]);
  await frame.page.getByRole("main").locator("..").getByRole("button", { name: "Close" }).click();
  await expect(banner).toHaveCount(0);
});

test("a core that goes on falling is given up with a sentence, until somebody tries again", async ({
  openDesktop,
  camera,
}) => {
  const { frame, desktop } = await openDesktop();
  for (let falls = 0; falls < 4; falls++) {
    desktop.tell({ kind: "fall" });
    await desktop.until((said) => isCore(said, falls < 3 ? "restarting" : "failed"));
    // The message that it runs may still be one from before.
    if (falls < 3) await desktop.until((said) => isCore(said, "running") && says(said, "was started again"));
  }
  await expect(frame.page.getByRole("heading", { name: "Latchkey has stopped" })).toBeVisible();
  await expect(
    frame.page.getByText(
      "The part of Latchkey that reads hosts has stopped 4 times in five minutes (exit code 1 the last time)",
    ),
  ).toBeVisible();
  expect(await camera.photograph("core-given-up")).toEqual([]);
  await frame.page.getByRole("button", { name: "Try again" }).click();
  await expect(frame.rail).toBeVisible();
});

test("a link of another program opens the row, and what is no link of ours opens nothing", async ({
  openDesktop,
}) => {
  const { frame, desktop } = await openDesktop();
  const list = await frame.goTo("Certificates");
  await list.rows.first().click();
  await list.drawer.getByRole("heading", { level: 3 }).first().waitFor();
  const title = await list.drawer.getByRole("heading", { level: 2 }).textContent();
  const link = await frame.copyLink(list);
  expect(link).toMatch(/^latchkey:\/\/open\/certificates\?open=[0-9a-f]{64}$/);

  await frame.goTo("Today");
  for (const other of ["latchkey://open/hosts?open=1#/settings", "latchkey://evil", "javascript:alert(1)"]) {
    await desktop.ask({ kind: "emit", event: "open-url", args: [other] });
  }
  await desktop.ask({
    kind: "emit",
    event: "second-instance",
    args: [["electron", "--no-sandbox", ".", link], "/"],
  });
  await expect(
    new ListScreen(frame.page, "certificates").drawer.getByRole("heading", { level: 2 }),
  ).toHaveText(title ?? "");
  expect(desktop.calls.filter(({ name }) => name === "focus").length).toBeGreaterThan(1);
});

test("a file that the system opens is looked into, and one that cannot be read says why", async ({
  openDesktop,
}) => {
  await using folder = await makeTemporaryFolder();
  const file = join(folder.path, "authorized_keys");
  await writeFile(
    file,
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7g1Nq4nXxqZ0dTjyIqo5n9tO2xk0V5uVqk3vUqk7cd build@ci\n",
  );
  const { frame, desktop } = await openDesktop(file);
  const inspect = new InspectDialog(frame.page);
  await expect(inspect.file("authorized_keys")).toContainText("build@ci");
  await desktop.ask({ kind: "emit", event: "open-file", args: [join(folder.path, "gone.pem")] });
  await expect(inspect.file("gone.pem")).toContainText("gone.pem could not be read: ENOENT");
});

test("the menu goes to screens, opens dialogs, and leads out by https alone", async ({ openDesktop }) => {
  const { frame, desktop } = await openDesktop();
  const choose = (item: string) => desktop.ask({ kind: "choose", item });
  await choose("Settings…");
  await expect(frame.title).toHaveText("Settings");
  await choose("Hosts  (G H)");
  await expect(frame.title).toHaveText("Hosts");
  for (const [item, dialog] of [
    ["Scan…  (C)", "Scan"],
    ["Inspect a File…", "Inspect"],
    ["Keyboard Shortcuts  (?)", "Keyboard shortcuts"],
  ] as const) {
    await choose(item);
    await expect(frame.page.getByRole("dialog", { name: dialog })).toBeVisible();
    await frame.press("Escape");
    await expect(frame.page.getByRole("dialog")).toHaveCount(0);
  }
  await choose("The ssh_config Format (ssh_config.5)");
  expect(desktop.findCall("openExternal")).toEqual(["https://man.openbsd.org/ssh_config.5"]);
});

test("a reload gets a port of its own, and the built window is locked as its parts say", async ({
  openDesktop,
}) => {
  const { frame, desktop } = await openDesktop();
  await frame.page.reload();
  const list = await frame.goTo("Certificates");
  await list.rows.first().waitFor();
  expect(desktop.findCall("BrowserWindow")).toMatchObject([
    { webPreferences: { sandbox: true, contextIsolation: true, nodeIntegration: false, webSecurity: true } },
  ]);
  expect(desktop.findCall("setWindowOpenHandler")).toEqual([{ action: "deny" }]);
  const names = desktop.calls.map(({ name }) => name);
  const ready = names.indexOf("ready");
  expect(names.slice(0, ready)).toEqual(["enableSandbox", "registerSchemesAsPrivileged"]);
  expect(names).toEqual(
    expect.arrayContaining([
      "setPermissionRequestHandler",
      "setPermissionCheckHandler",
      "setDevicePermissionHandler",
      "setDisplayMediaRequestHandler",
      "setUSBProtectedClassesHandler",
      "setBluetoothPairingHandler",
      "onBeforeRequest",
    ]),
  );
  const ask = (url: string, initiatorOrigin: string | null) =>
    desktop.ask({ kind: "fetch", url, initiatorOrigin });
  expect(await ask("latchkey-app://page/", "https://evil.example")).toMatchObject({ status: 403 });
  expect(await ask("latchkey-app://page/..%2fmain/core.js", null)).toMatchObject({ status: 404 });
  expect(await ask("latchkey-app://page/licenses.md", null)).toMatchObject({ status: 404 });
  await expect(
    desktop.ask({
      kind: "invoke",
      channel: "latchkey:request",
      args: [{ kind: "read", path: "/etc/passwd" }],
    }),
  ).rejects.toThrow("there is no such request");
});

test("a second start, and the menu, open windows on the same core, each as locked as the first", async ({
  openDesktop,
}) => {
  const { frame, desktop, database, findWindow } = await openDesktop();
  const startAgain = (...argv: string[]) =>
    desktop.ask({ kind: "emit", event: "second-instance", args: [["electron", ".", ...argv], "/"] });
  await startAgain();
  const second = await findWindow(2);
  await desktop.ask({ kind: "choose", item: "New Window" });
  await findWindow(3);
  const windows = desktop.calls.filter(({ name }) => name === "BrowserWindow").map(({ args }) => args[0]);
  const [first, ...others] = windows as { webPreferences: object }[];
  expect(others.map(({ webPreferences }) => webPreferences)).toEqual([
    first?.webPreferences,
    first?.webPreferences,
  ]);
  const denied = desktop.calls.filter(({ name }) => name === "setWindowOpenHandler");
  expect(denied.map(({ args }) => args)).toEqual([1, 2, 3].map(() => [{ action: "deny" }]));
  expect(
    desktop.calls.filter(({ name, args }) => name === "fork" && args[0] === "Latchkey core"),
  ).toHaveLength(1);

  // What one changes the other shows; what is opened is shown in the window that was used last, and nowhere else.
  desktop.tell({ kind: "focus", window: 2 });
  await desktop.ask({ kind: "choose", item: "Hosts  (G H)" });
  await expect(second.title).toHaveText("Hosts");
  await expect(frame.title).toHaveText("Today");
  desktop.tell({ kind: "focus", window: 1 });
  await desktop.ask({ kind: "choose", item: "Settings…" });
  await expect(frame.title).toHaveText("Settings");
  await expect(second.title).toHaveText("Hosts");

  await startAgain("--db", `${database}.other`);
  expect(desktop.findCall("showErrorBox")).toEqual([
    "One database at a time",
    `${database}.other was not opened: the Latchkey that runs has ${database} open; quit it first`,
  ]);
  expect(desktop.calls.filter(({ name }) => name === "BrowserWindow")).toHaveLength(3);

  // The core goes on for the windows that are left.
  desktop.tell({ kind: "close", window: 1 });
  const list = await second.goTo("Certificates");
  await expect(list.rows.first()).toBeVisible();
  desktop.tell({ kind: "close", window: 2 });
  desktop.tell({ kind: "close", window: 3 });
  expect(await desktop.exited).toBe(0);
});

test("the app ends when its window is closed, after the core has, and opens there again", async ({
  sample,
}) => {
  await using folder = await makeTemporaryFolder();
  const database = join(folder.path, "latchkey.db");
  await copySample(sample, database);
  const start = () =>
    startDesktop({ args: ["--db", database], data: folder.path, env: environmentOf(sample.home) });
  await using first = start();
  await first.until(({ kind }) => kind === "load");
  first.tell({ kind: "close" });
  expect(await first.exited).toBe(0);
  expect(JSON.parse(await readFile(join(folder.path, "window.json"), "utf8"))).toEqual({
    bounds: { x: 40, y: 40, width: 1280, height: 860 },
    isMaximized: false,
  });
  await using second = start();
  await second.until(({ kind }) => kind === "load");
  expect(second.findCall("BrowserWindow")).toMatchObject([{ x: 40, y: 40 }]);
  second.tell({ kind: "close" });
  expect(await second.exited).toBe(0);
  expect(second.printed()).toEqual({ out: "", err: "" });
});

test("a database that another Latchkey holds is said, and opens once it is free", async ({
  sample,
  standIn,
}) => {
  await using folder = await makeTemporaryFolder();
  const database = join(folder.path, "latchkey.db");
  await copySample(sample, database);
  const holder = startDesktop({
    args: ["--db", database],
    data: folder.path,
    env: environmentOf(folder.path),
  });
  await using _ = holder;
  await holder.until(({ kind }) => kind === "load");
  await holder.ask({ kind: "invoke", channel: "latchkey:request", args: [{ kind: "connect" }] });
  await holder.until((said) => isCore(said, "running"));
  const { page } = await standIn.open(database, folder.path);
  await expect(page.getByRole("heading", { name: "Latchkey has stopped" })).toBeVisible();
  await expect(page.getByText(/latchkey\.db is held by process \d+/)).toBeVisible();
  holder.tell({ kind: "close" });
  expect(await holder.exited).toBe(0);
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("navigation", { name: "Screens" })).toBeVisible();
});

test("a command of the packaged program is answered without a window", async ({ sample }) => {
  await using folder = await makeTemporaryFolder();
  const database = join(folder.path, "latchkey.db");
  await copySample(sample, database);
  const type = async (...args: string[]) => {
    await using desktop = startDesktop({
      args,
      data: folder.path,
      env: environmentOf(folder.path),
      isPackaged: true,
    });
    return { code: await desktop.exited, ...desktop.printed(), windows: desktop.findCall("BrowserWindow") };
  };
  const { out, ...listed } = await type("--db", database, "certificates", "--json");
  expect(listed).toEqual({ code: 0, err: "", windows: [] });
  expect(JSON.parse(out)).toMatchObject({ certificates: expect.any(Array) });
  expect(await type("scna")).toEqual({
    code: 2,
    out: "",
    err: "latchkey: there is no command scna (did you mean scan?); latchkey --help lists them\n",
    windows: [],
  });
});

const isCore = (said: FromStandIn, state: string): boolean => says(said, `"state":"${state}"`);

const says = (said: FromStandIn, words: string): boolean =>
  said.kind === "said" && JSON.stringify(said.message).includes(words);
