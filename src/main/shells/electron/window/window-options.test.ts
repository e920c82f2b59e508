import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { readWindowState, rememberWindowState, windowOptions } from "./window-options.ts";

const state = { bounds: { x: 10, y: 20, width: 1280, height: 860 }, isMaximized: false };

test("the window's options are these, each spelled out", () => {
  expect(windowOptions({ state, preload: "/app/preload.cjs", isPackaged: true })).toMatchInlineSnapshot(`
    {
      "height": 860,
      "minHeight": 480,
      "minWidth": 720,
      "show": false,
      "title": "Latchkey",
      "webPreferences": {
        "allowRunningInsecureContent": false,
        "contextIsolation": true,
        "devTools": false,
        "enableBlinkFeatures": "",
        "experimentalFeatures": false,
        "navigateOnDragDrop": false,
        "nodeIntegration": false,
        "nodeIntegrationInSubFrames": false,
        "nodeIntegrationInWorker": false,
        "plugins": false,
        "preload": "/app/preload.cjs",
        "safeDialogs": true,
        "sandbox": true,
        "spellcheck": false,
        "webSecurity": true,
        "webviewTag": false,
      },
      "width": 1280,
      "x": 10,
      "y": 20,
    }
  `);
});

test("only a window that is not packaged has developer tools", () => {
  const devToolsWhen = (isPackaged: boolean) =>
    windowOptions({ state, preload: "/app/preload.cjs", isPackaged }).webPreferences?.devTools;
  expect([devToolsWhen(true), devToolsWhen(false)]).toEqual([false, true]);
});

const laptop = { workArea: { x: 0, y: 25, width: 1440, height: 875 } };
const monitor = { workArea: { x: -1920, y: 0, width: 1920, height: 1080 } };
const onMonitor = { x: -1900, y: 10, width: 1600, height: 1000 };

const usual = { bounds: { width: 1280, height: 860 }, isMaximized: false };

test("a window opens where it was, as it was", async () => {
  await using file = await makeFile();
  rememberWindowState(file.path, { getNormalBounds: () => onMonitor, isMaximized: () => true });
  expect(readWindowState(file.path, { displays: [laptop, monitor], openCount: 0 })).toEqual({
    bounds: onMonitor,
    isMaximized: true,
  });
});

test("a further window stands beside those that are open, and where the system puts it once there is no room", async () => {
  await using file = await makeFile();
  const bounds = { x: 10, y: 30, width: 1280, height: 800 };
  rememberWindowState(file.path, { getNormalBounds: () => bounds, isMaximized: () => true });
  const open = (openCount: number) => readWindowState(file.path, { displays: [laptop], openCount });
  expect(open(0)).toEqual({ bounds, isMaximized: true });
  expect(open(2)).toEqual({ bounds: { ...bounds, x: 66, y: 86 }, isMaximized: false });
  expect(open(40)).toEqual({ bounds: { width: 1280, height: 800 }, isMaximized: false });
});

test("a window whose display is gone opens in its size where the system puts it", async () => {
  await using file = await makeFile();
  rememberWindowState(file.path, { getNormalBounds: () => onMonitor, isMaximized: () => false });
  expect(readWindowState(file.path, { displays: [laptop], openCount: 0 })).toEqual({
    bounds: { width: 1600, height: 1000 },
    isMaximized: false,
  });
});

test.each([
  ["too little of it to find it", { x: 1400, y: 100, width: 800, height: 600 }],
  ["its title above the display", { x: 100, y: -300, width: 800, height: 600 }],
])("a display that shows %s does not have it", async (_, bounds) => {
  await using file = await makeFile();
  rememberWindowState(file.path, { getNormalBounds: () => bounds, isMaximized: () => false });
  expect(readWindowState(file.path, { displays: [laptop], openCount: 0 }).bounds).not.toHaveProperty("x");
});

test("a file that is missing, broken or of another shape is as none", async () => {
  await using file = await makeFile();
  expect(readWindowState(file.path, { displays: [laptop], openCount: 0 })).toEqual(usual);
  const texts = [
    "",
    "{",
    "null",
    '{"bounds":{"width":-1,"height":5},"isMaximized":false}',
    '{"bounds":{"width":1e9,"height":5},"isMaximized":false}',
    '{"bounds":{"width":800,"height":600}}',
  ];
  for (const text of texts) {
    await writeFile(file.path, text);
    expect(readWindowState(file.path, { displays: [laptop], openCount: 0 }), text).toEqual(usual);
  }
  await fc.assert(
    fc.asyncProperty(fc.json(), async (text) => {
      await writeFile(file.path, text);
      expect(readWindowState(file.path, { displays: [laptop], openCount: 0 }).bounds.width).toBeGreaterThan(
        0,
      );
    }),
    { numRuns: 50 },
  );
});

test("a window that cannot be remembered closes all the same", async () => {
  await using file = await makeFile();
  await mkdir(file.path);
  rememberWindowState(file.path, { getNormalBounds: () => onMonitor, isMaximized: () => false });
  expect(readWindowState(file.path, { displays: [monitor], openCount: 0 })).toEqual(usual);
});

async function makeFile() {
  const folder = await makeTemporaryFolder();
  return {
    path: join(folder.path, "window.json"),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}
