import { expect, test } from "vitest";
import type { CoreStatus, DesktopRequest } from "#shared/contract/transport/desktop.ts";
import { type DesktopWish, openDesktop } from "./desktop.ts";

test("every message of the window finds its listener", () => {
  const { desktop, say } = createWindow();
  const heard: (CoreStatus | DesktopWish)[] = [];
  desktop.onCore((status) => heard.push(status));
  desktop.onWish((wish) => heard.push(wish));
  say({ kind: "core", state: "running", sentence: null });
  say({ kind: "command", command: "scan" });
  expect(heard).toMatchObject([{ state: "running" }, { command: "scan" }]);
});

test("what the window asks for before a screen is there waits for it, once", () => {
  const { desktop, say } = createWindow();
  say({ kind: "go", screen: "hosts", open: "3" });
  const heard: DesktopWish[] = [];
  const letGo = desktop.onWish((wish) => heard.push(wish));
  letGo();
  say({ kind: "command", command: "scan" });
  desktop.onWish((wish) => heard.push(wish));
  expect(heard).toEqual([
    { kind: "go", screen: "hosts", open: "3" },
    { kind: "command", command: "scan" },
  ]);
});

test.each([
  null,
  "scan",
  { kind: "command", command: "quit" },
  { kind: "go", screen: "plans", open: null },
  { kind: "go", screen: "hosts", open: "a b" },
  { kind: "file", name: "a", base64: "not base64!" },
])("%j is dropped", (message) => {
  const { desktop, say } = createWindow();
  const heard: DesktopWish[] = [];
  desktop.onWish((wish) => heard.push(wish));
  say(message);
  expect(heard).toEqual([]);
});

test("the page asks for a port when it can hear of one", () => {
  const { desktop, requests } = createWindow();
  expect(requests).toEqual([]);
  desktop.onCore(() => undefined);
  expect(requests).toEqual([{ kind: "connect" }]);
});

function createWindow() {
  const requests: DesktopRequest[] = [];
  let say: (message: unknown) => void = () => undefined;
  const desktop = openDesktop({
    listen: (listener) => {
      say = listener;
    },
    request: async (request) => {
      requests.push(request);
    },
  });
  return { desktop, requests, say: (message: unknown) => say(message) };
}
