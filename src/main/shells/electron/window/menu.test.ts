import type { MenuItemConstructorOptions } from "electron";
import { expect, test } from "vitest";
import type { DesktopMessage } from "#shared/contract/transport/desktop.ts";
import { buildMenu } from "./menu.ts";

test("on Linux and Windows the menu holds this", () => {
  expect(print(build("linux"))).toMatchInlineSnapshot(`
    [
      "&File",
      "  New Window CmdOrCtrl+N",
      "  --",
      "  Scan…  (C)",
      "  Inspect a File… CmdOrCtrl+I",
      "  --",
      "  Settings… CmdOrCtrl+,",
      "  --",
      "  (quit)",
      "(editMenu)",
      "&View",
      "  Today  (G O)",
      "  Findings  (G F)",
      "  Standards  (G K)",
      "  Certificates  (G C)",
      "  Served  (G V)",
      "  Timeline  (G T)",
      "  Forecast  (G W)",
      "  Grants  (G A)",
      "  Accounts  (G U)",
      "  Paths  (G R)",
      "  People  (G P)",
      "  Host keys  (G N)",
      "  Hosts  (G H)",
      "  Runs  (G B)",
      "  Scans  (G S)",
      "  History  (G D)",
      "  Audit log  (G L)",
      "  --",
      "  (resetZoom)",
      "  (zoomIn)",
      "  (zoomOut)",
      "  (togglefullscreen)",
      "(windowMenu)",
      "(help)",
      "  Keyboard Shortcuts  (?)",
      "  --",
      "  The authorized_keys Format (sshd.8)",
      "  The ssh_config Format (ssh_config.5)",
    ]
  `);
});

test("on a Mac the app has a menu of its own, with the settings in it", () => {
  expect(print(build("darwin")).slice(0, 11)).toMatchInlineSnapshot(`
    [
      "(appMenu)",
      "  (about)",
      "  --",
      "  Settings… CmdOrCtrl+,",
      "  --",
      "  (services)",
      "  (hide)",
      "  (hideOthers)",
      "  (unhide)",
      "  (quit)",
      "&File",
    ]
  `);
});

test("only a window that is not packaged can be reloaded or looked into", () => {
  const lines = (isPackaged: boolean) => print(build("linux", isPackaged)).join("\n");
  expect(lines(true)).not.toMatch(/reload|toggleDevTools/);
  expect(lines(false)).toMatch(/reload.*toggleDevTools/s);
});

test("no key without Ctrl or Command is taken from the page", () => {
  const accelerators = items(build("linux")).flatMap(({ accelerator }) => accelerator ?? []);
  expect(accelerators).toEqual(["CmdOrCtrl+N", "CmdOrCtrl+I", "CmdOrCtrl+,"]);
});

test("an item opens a window, tells the page what was chosen, or opens a link by its name", () => {
  const told: (DesktopMessage | string)[] = [];
  const menu = build("linux", true, told);
  for (const item of items(menu)) (item.click as (() => void) | undefined)?.();
  expect(told).toEqual([
    "new window",
    { kind: "command", command: "scan" },
    { kind: "command", command: "inspect" },
    { kind: "go", screen: "settings", open: null },
    ...[
      "today",
      "findings",
      "standards",
      "certificates",
      "served",
      "timeline",
      "forecast",
      "access",
      "accounts",
      "graph",
      "people",
      "host-keys",
      "hosts",
      "runs",
      "scans",
      "changes",
      "audit-log",
    ].map((screen) => ({ kind: "go", screen, open: null })),
    { kind: "command", command: "shortcuts" },
    "authorized-keys",
    "ssh-config",
  ]);
});

type Menu = MenuItemConstructorOptions[];

const build = (platform: NodeJS.Platform, isPackaged = true, told: (DesktopMessage | string)[] = []): Menu =>
  buildMenu({
    platform,
    isPackaged,
    openWindow: () => void told.push("new window"),
    post: (message) => void told.push(message),
    openLink: (id) => void told.push(id),
  });

const items = (menu: Menu): Menu =>
  menu.flatMap((item) => [item, ...(Array.isArray(item.submenu) ? items(item.submenu) : [])]);

const print = (menu: Menu, indent = ""): string[] =>
  menu.flatMap(({ label, role, type, accelerator, submenu }) => [
    `${indent}${[label, role && `(${role})`, type === "separator" && "--", accelerator].filter(Boolean).join(" ")}`,
    ...(Array.isArray(submenu) ? print(submenu, `${indent}  `) : []),
  ]);
