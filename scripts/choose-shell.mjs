/**
 * @typedef {object} Surroundings
 * @property {boolean} isElectronBuilt the desktop shell is part of this build
 * @property {"present" | "fetchable" | "absent"} electronBinary
 * @property {boolean} hasDisplay
 * @property {boolean} isCi nobody is watching, and nothing may be downloaded
 */

/**
 * The shell to open, and the one line that says why.
 *
 * @param {Surroundings} surroundings
 * @returns {{ shell: "electron" | "browser" | "address", line: string }}
 */
export function chooseShell({ isElectronBuilt, electronBinary, hasDisplay, isCi }) {
  if (!hasDisplay) return { shell: "address", line: `${WEB} at an address to open, for there is no display` };
  const canHaveElectron = electronBinary === "present" || (electronBinary === "fetchable" && !isCi);
  if (isElectronBuilt && canHaveElectron) return { shell: "electron", line: "Opening the desktop window" };
  if (isCi) return { shell: "address", line: `${WEB} at an address to open, for CI=true is set` };
  const why = isElectronBuilt ? "Electron's binary is not there" : "this version has no desktop window yet";
  return { shell: "browser", line: `${WEB} in your browser, for ${why}` };
}

const WEB = "Opening the web shell";
