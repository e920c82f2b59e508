import { expect, test } from "vitest";
import { chooseShell } from "./choose-shell.mjs";

/** @type {import("./choose-shell.mjs").Surroundings} */
const desktop = {
  isElectronBuilt: true,
  electronBinary: "present",
  hasDisplay: true,
  isCi: false,
  isToldHowToServe: false,
};

test.each([
  ["a desktop with everything", {}, "electron", "Opening the desktop window"],
  ["a binary that can be fetched", { electronBinary: "fetchable" }, "electron", "Opening the desktop window"],
  ["no binary", { electronBinary: "absent" }, "browser", "Electron's binary is not there"],
  ["a build without the window", { isElectronBuilt: false }, "browser", "this build has no desktop window"],
  ["options of the web shell", { isToldHowToServe: true }, "browser", "it was told how to serve"],
  ["no display", { hasDisplay: false }, "address", "there is no display"],
  ["a fetchable binary in CI", { electronBinary: "fetchable", isCi: true }, "address", "CI=true is set"],
  ["a binary in CI", { isCi: true }, "electron", "Opening the desktop window"],
])("with %s, %j, the shell is %s: %s", (_, surroundings, shell, why) => {
  const choice = chooseShell({ ...desktop, .../** @type {object} */ (surroundings) });
  expect(choice).toEqual({ shell, line: expect.stringContaining(why) });
});
