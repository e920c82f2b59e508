import { hasElectron } from "./electron-stage.ts";

/**
 * The stage of the specs. Electron where its binary is there, else the web shell in Chromium; LATCHKEY_E2E chooses:
 * `electron`, `web`, or `stand-in` for the desktop program on a stand-in for Electron.
 */
export const playedOn = choose(process.env.LATCHKEY_E2E);

export const STAGES = {
  electron: "the desktop window, in Electron",
  web: "the web shell, in Chromium",
  "stand-in": "the desktop program on a stand-in for Electron, in Chromium",
} as const;

function choose(asked: string | undefined): keyof typeof STAGES {
  if (asked === undefined) return hasElectron() ? "electron" : "web";
  if (asked === "web" || asked === "stand-in") return asked;
  if (asked === "electron" && hasElectron()) return asked;
  throw new Error(
    asked === "electron"
      ? "LATCHKEY_E2E=electron, but Electron's binary is not there; npx install-electron fetches it"
      : `LATCHKEY_E2E is electron, web or stand-in, not ${asked}`,
  );
}
