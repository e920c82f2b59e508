import { createContext, use } from "react";
import { type CoreStatus, DesktopMessage, type DesktopRequest } from "#shared/contract/desktop.ts";
import { DESKTOP_BRIDGE, type DesktopBridge } from "#shared/contract/desktop-bridge.ts";

/** What the desktop window asks of the page. How its core is, is the connection's business. */
export type DesktopWish = Exclude<DesktopMessage, { kind: "core" }>;

export type Desktop = {
  request(request: DesktopRequest): Promise<void>;
  onCore(listener: (status: CoreStatus) => void): void;
  /** Hears every wish, and first those that nobody has heard yet. */
  onWish(listener: (wish: DesktopWish) => void): () => void;
};

/** The desktop window around this page; null in a browser. */
export function findDesktop(): Desktop | null {
  const bridge = (globalThis as { [DESKTOP_BRIDGE]?: DesktopBridge })[DESKTOP_BRIDGE];
  return bridge ? openDesktop(bridge) : null;
}

export function openDesktop(bridge: DesktopBridge): Desktop {
  let onCore: (status: CoreStatus) => void = () => undefined;
  let onWish: ((wish: DesktopWish) => void) | null = null;
  let unheard: DesktopWish[] = [];

  bridge.listen((said) => {
    const message = DesktopMessage.safeParse(said).data;
    if (!message) return;
    if (message.kind === "core") onCore(message);
    else if (onWish) onWish(message);
    else unheard.push(message);
  });

  return {
    request: (request) => bridge.request(request),
    onCore: (listener) => {
      onCore = listener;
      void bridge.request({ kind: "connect" });
    },
    onWish: (listener) => {
      onWish = listener;
      for (const wish of unheard) listener(wish);
      unheard = [];
      return () => {
        onWish = null;
      };
    },
  };
}

export const DesktopContext = createContext<Desktop | null>(null);

export const useDesktop = () => use(DesktopContext);
