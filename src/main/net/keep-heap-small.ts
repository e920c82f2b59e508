import { setFlagsFromString } from "node:v8";

/**
 * So much memory that is used no more is let lie, in percent of what is used, before it is looked for. V8 by itself lets
 * lie several times as much, and room for new things grow to 96 MB, as long as the machine has it: see decision 0035.
 */
const LET_LIE_PERCENT = 50;

/** For this process and all its threads, from when this is loaded: the room for new things is as large as loading needs. */
setFlagsFromString(`--heap-growing-percent=${LET_LIE_PERCENT}`);
setFlagsFromString("--semi-space-growth-factor=1");
