import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

const USUAL = ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin", "/opt/local/bin"];
const USUAL_ON_WINDOWS = ["C:\\Windows\\System32\\OpenSSH", "C:\\Program Files\\OpenSSH"];

/**
 * OpenSSH's own client: the first in PATH, or where it usually is; null where none is installed. A folder of PATH that
 * depends on where one stands is passed over.
 */
export function findSsh(path: string = process.env.PATH ?? ""): string | null {
  const isWindows = process.platform === "win32";
  const folders = [...path.split(delimiter).filter(isAbsolute), ...(isWindows ? USUAL_ON_WINDOWS : USUAL)];
  return findProgram(folders.map((folder) => join(folder, isWindows ? "ssh.exe" : "ssh")));
}

/** The first of these paths that may be run; null for none. */
export const findProgram = (paths: readonly string[]): string | null => paths.find(mayBeRun) ?? null;

function mayBeRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
