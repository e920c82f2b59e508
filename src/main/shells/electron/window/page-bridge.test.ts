import { once } from "node:events";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { expect, test } from "vitest";
import type { CoreStatus } from "#shared/contract/transport/desktop.ts";
import { CHANNELS } from "#shells/electron/bridge.ts";
import { createPageBridge } from "./page-bridge.ts";

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

/** A core and a page that record what reaches them; the channels between them are real. */
function createWorld(status: CoreStatus) {
  const ports: MessagePort[] = [];
  const core = { status, serve: (port: MessagePort) => void ports.push(port) };
  const page = {
    said: [] as { kind: string }[],
    ports: [] as MessagePort[],
    isDestroyed: () => false,
    postMessage(channel: string, message: unknown, transferred: MessagePort[] = []) {
      if (channel === CHANNELS.message) page.said.push(message as { kind: string });
      if (channel === CHANNELS.port) page.ports.push(...transferred);
    },
  };
  return { core, ports, page, bridge: createPageBridge({ createChannel: () => new MessageChannel(), core }) };
}

const close = (ports: MessagePort[]) => {
  for (const port of ports) port.close();
};
