import type { Session } from "electron";

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
