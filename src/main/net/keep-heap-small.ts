import { setFlagsFromString } from "node:v8";

/** So much that is used no more is let lie, in percent of what is used, before it is looked for; by itself some 400. */
const LET_LIE_PERCENT = 50;

/** Of room for new things in a thread that is started later, in MB: less costs it more time than it saves memory. */
const NEW_IN_A_THREAD_MB = 4;

/**
 * For this process and all its threads, from now on: the room for new things stays as large as it is. By itself it grows to
 * 96 MB, as long as the machine has them: see decision 0035.
 */
export function keepHeapSmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString(`--min-semi-space-size=${NEW_IN_A_THREAD_MB}`);
  setFlagsFromString(`--heap-growing-percent=${LET_LIE_PERCENT}`);
}
