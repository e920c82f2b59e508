import type { BrowserWindowConstructorOptions, WebPreferences } from "electron";
import type { WindowState } from "./window-state.ts";

type Options = { state: WindowState; preload: string; isPackaged: boolean };

const LEAST = { minWidth: 720, minHeight: 480 };

/** The one window. It is shown when its page is ready, so that nobody sees it white. */
export function windowOptions({ state, preload, isPackaged }: Options): BrowserWindowConstructorOptions {
  return {
    ...state.bounds,
    ...LEAST,
    title: "Latchkey",
    show: false,
    webPreferences: webPreferences({ preload, isPackaged }),
  };
}

/** Every setting that could open the page to what it must not have, spelled out: a default may change. */
function webPreferences({ preload, isPackaged }: Omit<Options, "state">): WebPreferences {
  return {
    preload,
    sandbox: true,
    contextIsolation: true,
    nodeIntegration: false,
    nodeIntegrationInSubFrames: false,
    nodeIntegrationInWorker: false,
    webSecurity: true,
    allowRunningInsecureContent: false,
    experimentalFeatures: false,
    enableBlinkFeatures: "",
    webviewTag: false,
    plugins: false,
    navigateOnDragDrop: false,
    spellcheck: false,
    devTools: !isPackaged,
    safeDialogs: true,
  };
}
