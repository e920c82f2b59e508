import { once } from "node:events";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { expect, test } from "vitest";
import type { CoreStatus } from "#shared/contract/transport/desktop.ts";
import { CHANNELS } from "#shells/electron/bridge.ts";
import { createPageBridge, createWindows } from "./page-bridge.ts";

const running: CoreStatus = { state: "running", sentence: null };

test("a page that has loaded is told how the core is, and gets one end of a channel to it", async () => {
  const { bridge, ports, page } = createWorld(running);
  bridge.connect(page);
  expect(page.said).toEqual([{ kind: "core", state: "running", sentence: null }]);
  const [ofPage] = page.ports;
  const [ofCore] = ports;
  const heard = once(ofCore as MessagePort, "message");
  ofPage?.postMessage("a call");
  expect(await heard).toEqual(["a call"]);
  close([...ports, ...page.ports]);
});

test("each load gets a channel of its own", () => {
  const { bridge, ports, page } = createWorld(running);
  bridge.connect(page);
  bridge.connect(page);
  expect(new Set([...ports, ...page.ports]).size).toBe(4);
  close([...ports, ...page.ports]);
});

test("while the core does not run the page hears why, and gets a port once it does", () => {
  const sentence = "it has stopped";
  const { bridge, core, ports, page } = createWorld({ state: "restarting", sentence });
  bridge.connect(page);
  expect([page.said, page.ports]).toEqual([[{ kind: "core", state: "restarting", sentence }], []]);
  core.status = { state: "running", sentence };
  bridge.join();
  expect(page.said.at(-1)).toEqual({ kind: "core", state: "running", sentence });
  expect([ports.length, page.ports.length]).toEqual([1, 1]);
  close([...ports, ...page.ports]);
});

test("what is said before a page listens waits for it", () => {
  const { bridge, ports, page } = createWorld(running);
  bridge.post({ kind: "command", command: "scan" });
  bridge.connect(page);
  bridge.connect(page);
  expect(page.said.filter(({ kind }) => kind === "command")).toHaveLength(1);
  close([...ports, ...page.ports]);
});

test("a page that is gone is not spoken to", () => {
  const { bridge, ports, page } = createWorld(running);
  bridge.connect({ ...page, isDestroyed: () => true });
  bridge.join();
  expect([page.said, ports]).toEqual([[], []]);
});

test("each window has a channel of its own to the one core, and hears how it is", () => {
  const { windows, ports, core, open } = createWindowsWorld();
  const pages = [open(), open()].map(({ webContents }) => webContents);
  for (const page of pages) windows.connect(page);
  core.status = { state: "failed", sentence: "it has stopped" };
  windows.join();
  expect(pages.map(({ said }) => said.at(-1))).toEqual(pages.map(() => ({ kind: "core", ...core.status })));
  const all = [...ports, ...pages.flatMap((page) => page.ports)];
  expect(new Set(all).size).toBe(4);
  close(all);
});

test("what is chosen or opened is for the window that was used last, and for no other", () => {
  const { windows, ports, open } = createWindowsWorld();
  windows.post({ kind: "command", command: "inspect" });
  const [first, second] = [open(), open()];
  windows.connect(first.webContents);
  windows.connect(second.webContents);
  const commands = () =>
    [first, second].map(({ webContents: { said } }) => said.filter(({ kind }) => kind === "command").length);
  expect(commands()).toEqual([1, 0]);
  windows.post({ kind: "command", command: "scan" });
  expect(commands()).toEqual([1, 1]);
  windows.use(first.webContents);
  windows.post({ kind: "command", command: "shortcuts" });
  expect([windows.last(), commands()]).toEqual([first, [2, 1]]);
  windows.drop(first.webContents);
  windows.use(first.webContents);
  windows.post({ kind: "command", command: "scan" });
  expect([windows.last(), commands(), windows.count]).toEqual([second, [2, 2], 1]);
  close([...ports, ...first.webContents.ports, ...second.webContents.ports]);
});

test("a page that is in no window is served nothing", () => {
  const { windows, ports, open } = createWindowsWorld();
  const closed = open();
  windows.drop(closed.webContents);
  windows.connect(closed.webContents);
  windows.connect(createPage());
  windows.join();
  expect([ports, closed.webContents.said, windows.last()]).toEqual([[], [], null]);
});

/** A core and a page that record what reaches them; the channels between them are real. */
function createWorld(status: CoreStatus) {
  const { core, ports } = createCore(status);
  return { core, ports, page: createPage(), bridge: createPageBridge({ createChannel, core }) };
}

/** Windows as `createWindows` needs to know of them. */
function createWindowsWorld() {
  const { core, ports } = createCore(running);
  const windows = createWindows<MessagePort, { webContents: ReturnType<typeof createPage> }>({
    createChannel,
    core,
  });
  const open = () => {
    const window = { webContents: createPage() };
    windows.add(window);
    return window;
  };
  return { windows, ports, core, open };
}

const createChannel = () => new MessageChannel();

function createCore(status: CoreStatus) {
  const ports: MessagePort[] = [];
  return { core: { status, serve: (port: MessagePort) => void ports.push(port) }, ports };
}

function createPage() {
  const said: { kind: string }[] = [];
  const ports: MessagePort[] = [];
  return {
    said,
    ports,
    isDestroyed: () => false,
    postMessage(channel: string, message: unknown, transferred: MessagePort[] = []) {
      if (channel === CHANNELS.message) said.push(message as { kind: string });
      if (channel === CHANNELS.port) ports.push(...transferred);
    },
  };
}

const close = (ports: MessagePort[]) => {
  for (const port of ports) port.close();
};
