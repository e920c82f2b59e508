import { EventEmitter } from "node:events";
import type { Session, WindowOpenHandlerResponse } from "electron";
import { expect, test } from "vitest";
import {
  denyPermissions,
  LINKS,
  type LinkId,
  lockNavigation,
  NAVIGATIONS,
  openExternalLink,
  type Permitting,
} from "./guard-page.ts";

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

/** Every name there is: the type refuses a list that lacks one or has one too many. */
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

/** The handlers that a session was given. */
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
