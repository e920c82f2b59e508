import { EventEmitter } from "node:events";
import type { WindowOpenHandlerResponse } from "electron";
import { expect, test } from "vitest";
import { lockNavigation, NAVIGATIONS } from "./lock-navigation.ts";

class Contents extends EventEmitter {
  openWindow: () => WindowOpenHandlerResponse = () => ({ action: "allow" });
  setWindowOpenHandler(handler: () => WindowOpenHandlerResponse): void {
    this.openWindow = handler;
  }
}

test.each(NAVIGATIONS)("%s is prevented", (navigation) => {
  const contents = new Contents();
  lockNavigation(contents);
  let isPrevented = false;
  contents.emit(navigation, {
    preventDefault: () => {
      isPrevented = true;
    },
  });
  expect(isPrevented).toBe(true);
});

test("the four ways to leave a page are locked", () => {
  expect(NAVIGATIONS).toEqual([
    "will-navigate",
    "will-frame-navigate",
    "will-redirect",
    "will-attach-webview",
  ]);
});

test("no window is opened", () => {
  const contents = new Contents();
  lockNavigation(contents);
  expect(contents.openWindow()).toEqual({ action: "deny" });
});
