import { readFileSync, writeFileSync } from "node:fs";
import type { BrowserWindow, BrowserWindowConstructorOptions, Rectangle, WebPreferences } from "electron";
import { z } from "zod";

type Options = { state: WindowState; preload: string; isPackaged: boolean };

const LEAST = { minWidth: 720, minHeight: 480 };

/** Each window. It is shown when its page is ready, so that it is never blank. */
export function windowOptions({ state, preload, isPackaged }: Options): BrowserWindowConstructorOptions {
  return {
    ...state.bounds,
    ...LEAST,
    title: "Latchkey",
    show: false,
    webPreferences: webPreferences({ preload, isPackaged }),
  };
}

/** Every setting that could give the page rights that it must not have, spelled out: a default may change. */
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

const Size = z.int().min(1).max(100_000);
const Position = z.int().min(-100_000).max(100_000);

/** Where the window was. Without a position the system chooses one. */
const WindowState = z.object({
  bounds: z.object({ x: Position.exactOptional(), y: Position.exactOptional(), width: Size, height: Size }),
  isMaximized: z.boolean(),
});
type WindowState = z.infer<typeof WindowState>;

const USUAL: WindowState = { bounds: { width: 1280, height: 860 }, isMaximized: false };

/** How much of the window must be on a display for the user to find it there. */
const LEAST_SEEN = { width: 160, height: 80 };

/** By so much each further window stands to the right of the one before it, and below. */
const STEP = 28;

type Surroundings = { displays: readonly { workArea: Rectangle }[]; openCount: number };

/** The stored state, beside the windows that are open, unless it cannot be read or its display is gone. */
export function readWindowState(file: string, { displays, openCount }: Surroundings): WindowState {
  const stored = readState(file);
  if (!stored) return USUAL;
  const { isMaximized } = stored;
  const { x, y, width, height } = stored.bounds;
  if (x === undefined || y === undefined) return stored;
  const bounds = { x: x + openCount * STEP, y: y + openCount * STEP, width, height };
  const isThere = displays.some(({ workArea }) => shows(workArea, bounds));
  return { bounds: isThere ? bounds : { width, height }, isMaximized: isMaximized && openCount === 0 };
}

/** The part of a window whose state is stored. */
type Remembered = Pick<BrowserWindow, "getNormalBounds" | "isMaximized">;

/** A window whose state cannot be stored opens as usual the next time: no reason to keep it from closing. */
export function rememberWindowState(file: string, window: Remembered): void {
  const state: WindowState = { bounds: window.getNormalBounds(), isMaximized: window.isMaximized() };
  try {
    writeFileSync(file, JSON.stringify(state), { mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
  }
}

function readState(file: string): WindowState | null {
  try {
    return WindowState.safeParse(JSON.parse(readFileSync(file, "utf8"))).data ?? null;
  } catch (error) {
    if (error instanceof Error) return null;
    throw error;
  }
}

function shows(area: Rectangle, bounds: Rectangle): boolean {
  const width = Math.min(area.x + area.width, bounds.x + bounds.width) - Math.max(area.x, bounds.x);
  const height = Math.min(area.y + area.height, bounds.y + bounds.height) - Math.max(area.y, bounds.y);
  // The title bar moves it, so its top edge must be on the display.
  const hasTop = bounds.y >= area.y - 1;
  return hasTop && width >= LEAST_SEEN.width && height >= LEAST_SEEN.height;
}
