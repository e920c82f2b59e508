import { expect, test } from "vitest";
import type { CoreStatus, DesktopRequest } from "#shared/contract/transport/desktop.ts";
import { openDesktop, type PageRequest } from "./desktop.ts";

test("every message of the window finds its listener", () => {
  const { desktop, say } = createWindow();
  const received: (CoreStatus | PageRequest)[] = [];
  desktop.onCore((status) => received.push(status));
  desktop.onRequest((request) => received.push(request));
  say({ kind: "core", state: "running", sentence: null });
  say({ kind: "command", command: "scan" });
  expect(received).toMatchObject([{ state: "running" }, { command: "scan" }]);
});

test("what the window asks for before a screen is there waits for it, once", () => {
  const { desktop, say } = createWindow();
  say({ kind: "go", screen: "hosts", open: "3" });
  const received: PageRequest[] = [];
  const letGo = desktop.onRequest((request) => received.push(request));
  letGo();
  say({ kind: "command", command: "scan" });
  desktop.onRequest((request) => received.push(request));
  expect(received).toEqual([
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
  const received: PageRequest[] = [];
  desktop.onRequest((request) => received.push(request));
  say(message);
  expect(received).toEqual([]);
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
