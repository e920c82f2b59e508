import type { World } from "./world.ts";

/** What a command is given when it is added to the command line. */
export type Session = {
  world: World;
  /** Says with which code to exit; without it, 0. */
  finish(code: number): void;
};

export const SCAN = "Scan:";
export const LOOK = "Report:";
export const CHANGE = "Change:";
export const MORE = "More:";
