import { EventEmitter } from "node:events";
import type { Session, WindowOpenHandlerResponse } from "electron";
import { expect, test } from "vitest";
import type { DesktopRequest } from "#shared/contract/transport/desktop.ts";
import { CHANNELS } from "#shells/electron/bridge.ts";
import { PAGE_HEADERS } from "#shells/page.ts";
import {
  createAnswer,
  denyPermissions,
  handlePageRequests,
  LINKS,
  type LinkId,
  lockNavigation,
  NAVIGATIONS,
  openExternalLink,
  PAGE_ORIGIN,
  PAGE_SCHEME,
  type Permitting,
  refuseRemote,
  type Sender,
  servePage,
} from "./guard-page.ts";

const index = { body: Buffer.from("<!doctype html>"), type: "text/html; charset=utf-8" };
const script = { body: Buffer.from("export {}"), type: "text/javascript; charset=utf-8" };
const page = new Map([
  ["/", index],
  ["/index.html", index],
  ["/assets/index-1.js", script],
]);
const answer = createAnswer(page);
const get = (url: string, initiatorOrigin?: string) =>
  answer({ url, method: "GET", ...(initiatorOrigin === undefined ? {} : { initiatorOrigin }) });

test("a built file is answered with its type and every header of the page", async () => {
  const reply = get("latchkey-app://page/assets/index-1.js", PAGE_ORIGIN);
  expect([reply.status, await reply.text()]).toEqual([200, "export {}"]);
  const headers = Object.entries({ ...PAGE_HEADERS, "Content-Type": script.type });
  expect(Object.fromEntries(reply.headers)).toEqual(
    Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value])),
  );
});

test("the part after # is the page's own business", () => {
  expect(get("latchkey-app://page/#/hosts?open=1").status).toBe(200);
});

test.each([
  "latchkey-app://page",
  "latchkey-app://page/..%2f..%2fetc/passwd",
  "latchkey-app://page/%2e%2e/index.html",
  "latchkey-app://page/%2e/index.html",
  "latchkey-app://page/../index.html",
  "latchkey-app://page/assets/../index.html",
  "latchkey-app://page/assets\\index-1.js",
  "latchkey-app://page/assets%5cindex-1.js",
  "latchkey-app://page/index.html%00",
  "latchkey-app://page/index.html\0",
  "latchkey-app://page//index.html",
  "latchkey-app://page/INDEX.HTML",
  "latchkey-app://page/index.html?",
  "latchkey-app://page/index.html?x=1",
  "latchkey-app://page/file:///etc/passwd",
  "latchkey-app://page/constructor",
  "latchkey-app://page/__proto__",
  "latchkey-app://other/index.html",
  "latchkey-app://page.evil/index.html",
  "latchkey-app://page@evil/index.html",
  "latchkey-app://page:80/index.html",
  "latchkey://page/index.html",
  "https://page/index.html",
  "",
])("%j does not exist", (url) => {
  const reply = get(url);
  expect([reply.status, reply.headers.get("content-security-policy")]).toEqual([
    404,
    PAGE_HEADERS["Content-Security-Policy"],
  ]);
});

test.each(["https://evil.example", "null", "latchkey-app://other", "latchkey-app://page.evil", ""])(
  "a request that %j makes is dropped",
  (initiator) => {
    expect(get("latchkey-app://page/", initiator).status).toBe(403);
  },
);

test.each(["POST", "HEAD", "PUT", "OPTIONS"])("%s is not answered", (method) => {
  expect(answer({ url: "latchkey-app://page/", method }).status).toBe(405);
});

test("the scheme is an origin of its own, and may not bypass policies or be read by others", () => {
  expect(PAGE_SCHEME).toEqual({
    scheme: "latchkey-app",
    privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true },
  });
  const served: string[] = [];
  servePage({ handle: (scheme) => void served.push(scheme) }, page);
  expect(served).toEqual(["latchkey-app"]);
});

test.each([
  ["latchkey-app://page/assets/index-1.js", false, false],
  ["blob:latchkey-app://page/5e0c", false, false],
  ["https://example.com/", true, true],
  ["http://127.0.0.1:9/", true, true],
  ["ws://127.0.0.1:9/", true, true],
  ["file:///etc/passwd", true, true],
  ["data:text/html,x", true, true],
  ["blob:https://evil.example/1", true, true],
  ["latchkey-app://page.evil/", true, true],
  ["devtools://devtools/bundled/inspector.html", true, false],
])("%s is cancelled: %s when packaged, %s when not", (url, whenPackaged, whenNot) => {
  expect([isCancelled(url, true), isCancelled(url, false)]).toEqual([whenPackaged, whenNot]);
});

function isCancelled(url: string, isPackaged: boolean): boolean | undefined {
  let isCancelled: boolean | undefined;
  const decide = ({ cancel }: { cancel: boolean }) => {
    isCancelled = cancel;
  };
  refuseRemote({ webRequest: { onBeforeRequest: (listener) => listener({ url }, decide) } }, { isPackaged });
  return isCancelled;
}

const own = { origin: "latchkey-app://page" };
const sender = { mainFrame: own };

test("our own page is heard", async () => {
  const page = createPage();
  await page.send({ sender, senderFrame: own }, { kind: "connect" });
  await page.send({ sender, senderFrame: own }, { kind: "copy", text: "SHA256:abc" });
  expect(page.heard).toEqual([{ kind: "connect" }, { kind: "copy", text: "SHA256:abc" }]);
});

test("there is one channel", () => {
  expect(createPage().channels).toEqual([CHANNELS.request]);
});

const frameOf = (origin: string) => {
  const frame = { origin };
  return { sender: { mainFrame: frame }, senderFrame: frame };
};

test.each([
  ["a frame that is gone", { sender, senderFrame: null }],
  ["a frame within the page", { sender, senderFrame: { ...own } }],
  ["another origin", frameOf("https://evil.example")],
  ["another host of our scheme", frameOf("latchkey-app://evil")],
  ["an origin that begins like ours", frameOf("latchkey-app://page.evil.example")],
  ["an origin that ends like ours", frameOf("https://latchkey-app://page")],
  ["our name as a user", frameOf("latchkey-app://page@evil.example")],
  ["our origin with a port", frameOf("latchkey-app://page:1")],
  ["the scheme of links", frameOf("latchkey://page")],
  ["a file", frameOf("file://")],
  ["an opaque origin", frameOf("null")],
  ["no origin", frameOf("")],
])("%s is not heard", async (_, event) => {
  const page = createPage();
  await expect(page.send(event, { kind: "connect" })).rejects.toThrow(
    "only Latchkey's own page may request this",
  );
  expect(page.heard).toEqual([]);
});

test.each([
  ["nothing", []],
  ["an unknown kind", [{ kind: "open", path: "/etc/passwd" }]],
  ["more than the kind has", [{ kind: "retry", path: "/etc/passwd" }]],
  ["a text that is none", [{ kind: "copy", text: { toString: "x" } }]],
  ["a text without end", [{ kind: "copy", text: "a".repeat(16 * 1024 * 1024 + 1) }]],
  ["two arguments", [{ kind: "connect" }, { kind: "retry" }]],
  ["a string", ["connect"]],
])("%s is not a request", async (_, args) => {
  const page = createPage();
  await expect(page.send({ sender, senderFrame: own }, ...args)).rejects.toThrow("there is no such request");
  expect(page.heard).toEqual([]);
});

type Event = { sender: Sender; senderFrame: { origin: string } | null };

function createPage() {
  const heard: DesktopRequest[] = [];
  const channels: string[] = [];
  let listener: (event: Event, ...args: unknown[]) => Promise<void> = () => Promise.reject(new Error("deaf"));
  handlePageRequests<Sender>(
    {
      handle: (channel, next) => {
        channels.push(channel);
        listener = next;
      },
    },
    (request) => void heard.push(request),
  );
  return { heard, channels, send: (event: Event, ...args: unknown[]) => listener(event, ...args) };
}

class Contents extends EventEmitter {
  openWindow: () => WindowOpenHandlerResponse = () => ({ action: "allow" });
  setWindowOpenHandler(handler: () => WindowOpenHandlerResponse): void {
    this.openWindow = handler;
  }
}

test.each(NAVIGATIONS)("%s is prevented", (navigation) => {
  const contents = new Contents();
  lockNavigation(contents);
  let isPrevented = false;
  contents.emit(navigation, {
    preventDefault: () => {
      isPrevented = true;
    },
  });
  expect(isPrevented).toBe(true);
});

test("the four ways to leave a page are locked", () => {
  expect(NAVIGATIONS).toEqual([
    "will-navigate",
    "will-frame-navigate",
    "will-redirect",
    "will-attach-webview",
  ]);
});

test("no window is opened", () => {
  const contents = new Contents();
  lockNavigation(contents);
  expect(contents.openWindow()).toEqual({ action: "deny" });
});

test("a link is opened by its name, and every one is https", async () => {
  const opened: string[] = [];
  const shell = { openExternal: async (url: string) => void opened.push(url) };
  for (const id of Object.keys(LINKS) as LinkId[]) await openExternalLink(shell, id);
  expect(opened).toEqual(Object.values(LINKS));
  expect(opened.filter((url) => new URL(url).protocol !== "https:")).toEqual([]);
});

type Handler<Setter extends keyof Permitting> = NonNullable<Parameters<Session[Setter]>[0]>;
type Permission = Parameters<Handler<"setPermissionRequestHandler">>[1];

/** Every permission: the type refuses a list that lacks one or has one too many. */
const EVERY: Record<Permission, true> = {
  ar: true,
  "automatic-fullscreen": true,
  "background-fetch": true,
  "background-sync": true,
  "captured-surface-control": true,
  "clipboard-read": true,
  "clipboard-sanitized-write": true,
  "deprecated-sync-clipboard-read": true,
  "display-capture": true,
  fileSystem: true,
  fullscreen: true,
  geolocation: true,
  "geolocation-approximate": true,
  "hand-tracking": true,
  hid: true,
  "idle-detection": true,
  keyboardLock: true,
  "local-fonts": true,
  "local-network": true,
  "local-network-access": true,
  "loopback-network": true,
  media: true,
  mediaKeySystem: true,
  midi: true,
  midiSysex: true,
  nfc: true,
  notifications: true,
  openExternal: true,
  "payment-handler": true,
  "periodic-background-sync": true,
  "persistent-storage": true,
  pointerLock: true,
  "screen-wake-lock": true,
  sensors: true,
  serial: true,
  "smart-card": true,
  "speaker-selection": true,
  "storage-access": true,
  "system-wake-lock": true,
  "top-level-storage-access": true,
  usb: true,
  vr: true,
  "web-app-installation": true,
  "web-printing": true,
  "window-management": true,
  unknown: true,
};
const NAMES = Object.keys(EVERY) as Permission[];

test("Electron knows 46 permissions", () => {
  expect(NAMES).toHaveLength(46);
});

test.each(NAMES)("%s is denied, asked for or checked", (permission) => {
  const handlers = deny();
  const answers: boolean[] = [];
  const ask = handlers.setPermissionRequestHandler as unknown as (...args: unknown[]) => void;
  const check = handlers.setPermissionCheckHandler as unknown as (...args: unknown[]) => boolean;
  ask({}, permission, (isGranted: boolean) => answers.push(isGranted), {});
  answers.push(check(null, permission, "latchkey-app://page", {}), check({}, permission, "", {}));
  expect(answers).toEqual([false, false, false]);
});

test("no device, no screen and no pairing is granted, and no USB class loses its protection", () => {
  const handlers = deny();
  const answers: unknown[] = [];
  const details = {} as never;
  answers.push(handlers.setDevicePermissionHandler(details));
  handlers.setDisplayMediaRequestHandler(details, (streams) => answers.push(streams));
  handlers.setBluetoothPairingHandler(details, (response) => answers.push(response));
  answers.push(handlers.setUSBProtectedClassesHandler({ protectedClasses: ["hid", "audio"] }));
  expect(answers).toEqual([false, null, { confirmed: false }, ["hid", "audio"]]);
});

type Handlers = { [Setter in keyof Permitting]: Handler<Setter> };

/** The handlers that were set on a session. */
function deny(): Handlers {
  const handlers: Partial<Record<keyof Permitting, unknown>> = {};
  const note = (setter: keyof Permitting) => (handler: unknown) => {
    handlers[setter] = handler;
  };
  denyPermissions({
    setPermissionRequestHandler: note("setPermissionRequestHandler"),
    setPermissionCheckHandler: note("setPermissionCheckHandler"),
    setDevicePermissionHandler: note("setDevicePermissionHandler"),
    setDisplayMediaRequestHandler: note("setDisplayMediaRequestHandler"),
    setUSBProtectedClassesHandler: note("setUSBProtectedClassesHandler"),
    setBluetoothPairingHandler: note("setBluetoothPairingHandler"),
  });
  return handlers as Handlers;
}
