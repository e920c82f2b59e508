import type { CoreStatus, DesktopMessage } from "#shared/contract/transport/desktop.ts";
import { CHANNELS } from "#shells/electron/bridge.ts";

/** The part of a page that receives messages. */
export type Page<Port> = {
  isDestroyed(): boolean;
  postMessage(channel: string, message: unknown, ports?: Port[]): void;
};

type Deps<Port> = {
  createChannel: () => { port1: Port; port2: Port };
  core: { readonly status: CoreStatus; serve(port: Port): void };
};

/**
 * Connects the page to the core: one channel for each load of the page, and a new one when the core was restarted. What
 * they send each other does not pass through the window's process.
 */
export function createPageBridge<Port>({ createChannel, core }: Deps<Port>) {
  let page: Page<Port> | null = null;
  /** Messages from before the page listened: what the window was opened with. */
  let waiting: DesktopMessage[] = [];

  function post(message: DesktopMessage): void {
    if (!page || page.isDestroyed()) waiting.push(message);
    else page.postMessage(CHANNELS.message, message);
  }

  /** Reports the state of the core, and sends a port once the core runs. */
  function join(): void {
    if (!page || page.isDestroyed()) return;
    const { status } = core;
    post({ kind: "core", ...status });
    if (status.state !== "running") return;
    const { port1, port2 } = createChannel();
    core.serve(port1);
    page.postMessage(CHANNELS.port, null, [port2]);
  }

  return {
    post,
    /** To be called when the state of the core has changed. */
    join,
    /** The page has loaded, and listens. */
    connect(loaded: Page<Port>): void {
      page = loaded;
      join();
      const said = waiting;
      waiting = [];
      for (const message of said) post(message);
    },
  };
}
