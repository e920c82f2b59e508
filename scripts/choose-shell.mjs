/**
 * @typedef {object} Surroundings
 * @property {boolean} isElectronBuilt the desktop shell is part of this build
 * @property {"present" | "fetchable" | "absent"} electronBinary
 * @property {boolean} hasDisplay
 * @property {boolean} isCi nobody is watching, and nothing may be downloaded
 * @property {boolean} isToldHowToServe options were given that only the web shell has
 */

/** @typedef {{ shell: "electron" | "browser" | "address", line: string }} Choice */

/**
 * The shell to open, and the one line that says why.
 *
 * @param {Surroundings} surroundings
 * @returns {Choice}
 */
export function chooseShell(surroundings) {
  const { isElectronBuilt, electronBinary, isCi, isToldHowToServe } = surroundings;
  if (!surroundings.hasDisplay) return chooseWeb(surroundings, "there is no display");
  const canHaveElectron = electronBinary === "present" || (electronBinary === "fetchable" && !isCi);
  if (isElectronBuilt && canHaveElectron && !isToldHowToServe)
    return { shell: "electron", line: "Opening the desktop window" };
  if (isCi) return chooseWeb(surroundings, "CI=true is set");
  if (isToldHowToServe) return chooseWeb(surroundings, "it was told how to serve");
  return chooseWeb(
    surroundings,
    isElectronBuilt ? "Electron's binary is not there" : "this build has no desktop window",
  );
}

/**
 * The web shell, where nobody can have the window: in a browser, if somebody sees it.
 *
 * @param {Pick<Surroundings, "hasDisplay" | "isCi">} surroundings
 * @param {string} why
 * @returns {{ shell: "browser" | "address", line: string }}
 */
export function chooseWeb({ hasDisplay, isCi }, why) {
  return hasDisplay && !isCi
    ? { shell: "browser", line: `Opening the web shell in your browser, for ${why}` }
    : { shell: "address", line: `Opening the web shell at an address to open, for ${why}` };
}
