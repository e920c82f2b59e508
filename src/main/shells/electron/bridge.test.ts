import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import type { DesktopBridge } from "#shared/contract/transport/desktop-bridge.ts";
import { CHANNELS, exposeBridge } from "./bridge.ts";

test("the page gets two functions, and nothing of Electron", () => {
  const { exposed } = createPreload();
  expect(Object.entries(exposed).map(([name, api]) => [name, Object.keys(api)])).toEqual([
    ["latchkeyDesktop", ["listen", "request"]],
  ]);
});

test("a listener hears the message, and never the event that brought it", () => {
  const { exposed, emitter } = createPreload();
  const heard: unknown[][] = [];
  exposed.latchkeyDesktop?.listen((...args: unknown[]) => heard.push(args));
  emitter.emit(CHANNELS.message, { sender: "secret", ports: [] }, { kind: "command", command: "scan" });
  expect(heard).toEqual([[{ kind: "command", command: "scan" }]]);
});

test("a request goes out on its channel, and what comes back stays in the preload", async () => {
  const { exposed, sent } = createPreload();
  expect(await exposed.latchkeyDesktop?.request({ kind: "connect" })).toBeUndefined();
  expect(sent).toEqual([[CHANNELS.request, { kind: "connect" }]]);
});

test("a port is handed to the page's own window, at its own origin", () => {
  const { emitter, posted } = createPreload();
  emitter.emit(CHANNELS.port, { ports: ["port"] }, null);
  expect(posted).toEqual([["latchkey-port", "latchkey-app://page", ["port"]]]);
});

function createPreload() {
  const emitter = new EventEmitter();
  const exposed: Record<string, DesktopBridge> = {};
  const sent: unknown[] = [];
  const posted: unknown[] = [];
  exposeBridge<string>({
    ipcRenderer: {
      on: (channel, listener) => emitter.on(channel, listener),
      invoke: async (...args) => void sent.push(args),
    },
    contextBridge: {
      exposeInMainWorld: (name, api) => {
        exposed[name] = api;
      },
    },
    page: { origin: "latchkey-app://page", postMessage: (...args) => void posted.push(args) },
  });
  return { emitter, exposed, sent, posted };
}
