import type { CustomScheme, Session, Shell, WindowOpenHandlerResponse } from "electron";
import { DesktopRequest } from "#shared/contract/transport/desktop.ts";
import { CHANNELS } from "#shells/electron/bridge.ts";
import { PAGE_HEADERS, type Page } from "#shells/page.ts";

/** Not the scheme of links, which anybody may send: docs/decisions/0005. */
const SCHEME = "latchkey-app";

/** The one origin of the page, as Chromium writes it. */
export const PAGE_ORIGIN = `${SCHEME}://page`;

/** Registered before the app is ready. It may not bypass policies, run service workers or be read by other origins. */
export const PAGE_SCHEME: CustomScheme = {
  scheme: SCHEME,
  privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true },
};

/** The part of a request that is checked. The initiator is absent for requests of the window itself. */
type PageRequest = { url: string; method: string; initiatorOrigin?: string };

/** The part of Electron's protocol that serves the page. */
type Protocol = { handle(scheme: string, handler: (request: Request) => Response): void };

export const servePage = (protocol: Protocol, page: Page): void =>
  protocol.handle(SCHEME, createAnswer(page));

/**
 * Answers from memory, by the exact text of the URL: what is not a key of the map does not exist, however it is
 * encoded, and no path reaches the disk.
 */
export function createAnswer(page: Page): (request: PageRequest) => Response {
  return ({ url, method, initiatorOrigin }) => {
    if (initiatorOrigin !== undefined && initiatorOrigin !== PAGE_ORIGIN) return refuse(403);
    if (method !== "GET") return refuse(405);
    const [address = ""] = url.split("#");
    const file = address.startsWith(`${PAGE_ORIGIN}/`) && page.get(address.slice(PAGE_ORIGIN.length));
    if (!file) return refuse(404);
    return new Response(new Uint8Array(file.body), {
      headers: { ...PAGE_HEADERS, "Content-Type": file.type },
    });
  };
}

const refuse = (status: number): Response => new Response(null, { status, headers: PAGE_HEADERS });

/** The part of a session that sees every request of the page. */
type Requesting = {
  webRequest: {
    onBeforeRequest(
      listener: (details: { url: string }, decide: (response: { cancel: boolean }) => void) => void,
    ): void;
  };
};

/** Nothing remote: the page may load its own files, and download what it has made itself. */
export function refuseRemote(session: Requesting, { isPackaged }: { isPackaged: boolean }): void {
  const allowed = [`${PAGE_ORIGIN}/`, `blob:${PAGE_ORIGIN}/`, ...(isPackaged ? [] : ["devtools://"])];
  session.webRequest.onBeforeRequest(({ url }, decide) =>
    decide({ cancel: !allowed.some((start) => url.startsWith(start)) }),
  );
}

/** A frame of a page, and the page. */
type Frame = { origin: string };
export type Sender = { mainFrame: Frame };

/** The part of an event that says who sent it. The frame is null once it has navigated away or is gone. */
type SenderEvent<Contents extends Sender> = { sender: Contents; senderFrame: Frame | null };

/** The part of ipcMain that receives the page's messages. */
type Hearing<Contents extends Sender> = {
  handle(
    channel: string,
    listener: (event: SenderEvent<Contents>, ...args: unknown[]) => Promise<void>,
  ): void;
};

/** Takes the page's requests on the only channel: from our own page, and of a known shape. */
export function handlePageRequests<Contents extends Sender>(
  ipc: Hearing<Contents>,
  answer: (request: DesktopRequest, page: Contents) => void | Promise<void>,
): void {
  ipc.handle(CHANNELS.request, async (event, ...args) => {
    if (!isOwnPage(event)) throw new Error("only Latchkey's own page may request this");
    const request = DesktopRequest.safeParse(args[0]);
    if (!request.success || args.length !== 1) throw new Error("there is no such request");
    await answer(request.data, event.sender);
  });
}

/** Whether our page itself sent it, rather than a frame in it. */
function isOwnPage({ sender, senderFrame }: SenderEvent<Sender>): boolean {
  return senderFrame !== null && senderFrame === sender.mainFrame && isOwnOrigin(senderFrame.origin);
}

/** Compares what the URL parser finds, not the prefix: `latchkey-app://page.evil` has the right prefix. */
function isOwnOrigin(origin: string): boolean {
  const found = URL.parse(origin);
  const own = new URL(PAGE_ORIGIN);
  return (
    found !== null && found.protocol === own.protocol && found.host === own.host && found.href === own.href
  );
}

/** The part of a page's WebContents that is locked. */
type Navigating = {
  on(event: (typeof NAVIGATIONS)[number], listener: (event: { preventDefault(): void }) => void): unknown;
  setWindowOpenHandler(handler: () => WindowOpenHandlerResponse): void;
};

export const NAVIGATIONS = [
  "will-navigate",
  "will-frame-navigate",
  "will-redirect",
  "will-attach-webview",
] as const;

/** The page stays where it was loaded: it navigates within itself, by the part after `#`, or not at all. */
export function lockNavigation(contents: Navigating): void {
  for (const navigation of NAVIGATIONS) contents.on(navigation, (event) => event.preventDefault());
  contents.setWindowOpenHandler(() => ({ action: "deny" }));
}

/** All that the window can open in a browser. None of it comes from anything that was read. */
export const LINKS = {
  "authorized-keys": "https://man.openbsd.org/sshd.8#AUTHORIZED_KEYS_FILE_FORMAT",
  "ssh-config": "https://man.openbsd.org/ssh_config.5",
} as const;

export type LinkId = keyof typeof LINKS;

export const openExternalLink = (shell: Pick<Shell, "openExternal">, id: LinkId): Promise<void> =>
  shell.openExternal(LINKS[id]);

/** The part of a session that grants permissions. */
export type Permitting = Pick<
  Session,
  | "setPermissionRequestHandler"
  | "setPermissionCheckHandler"
  | "setDevicePermissionHandler"
  | "setDisplayMediaRequestHandler"
  | "setUSBProtectedClassesHandler"
  | "setBluetoothPairingHandler"
>;

/** The page needs no permission, so it gets none: no camera, no device, no file, not even the clipboard. */
export function denyPermissions(session: Permitting): void {
  session.setPermissionRequestHandler((_contents, _permission, decide) => decide(false));
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
  session.setDisplayMediaRequestHandler((_request, decide) => decide(null));
  session.setUSBProtectedClassesHandler(({ protectedClasses }) => protectedClasses);
  session.setBluetoothPairingHandler((_details, decide) => decide({ confirmed: false }));
}
