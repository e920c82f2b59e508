import { join } from "node:path";
import { FuseV1Options, FuseVersion, flipFuses } from "@electron/fuses";

/**
 * What Electron's binary may still do in our packages. All are said, also those that stay as they are: a fuse that a
 * newer Electron adds, and this list does not know, then fails the build.
 *
 * electron-builder sets fuses itself, but by a version of this library that does not know the last one.
 *
 * @type {import("@electron/fuses").FuseConfig}
 */
export const FUSES = {
  version: FuseVersion.V1,
  strictlyRequireAllFuses: true,
  // The binary is no Node for whoever asks: not by its environment, its arguments or a signal.
  [FuseV1Options.RunAsNode]: false,
  [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: false,
  [FuseV1Options.EnableNodeCliInspectArguments]: false,
  // Only our archive is run, and where the system can hold it to that (macOS, Windows), only unchanged.
  [FuseV1Options.OnlyLoadAppFromAsar]: true,
  [FuseV1Options.EnableEmbeddedAsarIntegrityValidation]: true,
  // The window has neither cookies nor file: pages; should it ever, they are no more than elsewhere.
  [FuseV1Options.EnableCookieEncryption]: true,
  [FuseV1Options.GrantFileProtocolExtraPrivileges]: false,
  // On would need a snapshot of our own, which we do not ship.
  [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
  [FuseV1Options.WasmTrapHandlers]: true,
};

/**
 * electron-builder calls this when a package is laid out, before it is signed.
 *
 * @param {import("electron-builder").AfterPackContext} context
 */
export async function afterPack({ appOutDir, electronPlatformName, packager }) {
  const name = packager.appInfo.productFilename;
  const { executableName } = /** @type {import("electron-builder").LinuxPackager} */ (packager);
  const binary = { darwin: `${name}.app`, win32: `${name}.exe` }[electronPlatformName] ?? executableName;
  await flipFuses(join(appOutDir, binary), FUSES);
}
