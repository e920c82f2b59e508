import {
  DESKTOP_BRIDGE,
  DESKTOP_PORT,
  type DesktopBridge,
} from "#shared/contract/transport/desktop-bridge.ts";

/** Every channel between the window and its page. There are no others. */
export const CHANNELS = {
  /** From the page; see DesktopRequest. */
  request: "latchkey:request",
  /** From the window; see DesktopMessage. */
  message: "latchkey:message",
  /** With a port to the core. */
  port: "latchkey:port",
} as const;

/** The parts of Electron's ipcRenderer and contextBridge, and of the page's window, that the preload uses. */
export type PreloadWorld<Port> = {
  ipcRenderer: {
    on(channel: string, listener: (event: { ports: readonly Port[] }, message: unknown) => void): unknown;
    invoke(channel: string, request: unknown): Promise<unknown>;
  };
  contextBridge: { exposeInMainWorld(name: string, api: DesktopBridge): void };
  page: { origin: string; postMessage(message: unknown, origin: string, ports: Port[]): void };
};

/** How the page reaches the window: typed functions, never ipcRenderer itself and never an event. */
export function exposeBridge<Port>({ ipcRenderer, contextBridge, page }: PreloadWorld<Port>): void {
  // A port cannot be passed as an argument, but with a message to the page's own window.
  ipcRenderer.on(CHANNELS.port, ({ ports }) => page.postMessage(DESKTOP_PORT, page.origin, [...ports]));
  contextBridge.exposeInMainWorld(DESKTOP_BRIDGE, {
    listen: (listener) => void ipcRenderer.on(CHANNELS.message, (_event, message) => listener(message)),
    request: async (request) => void (await ipcRenderer.invoke(CHANNELS.request, request)),
  });
}
