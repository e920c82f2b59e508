import { existsSync } from "node:fs";

/** The first one has no windows, which would be worked at though nobody sees them. */
const CHROMIUMS = [
  "/usr/bin/chromium-headless-shell",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

/** The program that pages are opened in; undefined where none is installed. */
export const findChromium = () => CHROMIUMS.find((file) => existsSync(file));
