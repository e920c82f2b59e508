/**
 * What `import { ... } from "electron"` gives the built program in a test: enough of Electron 45 to run on, in plain
 * Node. Threads, ports, messages and files are real; the test that started it plays the windows and the operating
 * system.
 */
import { EventEmitter } from "node:events";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import type { FromStandIn, ToStandIn } from "./messages.ts";
import { UtilityProcess } from "./utility-process.ts";

function tell(message: FromStandIn): void {
  process.send?.(message);
}
const note = (name: string, ...args: unknown[]) => tell({ kind: "called", name, args });

const invoked = new Map<string, (event: object, ...args: unknown[]) => unknown>();
const ports = new Map<number, MessagePort>();
const chosen = new Map<string, () => void>();
let answerRequest: (request: object) => Promise<Response> | Response = () =>
  new Response(null, { status: 404 });
const windows = new Map<number, BrowserWindow>();
let windowCount = 0;
let core: UtilityProcess | null = null;

class App extends EventEmitter {
  isPackaged = process.env.STAND_IN_PACKAGED === "1";
  dock = undefined;
  #isQuitting = false;
  enableSandbox = () => note("enableSandbox");
  whenReady = () => Promise.resolve(note("ready"));
  requestSingleInstanceLock = () => process.env.STAND_IN_SECOND !== "1";
  setAsDefaultProtocolClient = (scheme: string) => note("setAsDefaultProtocolClient", scheme);
  getPath = (name: string) => `${process.env.STAND_IN_DATA}/${name === "userData" ? "" : name}`;
  exit = (code = 0) => process.exit(code);
  quit(): void {
    if (windows.size > 0 && !this.#isQuitting) {
      this.#isQuitting = true;
      for (const window of [...windows.values()]) window.close();
    }
    let isPrevented = false;
    this.emit("will-quit", {
      preventDefault: () => {
        isPrevented = true;
      },
    });
    if (!isPrevented) process.exit(0);
  }
}
export const app = new App();

class WebContents extends EventEmitter {
  mainFrame = { origin: "latchkey-app://page" };
  readonly #window: number;
  constructor(window: number) {
    super();
    this.#window = window;
  }
  isDestroyed = () => !windows.has(this.#window);
  reload = () => tell({ kind: "load", window: this.#window, url: "latchkey-app://page/" });
  setWindowOpenHandler = (handler: () => object) => note("setWindowOpenHandler", handler());
  postMessage(channel: string, message: unknown, transferred: MessagePort[] = []): void {
    const [port] = transferred;
    if (port) this.#carry(channel, port);
    else tell({ kind: "said", window: this.#window, channel, message });
  }
  #carry(channel: string, port: MessagePort): void {
    const id = ports.size + 1;
    ports.set(id, port);
    port.on("message", (data) => tell({ kind: "from-port", port: id, data }));
    port.on("close", () => tell({ kind: "port-closed", port: id }));
    tell({ kind: "port", window: this.#window, channel, port: id });
  }
}

export class BrowserWindow extends EventEmitter {
  readonly #number = ++windowCount;
  webContents = new WebContents(this.#number);
  #bounds: object;
  constructor({ x, y, width, height, ...options }: Record<string, unknown>) {
    super();
    this.#bounds = { x: x ?? 40, y: y ?? 40, width, height };
    windows.set(this.#number, this);
    note("BrowserWindow", { x, y, width, height, ...options });
    app.emit("web-contents-created", {}, this.webContents);
  }
  isMinimized = () => true;
  isMaximized = () => false;
  isDestroyed = () => !windows.has(this.#number);
  restore = () => note("restore");
  focus = () => {
    note("focus", this.#number);
    this.emit("focus");
  };
  show = () => {
    note("show");
    this.emit("focus");
  };
  maximize = () => note("maximize");
  getNormalBounds = () => this.#bounds;
  async loadURL(url: string): Promise<void> {
    this.emit("ready-to-show");
    tell({ kind: "load", window: this.#number, url });
  }
  close(): void {
    this.emit("close", {});
    windows.delete(this.#number);
    this.emit("closed");
    if (windows.size === 0) app.emit("window-all-closed");
  }
}

export const ipcMain = {
  handle: (channel: string, listener: (event: object, ...args: unknown[]) => unknown) =>
    void invoked.set(channel, listener),
};

export const protocol = {
  registerSchemesAsPrivileged: (schemes: object[]) => note("registerSchemesAsPrivileged", schemes),
  handle: (_scheme: string, handler: typeof answerRequest) => {
    answerRequest = handler;
  },
};

const denied = (name: string) => () => note(name);
export const session = {
  defaultSession: {
    setPermissionRequestHandler: denied("setPermissionRequestHandler"),
    setPermissionCheckHandler: denied("setPermissionCheckHandler"),
    setDevicePermissionHandler: denied("setDevicePermissionHandler"),
    setDisplayMediaRequestHandler: denied("setDisplayMediaRequestHandler"),
    setUSBProtectedClassesHandler: denied("setUSBProtectedClassesHandler"),
    setBluetoothPairingHandler: denied("setBluetoothPairingHandler"),
    webRequest: { onBeforeRequest: denied("onBeforeRequest") },
  },
};

type Item = { label?: string; click?: () => void; submenu?: Item[] };
export const Menu = {
  buildFromTemplate: (items: Item[]) => items,
  setApplicationMenu: (items: Item[]) => collect(items),
};
function collect(items: Item[]): void {
  for (const { label, click, submenu } of items) {
    if (label && click) chosen.set(label, click);
    collect(submenu ?? []);
  }
}

export const utilityProcess = {
  fork(file: string, args: string[], options: { env: NodeJS.ProcessEnv; serviceName: string }) {
    note("fork", options.serviceName);
    const child = new UtilityProcess(file, args, options.env);
    if (options.serviceName === "Latchkey core") core = child;
    return child;
  },
};

export const MessageChannelMain = MessageChannel;
export const clipboard = { writeText: async (text: string) => note("clipboard.writeText", text) };
export const dialog = { showErrorBox: (title: string, text: string) => note("showErrorBox", title, text) };
export const shell = { openExternal: async (url: string) => note("openExternal", url) };
export const screen = {
  getAllDisplays: () => [{ workArea: { x: 0, y: 0, width: 1920, height: 1080 } }],
};

process.on("message", (message: ToStandIn) => void hear(message));
process.on("disconnect", () => process.exit(1));

async function hear(message: ToStandIn): Promise<void> {
  switch (message.kind) {
    case "to-port":
      return ports.get(message.port)?.postMessage(message.data);
    case "close":
      return findWindow(message.window)?.close();
    case "focus":
      return findWindow(message.window)?.focus();
    case "fall":
      return void core?.kill();
    default:
      try {
        tell({ kind: "answer", id: message.id, value: await answer(message) });
      } catch (error) {
        tell({ kind: "failure", id: message.id, message: String(error) });
      }
  }
}

/** The first that was opened, unless another one is named. */
const findWindow = (number?: number): BrowserWindow | undefined =>
  number === undefined ? windows.values().next().value : windows.get(number);

async function answer(message: Extract<ToStandIn, { id: number }>): Promise<unknown> {
  switch (message.kind) {
    case "fetch": {
      const initiator = message.initiatorOrigin === null ? {} : { initiatorOrigin: message.initiatorOrigin };
      const reply = await answerRequest({ url: message.url, method: "GET", ...initiator });
      const base64 = Buffer.from(await reply.arrayBuffer()).toString("base64");
      return { status: reply.status, headers: Object.fromEntries(reply.headers), base64 };
    }
    case "invoke": {
      const sender = findWindow(message.window)?.webContents;
      return await invoked.get(message.channel)?.(
        { sender, senderFrame: sender?.mainFrame },
        ...message.args,
      );
    }
    case "emit":
      return app.emit(message.event, {}, ...message.args);
    case "choose":
      return chosen.get(message.item)?.();
  }
}
