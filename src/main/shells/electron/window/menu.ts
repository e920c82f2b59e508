import type { MenuItemConstructorOptions } from "electron";
import type { DesktopMessage } from "#shared/contract/transport/desktop.ts";
import type { ScreenName } from "#shared/model/row-link.ts";
import type { LinkId } from "#shells/electron/guard/guard-page.ts";

type Options = {
  platform: NodeJS.Platform;
  isPackaged: boolean;
  openWindow: () => void;
  /** Sends a message to the page of the window that was used last. */
  post: (message: DesktopMessage) => void;
  openLink: (id: LinkId) => void;
};

/**
 * The native menu. Keys without Ctrl or Command belong to the page, which knows when somebody types, so the menu
 * registers none of them: it shows them after the labels.
 */
export function buildMenu({
  platform,
  isPackaged,
  openWindow,
  post,
  openLink,
}: Options): MenuItemConstructorOptions[] {
  const isMac = platform === "darwin";
  const settings = goTo(post, "settings", "Settings…", "CmdOrCtrl+,");
  return [
    ...(isMac ? [appMenu(settings)] : []),
    {
      label: "&File",
      submenu: [
        { label: "New Window", accelerator: "CmdOrCtrl+N", click: () => openWindow() },
        SEPARATOR,
        { label: "Scan…  (C)", click: () => post({ kind: "command", command: "scan" }) },
        {
          label: "Inspect a File…",
          accelerator: "CmdOrCtrl+I",
          click: () => post({ kind: "command", command: "inspect" }),
        },
        SEPARATOR,
        ...(isMac ? [] : [settings, SEPARATOR]),
        isMac ? { role: "close" } : { role: "quit" },
      ],
    },
    { role: "editMenu" },
    viewMenu(post, isPackaged),
    { role: "windowMenu" },
    {
      role: "help",
      submenu: [
        { label: "Keyboard Shortcuts  (?)", click: () => post({ kind: "command", command: "shortcuts" }) },
        SEPARATOR,
        { label: "The authorized_keys Format (sshd.8)", click: () => openLink("authorized-keys") },
        { label: "The ssh_config Format (ssh_config.5)", click: () => openLink("ssh-config") },
      ],
    },
  ];
}

const SEPARATOR: MenuItemConstructorOptions = { type: "separator" };

function appMenu(settings: MenuItemConstructorOptions): MenuItemConstructorOptions {
  const roles = ["services", "hide", "hideOthers", "unhide", "quit"] as const;
  return {
    role: "appMenu",
    submenu: [{ role: "about" }, SEPARATOR, settings, SEPARATOR, ...roles.map((role) => ({ role }))],
  };
}

const SCREENS: readonly [screen: ScreenName, label: string][] = [
  ["today", "Today  (G O)"],
  ["findings", "Findings  (G F)"],
  ["standards", "Standards  (G K)"],
  ["certificates", "Certificates  (G C)"],
  ["served", "Served  (G V)"],
  ["timeline", "Timeline  (G T)"],
  ["forecast", "Forecast  (G W)"],
  ["access", "Grants  (G A)"],
  ["accounts", "Accounts  (G U)"],
  ["graph", "Paths  (G R)"],
  ["people", "People  (G P)"],
  ["host-keys", "Host keys  (G N)"],
  ["hosts", "Hosts  (G H)"],
  ["runs", "Runs  (G B)"],
  ["scans", "Scans  (G S)"],
  ["changes", "History  (G D)"],
  ["audit-log", "Audit log  (G L)"],
];

function viewMenu(post: Options["post"], isPackaged: boolean): MenuItemConstructorOptions {
  const roles = ["resetZoom", "zoomIn", "zoomOut", "togglefullscreen"] as const;
  return {
    label: "&View",
    submenu: [
      ...SCREENS.map(([screen, label]) => goTo(post, screen, label)),
      SEPARATOR,
      ...roles.map((role) => ({ role })),
      ...(isPackaged ? [] : [SEPARATOR, { role: "reload" as const }, { role: "toggleDevTools" as const }]),
    ],
  };
}

const goTo = (
  post: Options["post"],
  screen: ScreenName,
  label: string,
  accelerator?: string,
): MenuItemConstructorOptions => ({
  label,
  click: () => post({ kind: "go", screen, open: null }),
  ...(accelerator ? { accelerator } : {}),
});
