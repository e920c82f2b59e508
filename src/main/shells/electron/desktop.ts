import { join } from "node:path";
import {
  app,
  type BrowserWindow,
  clipboard,
  dialog,
  ipcMain,
  Menu,
  MessageChannelMain,
  type MessagePortMain,
  protocol,
  session,
  shell,
  utilityProcess,
  type WebContents,
} from "electron";
import type { DesktopMessage, DesktopRequest } from "#shared/contract/transport/desktop.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import { vaultEnvironment } from "#shared/model/child-environment.ts";
import { LINK_SCHEME } from "#shared/text/deep-link.ts";
import { NODE_FLAGS } from "#shells/node-flags.ts";
import { loadPage } from "#shells/page.ts";
import { CoreProcess } from "./core/core-process.ts";
import { VaultProcesses } from "./core/vault-processes.ts";
import {
  denyPermissions,
  handlePageRequests,
  lockNavigation,
  openExternalLink,
  refuseRemote,
  servePage,
} from "./guard/guard-page.ts";
import {
  argumentsOf,
  formatOtherDatabase,
  type Opened,
  readSecondStart,
  type StartFiles,
  showOpened,
} from "./opened/launch.ts";
import { buildMenu } from "./window/menu.ts";
import { openWindow } from "./window/open-window.ts";
import { createWindows } from "./window/page-bridge.ts";

/** All parts of the build lie beside this one. */
const BUILT = {
  core: join(import.meta.dirname, "core.js"),
  vaultProcess: join(import.meta.dirname, "vault-process.js"),
  preload: join(import.meta.dirname, "../preload/preload.cjs"),
  page: join(import.meta.dirname, "../renderer"),
};

type Options = { database: string; files: StartFiles; opened: readonly Opened[] };

/** Opens windows on a database, until the last is closed. Must be called before the app is ready. */
export async function openDesktop({ database, files, opened }: Options): Promise<void> {
  const { core, windows } = createCore(database, files);
  const open = () => addWindow(windows);
  const show = (more: readonly Opened[]) => {
    const window = windows.last();
    if (window?.isMinimized()) window.restore();
    window?.focus();
    void showOpened(more, windows.post);
  };

  app.on("web-contents-created", (_event, contents) => lockNavigation(contents));
  app.on("second-instance", (_event, argv, folder) => startAgain(argumentsOf(argv, app), folder));
  app.on("open-url", (_event, link) => show([{ kind: "link", link }]));
  app.on("open-file", (_event, path) => show([{ kind: "file", path }]));
  app.on("window-all-closed", () => app.quit());
  endWithCore(() => core.stop());
  if (app.isPackaged) app.setAsDefaultProtocolClient(LINK_SCHEME);

  await app.whenReady();
  denyPermissions(session.defaultSession);
  refuseRemote(session.defaultSession, { isPackaged: app.isPackaged });
  servePage(protocol, loadPage(BUILT.page));
  setMenu(windows.post, open);
  handlePageRequests<WebContents>(ipcMain, answer);
  core.start();
  open();
  show(opened);

  /** The program was started once more. */
  function startAgain(argv: readonly string[], folder: string): void {
    const start = readSecondStart(argv, folder, database);
    switch (start.kind) {
      case "new-window":
        open();
        break;
      case "show":
        show(start.opened);
        break;
      case "other-database":
        dialog.showErrorBox("One database at a time", formatOtherDatabase(start.database, database));
        break;
      default:
        assertNever(start);
    }
  }

  async function answer(request: DesktopRequest, page: WebContents): Promise<void> {
    switch (request.kind) {
      case "connect":
        return windows.connect(page);
      case "retry":
        return await core.retry();
      case "copy":
        return await clipboard.writeText(request.text);
      default:
        return assertNever(request);
    }
  }
}

/** A window as all others are: the locks are on the app, on the session and in the options of each. */
function addWindow(windows: ReturnType<typeof createCore>["windows"]): void {
  const window = openWindow(BUILT.preload, { openCount: windows.count });
  const page = window.webContents;
  windows.add(window);
  window.on("focus", () => windows.use(page));
  window.on("closed", () => windows.drop(page));
}

const createChannel = () => new MessageChannelMain();

/** Starts vault processes. */
export const createVaultProcesses = () =>
  new VaultProcesses<MessagePortMain>({
    fork: () =>
      utilityProcess.fork(BUILT.vaultProcess, [], {
        serviceName: "Latchkey vault",
        env: vaultEnvironment(process.env),
      }),
    createChannel,
  });

function createCore(database: string, files: StartFiles) {
  const core = new CoreProcess<MessagePortMain>({
    fork: () =>
      utilityProcess.fork(BUILT.core, [database, JSON.stringify({ startFiles: files })], {
        serviceName: "Latchkey core",
        execArgv: [...NODE_FLAGS],
        // This pool looks names up; see shells/cli/latchkey.ts.
        env: { UV_THREADPOOL_SIZE: "96", ...process.env },
      }),
    vaultProcesses: createVaultProcesses(),
    onStatus: () => windows.join(),
  });
  const windows = createWindows<MessagePortMain, BrowserWindow>({ createChannel, core });
  return { core, windows };
}

/** Delays the end of the app until the core has closed its database. */
function endWithCore(stop: () => Promise<void>): void {
  let isOver = false;
  app.on("will-quit", (event) => {
    if (isOver) return;
    event.preventDefault();
    void stop().then(() => {
      isOver = true;
      app.quit();
    });
  });
}

function setMenu(post: (message: DesktopMessage) => void, open: () => void): void {
  const openLink = (id: Parameters<typeof openExternalLink>[1]) => void openExternalLink(shell, id);
  const { platform } = process;
  Menu.setApplicationMenu(
    Menu.buildFromTemplate(
      buildMenu({ platform, isPackaged: app.isPackaged, openWindow: open, post, openLink }),
    ),
  );
}
