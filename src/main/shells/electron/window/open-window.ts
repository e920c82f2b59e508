import { join } from "node:path";
import { app, BrowserWindow, dialog, screen } from "electron";
import { PAGE_ORIGIN } from "#shells/electron/guard/guard-page.ts";
import { readWindowState, rememberWindowState, windowOptions } from "./window-options.ts";

/**
 * Opens a window where the last one was, beside those that are open, and loads its page. Each has the same rights, which
 * are those of `windowOptions`, and the session of all others.
 */
export function openWindow(preload: string, { openCount }: { openCount: number }): BrowserWindow {
  const file = join(app.getPath("userData"), "window.json");
  const state = readWindowState(file, { displays: screen.getAllDisplays(), openCount });
  const window = new BrowserWindow(windowOptions({ state, preload, isPackaged: app.isPackaged }));
  window.once("ready-to-show", () => {
    if (state.isMaximized) window.maximize();
    window.show();
  });
  window.on("close", () => rememberWindowState(file, window));
  window.webContents.on("render-process-gone", (_event, { reason }) => {
    if (reason === "clean-exit" || window.isDestroyed()) return;
    // The box waits to be closed, so that the user notices a page that crashes again and again.
    dialog.showErrorBox(
      "The page has stopped",
      `Latchkey's page has stopped (${reason}) and is loaded again.`,
    );
    window.webContents.reload();
  });
  void window.loadURL(`${PAGE_ORIGIN}/`);
  return window;
}
