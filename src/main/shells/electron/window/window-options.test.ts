import { expect, test } from "vitest";
import { windowOptions } from "./window-options.ts";

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
