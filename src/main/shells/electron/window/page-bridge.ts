import type { CoreStatus, DesktopMessage } from "#shared/contract/transport/desktop.ts";
import { CHANNELS } from "#shells/electron/bridge.ts";

/** The sliver of a page that is spoken to. */
export type Page<Port> = {
  isDestroyed(): boolean;
  postMessage(channel: string, message: unknown, ports?: Port[]): void;
};

type Deps<Port> = {
  createChannel: () => { port1: Port; port2: Port };
  core: { readonly status: CoreStatus; serve(port: Port): void };
};

/**
 * Joins the page to the core: one channel a load of the page, and a new one when the core was started again. What
 * they say to each other does not pass through the window's process.
 */
export function createPageBridge<Port>({ createChannel, core }: Deps<Port>) {
  let page: Page<Port> | null = null;
  /** Said before there was a page that listens: what the window was opened with. */
  let waiting: DesktopMessage[] = [];

  function post(message: DesktopMessage): void {
    if (!page || page.isDestroyed()) waiting.push(message);
    else page.postMessage(CHANNELS.message, message);
  }

  /** Tells how the core is, and hands over a port once it runs. */
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
    /** To be called when the core has become something else. */
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
