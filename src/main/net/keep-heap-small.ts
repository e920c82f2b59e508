import { setFlagsFromString } from "node:v8";

/**
 * So much memory that is used no more is let lie, in percent of what is used, before it is looked for. V8 by itself lets
 * lie several times as much, and room for new things grow to 96 MB, as long as the machine has it: see decision 0035.
 */
const LET_LIE_PERCENT = 50;

/** For this process and all its threads, from now on. What is loaded by then has made the room for new things large enough. */
export function keepHeapSmall(): void {
  setFlagsFromString(`--heap-growing-percent=${LET_LIE_PERCENT}`);
  setFlagsFromString("--semi-space-growth-factor=1");
}
