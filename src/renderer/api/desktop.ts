import { createContext, use } from "react";
import {
  type CoreStatus,
  DesktopMessage,
  type DesktopRequest,
  MOST_FILE_BYTES,
} from "#shared/contract/transport/desktop.ts";
import { DESKTOP_BRIDGE, type DesktopBridge } from "#shared/contract/transport/desktop-bridge.ts";

/** What the desktop window requests of the page. `connection.ts` handles the state of its core. */
export type PageRequest = Exclude<DesktopMessage, { kind: "core" }>;

export type Desktop = {
  request(request: DesktopRequest): Promise<void>;
  onCore(listener: (status: CoreStatus) => void): void;
  /** Listens to every request, and first to those that came before. */
  onRequest(listener: (request: PageRequest) => void): () => void;
};

/** The desktop window around this page; null in a browser. */
export function findDesktop(): Desktop | null {
  const bridge = (globalThis as { [DESKTOP_BRIDGE]?: DesktopBridge })[DESKTOP_BRIDGE];
  return bridge ? openDesktop(bridge) : null;
}

export function openDesktop(bridge: DesktopBridge): Desktop {
  let onCore: (status: CoreStatus) => void = () => undefined;
  let onRequest: ((request: PageRequest) => void) | null = null;
  let waiting: PageRequest[] = [];

  bridge.listen((data) => {
    const message = DesktopMessage.safeParse(data).data;
    if (!message) return;
    if (message.kind === "core") onCore(message);
    else if (onRequest) onRequest(message);
    else waiting.push(message);
  });

  return {
    request: (request) => bridge.request(request),
    onCore: (listener) => {
      onCore = listener;
      void bridge.request({ kind: "connect" });
    },
    onRequest: (listener) => {
      onRequest = listener;
      for (const earlier of waiting) listener(earlier);
      waiting = [];
      return () => {
        onRequest = null;
      };
    },
  };
}

export const DesktopContext = createContext<Desktop | null>(null);

export const useDesktop = () => use(DesktopContext);

/** A file that was dropped, chosen or opened, to be inspected. */
export type ChosenFile = {
  name: string;
  /** Its bytes as the contract takes them; an error says why there are none. */
  read(): Promise<string>;
  /** The file itself, where the browser has it: what is too large for a message can be read in parts. */
  blob?: Blob;
};

/** Files of the browser. None is read before it is shown, nor one that is too large. */
export const toChosenFiles = (files: Iterable<File>): ChosenFile[] =>
  [...files].map((file) => ({ name: file.name, read: () => readBase64(file), blob: file }));

function readBase64(file: File): Promise<string> {
  if (file.size > MOST_FILE_BYTES)
    throw new Error(`it is larger than ${MOST_FILE_BYTES / 1024} KiB; latchkey inspect reads it`);
  return toBase64(file);
}

/** Bytes as the contract takes them. */
export async function toBase64(file: Blob): Promise<string> {
  const reader = new FileReader();
  const ended = new Promise<void>((resolve, reject) => {
    reader.addEventListener("load", () => resolve());
    reader.addEventListener("error", () => reject(new Error("it is no file, or may not be read")));
  });
  reader.readAsDataURL(file);
  await ended;
  return String(reader.result).replace(/^data:[^,]*,/, "");
}
