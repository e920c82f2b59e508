import type { Session, Shell, WindowOpenHandlerResponse } from "electron";

/** The sliver of a page's WebContents that is locked. */
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

/** All that the window can open in a browser. Nothing that was read anywhere is among it. */
export const LINKS = {
  "authorized-keys": "https://man.openbsd.org/sshd.8#AUTHORIZED_KEYS_FILE_FORMAT",
  "ssh-config": "https://man.openbsd.org/ssh_config.5",
} as const;

export type LinkId = keyof typeof LINKS;

export const openExternalLink = (shell: Pick<Shell, "openExternal">, id: LinkId): Promise<void> =>
  shell.openExternal(LINKS[id]);

/** The sliver of a session that hands out permissions. */
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
