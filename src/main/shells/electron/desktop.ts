import { join } from "node:path";
import {
  app,
  type BrowserWindow,
  clipboard,
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
import type { DesktopRequest } from "#shared/contract/transport/desktop.ts";
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
import { argumentsOf, type Opened, readOpened, type StartFiles, showOpened } from "./opened/launch.ts";
import { buildMenu } from "./window/menu.ts";
import { openWindow } from "./window/open-window.ts";
import { createPageBridge } from "./window/page-bridge.ts";

/** All parts of the build lie beside this one. */
const BUILT = {
  core: join(import.meta.dirname, "core.js"),
  vaultProcess: join(import.meta.dirname, "vault-process.js"),
  preload: join(import.meta.dirname, "../preload/preload.cjs"),
  page: join(import.meta.dirname, "../renderer"),
};

type Options = { database: string; files: StartFiles; opened: readonly Opened[] };

/** Opens the window on a database, until it is closed. Must be called before the app is ready. */
export async function openDesktop({ database, files, opened }: Options): Promise<void> {
  let window: BrowserWindow | null = null;
  const { core, bridge } = createCore(database, files);
  const show = (more: readonly Opened[]) => {
    if (window?.isMinimized()) window.restore();
    window?.focus();
    void showOpened(more, bridge.post);
  };

  app.on("web-contents-created", (_event, contents) => lockNavigation(contents));
  app.on("second-instance", (_event, argv, folder) => show(readOpened(argumentsOf(argv, app), folder)));
  app.on("open-url", (_event, link) => show([{ kind: "link", link }]));
  app.on("open-file", (_event, path) => show([{ kind: "file", path }]));
  app.on("window-all-closed", () => app.quit());
  endWithCore(() => core.stop());
  if (app.isPackaged) app.setAsDefaultProtocolClient(LINK_SCHEME);

  await app.whenReady();
  denyPermissions(session.defaultSession);
  refuseRemote(session.defaultSession, { isPackaged: app.isPackaged });
  servePage(protocol, loadPage(BUILT.page));
  setMenu(bridge.post);
  handlePageRequests<WebContents>(ipcMain, answer);
  core.start();
  window = openWindow(BUILT.preload);
  show(opened);

  async function answer(request: DesktopRequest, page: WebContents): Promise<void> {
    switch (request.kind) {
      case "connect":
        return bridge.connect(page);
      case "retry":
        return await core.retry();
      case "copy":
        return await clipboard.writeText(request.text);
      default:
        return assertNever(request);
    }
  }
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
    onStatus: () => bridge.join(),
  });
  const bridge = createPageBridge<MessagePortMain>({ createChannel, core });
  return { core, bridge };
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

function setMenu(post: ReturnType<typeof createCore>["bridge"]["post"]): void {
  const openLink = (id: Parameters<typeof openExternalLink>[1]) => void openExternalLink(shell, id);
  const { platform } = process;
  Menu.setApplicationMenu(
    Menu.buildFromTemplate(buildMenu({ platform, isPackaged: app.isPackaged, post, openLink })),
  );
}
