import { EventEmitter } from "node:events";
import { join } from "node:path";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { createORPCClient } from "@orpc/client";
import { RPCLink as PortLink } from "@orpc/client/message-port";
import { RPCLink as SocketLink } from "@orpc/client/websocket";
import { expect, test } from "vitest";
import { createApp } from "#app";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import { DatabaseHeld } from "#shared/model/refusal.ts";
import { exposeBridge } from "#shells/electron/bridge.ts";
import { createPageBridge } from "#shells/electron/window/page-bridge.ts";
import { acceptCommands } from "#shells/socket/accept-commands.ts";
import { reachOwner } from "#shells/socket/reach-owner.ts";
import { serve } from "#shells/web/serve.ts";
import { openTerminal } from "#testing/open-terminal.ts";
import { findClosedEndpoint, startTlsServer } from "#testing/servers.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { servePorts } from "./shells/electron/core/core-messages.ts";
import { exchangeCode, openAsPage } from "./testing/web/attack.ts";

const now = () => new Date("2026-06-01T00:00:00Z");

type Call = (procedure: string, input?: unknown) => Promise<unknown>;

test("the same call gives the same reply directly, in the desktop window, over either socket and by command", async () => {
  await using folder = await makeTemporaryFolder();
  const databasePath = join(folder.path, "data", "latchkey.db");
  await using app = createApp({ databasePath, now });
  await using shell = await serve({ app, page: new Map() });
  await using _acceptance = await acceptCommands({ app });
  using owner = await reachOwner(new DatabaseHeld(databasePath, "this process"));
  if (!owner) throw new Error("nobody listens beside the database");
  const clients = {
    direct: app.client,
    desktop: await connectDesktop((parent) => servePorts(app, parent)),
    socket: await connectSocket(shell.url),
    owner: owner.client,
  };
  for (const client of Object.values(clients)) await scanOnce(client);

  const ways: Record<string, Call> = {
    direct: through(clients.direct),
    desktop: through(clients.desktop),
    socket: through(clients.socket),
    owner: through(clients.owner),
    command: byCommand(databasePath),
  };
  for (const [procedure, input] of CALLS) {
    const expected = await ways.direct?.(procedure, input);
    for (const [way, call] of Object.entries(ways)) {
      expect(await call(procedure, input), `${procedure}, ${way}`).toEqual(expected);
    }
  }
  expect(await ways.direct?.("certificates.list", {})).toMatchObject({
    reply: {
      total: 4,
      rows: Array(4).fill({ subject: "CN=shop.example", notAfter: "2026-06-10T00:00:00Z" }),
    },
  });
  expect(await ways.direct?.("scans.find", { scanId: 99 })).toEqual({ refused: "there is no scan 99" });
});

/** Every query of the contract that answers at once, and refusals of each kind. */
const CALLS: [procedure: string, input?: unknown][] = [
  ["access.list", {}],
  ["access.find", { id: 1 }],
  ["auditLog.verify"],
  ["bundles.collector"],
  ["bundles.inspect", { base64: "aGVsbG8=" }],
  ["certificates.list", {}],
  ["certificates.list", { expiringWithinDays: 30, sort: { by: "subject" } }],
  ["certificates.list", { limit: 0 }],
  ["certificates.list", { after: "forged" }],
  ["certificates.find", { sha256: "0".repeat(64) }],
  ["findings.list", {}],
  ["findings.find", { id: "key-weak:grant-1" }],
  ["hosts.list", {}],
  ["hosts.find", { id: 1 }],
  ["inspect.file", { name: "note.txt", base64: "aGVsbG8=" }],
  ["scans.find", { scanId: 1 }],
  ["scans.find", { scanId: 99 }],
  ["scans.list", {}],
  ["scans.probes", { scanId: 1 }],
  ["targets.list"],
  ["targets.preview", { text: "10.0.0.0/24 web[1-3].corp:8443" }],
  ["targets.preview", { text: "10.0.0.0/8" }],
  ["today.figures"],
  ["today.read", {}],
  ["targets.preview", { text: "not a host!" }],
];

/** A scan from its start to its announced end, by the client under test. */
async function scanOnce(client: LatchkeyClient): Promise<void> {
  await using server = await startTlsServer({
    names: ["shop.example"],
    notAfter: new Date("2026-06-10T00:00:00Z"),
  });
  const announcements = await client.events.watch();
  const closed = await findClosedEndpoint();
  await client.scans.start({
    text: [server.endpoint, closed].map(({ host, port }) => `${host}:${port}`).join(" "),
  });
  for await (const { kind } of announcements) if (kind === "scan-finished") return;
}

/** Calls a client by name, as strangers do: nothing but the contract checks what they send. */
function through(client: LatchkeyClient): Call {
  const byName = client as unknown as Record<string, Record<string, (input: unknown) => Promise<unknown>>>;
  return (procedure, input) => {
    const [group = "", name = ""] = procedure.split(".");
    return Promise.resolve(byName[group]?.[name]?.(input)).then(
      (reply) => ({ reply }),
      (error: Error) => ({ refused: error.message }),
    );
  };
}

/** How a call goes in the desktop window: the window joins page and core, and the preload passes the port on. */
async function connectDesktop(serveParent: (parent: ParentStandIn) => void): Promise<LatchkeyClient> {
  const parent = new EventEmitter();
  const ipc = new EventEmitter();
  const arrived = Promise.withResolvers<MessagePort | undefined>();
  serveParent({ on: (event, listener) => parent.on(event, listener) });
  exposeBridge<MessagePort>({
    ipcRenderer: { on: (channel, listener) => ipc.on(channel, listener), invoke: async () => undefined },
    contextBridge: { exposeInMainWorld: () => undefined },
    page: {
      origin: "latchkey-app://page",
      postMessage: (_message, _origin, [port]) => arrived.resolve(port),
    },
  });
  createPageBridge<MessagePort>({
    createChannel: () => new MessageChannel(),
    core: {
      status: { state: "running", sentence: null },
      serve: (port) => parent.emit("message", { ports: [port] }),
    },
  }).connect({
    isDestroyed: () => false,
    postMessage: (channel, message, ports = []) => ipc.emit(channel, { ports }, message),
  });
  const port = await arrived.promise;
  if (!port) throw new Error("no port has come");
  port.unref();
  const client: LatchkeyClient = createORPCClient(new PortLink({ port }));
  port.start();
  return client;
}

type ParentStandIn = {
  on(event: "message", listener: (event: { ports: MessagePort[] }) => void): void;
};

/** As the page connects: the launch code of the URL buys a session, which both ends show that they have. */
async function connectSocket(url: string): Promise<LatchkeyClient> {
  const socket = await openAsPage(url, await exchangeCode(url));
  return createORPCClient(new SocketLink({ websocket: socket as unknown as globalThis.WebSocket }));
}

function byCommand(databasePath: string): Call {
  const type = openTerminal(databasePath, { now });
  return async (procedure, input) => {
    const { code, out, err } = await type("call", procedure, ...(input ? [JSON.stringify(input)] : []));
    return code === 0 ? { reply: JSON.parse(out) } : { refused: err.replace("latchkey: ", "") };
  };
}
