import type { AppOptions } from "#app";
import type { Workstation } from "#shared/model/hosts/workstation.ts";
import type { Redacted } from "#shared/model/secret.ts";

/** What a command gets when it is added to the command line. */
export type Session = {
  world: World;
  /** Sets the exit code; without it, 0. */
  finish(code: number): void;
};

export const SCAN = "Scan:";
export const REPORT = "Report:";
export const CHANGE = "Change:";
export const MORE = "More:";

/** All of the world outside the program that a command may touch. A test passes its own. */
export type World = {
  /** Prints a line, or several, on stdout: the result of the command. */
  out(text: string): void;
  /** Prints a line on stderr: everything else. */
  err(text: string): void;
  now(): Date;
  /** The width of the terminal on stdout; null if stdout is no terminal: then nothing is cut. */
  columns: number | null;
  isColoured: boolean;
  /** Prints a prompt and returns what is typed after it; null where nobody is at a terminal. */
  promptUser: ((text: string) => Promise<string>) | null;
  /** Reads a line that is typed after a prompt; null if the user cancels, by Ctrl-C or Ctrl-D, or at the signal. */
  prompt:
    | ((text: string, options: { isHidden: boolean; signal: AbortSignal }) => Promise<string | null>)
    | null;
  /** The same for a secret, as bytes that the caller overwrites; absent or null: nobody is at a terminal. */
  promptSecret?: ((text: string) => Promise<Redacted<Uint8Array> | null>) | null;
  /** Redraws some lines on the terminal on stderr; null if stderr is no terminal. */
  showStatus: ((lines: readonly string[]) => void) | null;
  /** All of stdin; null if it is longer than `mostBytes`. */
  readInput(mostBytes: number): Promise<Uint8Array | null>;
  /** What to do at Ctrl-C or SIGTERM, instead of ending at once, until it is disposed. */
  onStop(stop: () => void): Disposable;
  /** Calls back at each Enter, until it is disposed; null without a terminal. */
  onEnter: ((pressed: () => void) => Disposable) | null;
  /** How the vault process is started, where it is not a Node process. */
  startVaultProcess?: AppOptions["startVaultProcess"];
  /** How long a command that writes waits for another one's, in milliseconds. */
  lockWaitMs?: number;
  /** Whose keys and known_hosts a scan uses; by default this user's. */
  workstation?: Workstation;
};
