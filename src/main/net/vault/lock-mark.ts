import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { Refusal } from "#shared/model/refusal.ts";

/** Whoever locks a vault writes another word into it; a keeper that had the file open under the one before ends. */
const MARK = ".locked";

/** How soon each keeper sees it, also one of which nothing is asked. */
export const LOOK_MS = 1_000;

export function readLockMark(path: string): string | null {
  try {
    return readFileSync(`${path}${MARK}`, "utf8");
  } catch {
    return null;
  }
}

/** Has every program lock a vault that is there. */
export function writeLockMark(path: string): void {
  if (!existsSync(path)) return;
  try {
    writeFileSync(`${path}${MARK}`, randomBytes(16).toString("hex"), { mode: 0o600 });
  } catch (error) {
    throw new Refusal(
      "unusable",
      `${path}${MARK} cannot be written (${(error as NodeJS.ErrnoException).code ?? "unknown"}): the vault is locked here, and other programs may have it open; end them`,
    );
  }
}
