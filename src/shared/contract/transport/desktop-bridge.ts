import type { DesktopRequest } from "./desktop.ts";

/** The property of the page's window that is the `DesktopBridge`. */
export const DESKTOP_BRIDGE = "latchkeyDesktop";

/** The message with which a port to the core arrives at the page's own window. */
export const DESKTOP_PORT = "latchkey-port";

/** What the preload puts on the page's window: two functions, and nothing of Electron. */
export type DesktopBridge = {
  listen(listener: (message: unknown) => void): void;
  request(request: DesktopRequest): Promise<void>;
};
