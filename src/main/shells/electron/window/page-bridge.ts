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

type Bridge<Port> = ReturnType<typeof createPageBridge<Port>>;

/** A window, by the page in it. */
type Windowed<Contents> = { readonly webContents: Contents };

/**
 * The windows, each with a bridge of its own to the one core. What the system or the menu says is for the window that was
 * used last. A page that is in none of them is served nothing.
 */
export function createWindows<Port, Window extends Windowed<Page<Port>>>(deps: Deps<Port>) {
  type Contents = Window["webContents"];
  /** The window that was used last is the last of them. */
  const windows = new Map<Contents, { window: Window; bridge: Bridge<Port> }>();
  /** What was said before there was a window. */
  let early: DesktopMessage[] = [];
  const last = () => [...windows.values()].at(-1);

  return {
    /** The one that was used last; null while there is none. */
    last: (): Window | null => last()?.window ?? null,

    get count(): number {
      return windows.size;
    },

    add(window: Window): void {
      const bridge = createPageBridge(deps);
      windows.set(window.webContents, { window, bridge });
      for (const message of early) bridge.post(message);
      early = [];
    },

    /** It has the focus now. */
    use(page: Contents): void {
      const used = windows.get(page);
      if (!used) return;
      windows.delete(page);
      windows.set(page, used);
    },

    drop: (page: Contents): void => void windows.delete(page),

    /** The page has loaded, and listens. */
    connect: (page: Contents): void => windows.get(page)?.bridge.connect(page),

    /** To be called when the state of the core has changed. */
    join(): void {
      for (const { bridge } of windows.values()) bridge.join();
    },

    post(message: DesktopMessage): void {
      const used = last();
      if (used) used.bridge.post(message);
      else early.push(message);
    },
  };
}

/**
 * Connects the page of a window to the core: one channel for each load of the page, and a new one when the core was restarted. What
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
    join,
    connect(loaded: Page<Port>): void {
      page = loaded;
      join();
      const said = waiting;
      waiting = [];
      for (const message of said) post(message);
    },
  };
}
