import type { AppOptions } from "#app";
import type { Workstation } from "#shared/model/hosts/workstation.ts";
import type { Redacted } from "#shared/model/secret.ts";

/** What a command is given when it is added to the command line. */
export type Session = {
  world: World;
  /** Says with which code to exit; without it, 0. */
  finish(code: number): void;
};

export const SCAN = "Scan:";
export const REPORT = "Report:";
export const CHANGE = "Change:";
export const MORE = "More:";

/** What a command may touch outside the program. A test passes its own. */
export type World = {
  /** Prints a line, or several, on stdout: the result of the command. */
  out(text: string): void;
  /** Prints a line on stderr: everything else. */
  err(text: string): void;
  now(): Date;
  /** How wide the terminal is that stdout goes to; null when it goes to no terminal: then nothing is cut. */
  columns: number | null;
  isColoured: boolean;
  /** Prints a prompt and answers with what is typed after it; null where nobody is at a terminal. */
  promptUser: ((text: string) => Promise<string>) | null;
  /** Reads a line that is typed after a prompt; null when it is given up: by Ctrl-C, Ctrl-D or the signal. */
  prompt:
    | ((text: string, options: { isHidden: boolean; signal: AbortSignal }) => Promise<string | null>)
    | null;
  /** The same of a secret, as bytes that whoever takes it overwrites; without it, or where it is null, nobody is there. */
  promptSecret?: ((text: string) => Promise<Redacted<Uint8Array> | null>) | null;
  /** Redraws some lines on the terminal that stderr goes to; null where it goes to none. */
  showStatus: ((lines: readonly string[]) => void) | null;
  /** All of stdin; null when it is longer than so many bytes. */
  readInput(mostBytes: number): Promise<Uint8Array | null>;
  /** What to do at Ctrl-C or SIGTERM, instead of ending at once, until it is disposed. */
  onStop(stop: () => void): Disposable;
  /** Calls back at each Enter, until it is disposed; null without a terminal. */
  onEnter: ((pressed: () => void) => Disposable) | null;
  /** How the process of the vault is started, where it is not Node that starts it. */
  startVaultProcess?: AppOptions["startVaultProcess"];
  /** Whose keys and known_hosts a scan uses; this user's when it is not given. */
  workstation?: Workstation;
};
