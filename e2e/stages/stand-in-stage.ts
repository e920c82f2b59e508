import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import type { Answered, FromStandIn } from "#testing/electron/messages.ts";
import { type Desktop, startDesktop } from "#testing/electron/start-desktop.ts";
import { environmentOf, type Shell, type Stage } from "./stage.ts";

/** The window's page, whose own scheme Chromium without Electron does not know. */
const ORIGIN = "https://latchkey-app.test";
const OWN_ORIGIN = "latchkey-app://page";

/** What the preload or a port in the page sends to the window. */
type FromPage =
  | { kind: "invoke"; channel: string; args: unknown[] }
  | { kind: "to-port"; port: number; data: unknown };

export type StandInStage = Omit<Stage, "open"> & {
  open(
    database: string,
    home: string,
    ...args: string[]
  ): Promise<{ page: Page; shell: Shell; desktop: Desktop }>;
  /** The page of a further window, by its number. */
  openPage(desktop: Desktop, window: number): Promise<Page>;
};

/**
 * The built desktop program on a stand-in for Electron, and the built page with the built preload in Chromium. Files,
 * requests and ports take the same path as in Electron.
 */
export function createStandInStage(
  page: Page,
  shells: AsyncDisposableStack,
  listen: (page: Page) => void,
): StandInStage {
  listen(page);
  return {
    page,
    async open(database, home, ...args) {
      const data = join(home, "window");
      await mkdir(data, { recursive: true });
      const desktop = shells.use(
        startDesktop({ args: ["--db", database, ...args], data, env: environmentOf(home) }),
      );
      await load(page, desktop, 1);
      const stop = async () => {
        desktop.tell({ kind: "close" });
        await desktop.exited;
      };
      const readClipboard = async () => String(desktop.findCall("clipboard.writeText").at(-1));
      return { page, desktop, shell: { stop, readClipboard } };
    },

    async openPage(desktop, window) {
      const next = await page.context().newPage();
      listen(next);
      await load(next, desktop, window);
      return next;
    },
  };
}

async function load(page: Page, desktop: Desktop, window: number): Promise<void> {
  await wire(page, desktop, window);
  await desktop.until((said) => said.kind === "load" && said.window === window);
  await page.goto(`${ORIGIN}/`);
}

async function wire(page: Page, desktop: Desktop, window: number): Promise<void> {
  await page.exposeFunction("toStandIn", (said: FromPage) => {
    if (said.kind === "to-port") return desktop.tell(said);
    return desktop.ask({ ...said, window });
  });
  await page.addInitScript({ content: `(${preload.toString()})(${JSON.stringify(readPreload())})` });
  await page.route(`${ORIGIN}/**`, async (route) => {
    const request = route.request();
    const initiatorOrigin = request.isNavigationRequest() ? null : OWN_ORIGIN;
    const url = request.url().replace(ORIGIN, OWN_ORIGIN);
    const answer = (await desktop.ask({ kind: "fetch", url, initiatorOrigin })) as Answered;
    await route.fulfill({ ...answer, body: Buffer.from(answer.base64, "base64") });
  });
  // One after the other, in the order in which they were sent.
  let told = Promise.resolve();
  desktop.heard.on("message", (message) => {
    if ("window" in message && message.window !== window) return;
    told = told.then(() => tellPage(page, message));
  });
}

const readPreload = () => readFileSync("out/preload/preload.cjs", "utf8");

async function tellPage(page: Page, message: FromStandIn): Promise<void> {
  if (!["said", "port", "from-port", "port-closed"].includes(message.kind) || page.isClosed()) return;
  await page
    .evaluate((said) => (globalThis as unknown as InPage).fromStandIn(said), message)
    .catch((error: Error) => {
      // What is sent to a page that is being left is lost; the next page asks for it again.
      if (!page.isClosed() && !/Execution context was destroyed/.test(error.message)) throw error;
    });
}

type InPage = {
  toStandIn(said: FromPage): Promise<unknown>;
  fromStandIn(said: FromStandIn): void;
};

/** Runs in the page before anything else, so it uses nothing from outside: Electron's end of the preload. */
function preload(source: string): void {
  type Listener = (event: { ports: MessagePort[] }, message: unknown) => void;
  const inPage = globalThis as unknown as InPage & Record<string, unknown>;
  const listeners: Record<string, Listener[]> = {};
  const ports = new Map<number, MessagePort>();
  const emit = (channel: string, event: { ports: MessagePort[] }, message: unknown) => {
    for (const listener of listeners[channel] ?? []) listener(event, message);
  };
  inPage.fromStandIn = (said) => {
    if (said.kind === "said") emit(said.channel, { ports: [] }, said.message);
    if (said.kind === "from-port") ports.get(said.port)?.postMessage(said.data);
    if (said.kind === "port-closed") ports.get(said.port)?.close();
    if (said.kind !== "port") return;
    const { port1, port2 } = new MessageChannel();
    ports.set(said.port, port1);
    port1.addEventListener("message", ({ data }) => {
      void inPage.toStandIn({ kind: "to-port", port: said.port, data });
    });
    port1.start();
    emit(said.channel, { ports: [port2] }, null);
  };
  const electron = {
    ipcRenderer: {
      on(channel: string, listener: Listener) {
        listeners[channel] = [...(listeners[channel] ?? []), listener];
      },
      invoke: (channel: string, ...args: unknown[]) => inPage.toStandIn({ kind: "invoke", channel, args }),
    },
    contextBridge: {
      exposeInMainWorld(name: string, api: unknown) {
        inPage[name] = api;
      },
    },
  };
  new Function("require", "exports", "module", source)(() => electron, {}, {});
}
