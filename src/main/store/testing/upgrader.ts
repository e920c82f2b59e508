import { openStore } from "#store/store.ts";
import { MADE_UP } from "./made-up-step.ts";

/** Opens a database with the program that comes after this one, in a process of its own, and closes it again. */
const { LATCHKEY_TEST_DB: path = "" } = process.env;

const store = openStore({ path, access: "write", schema: MADE_UP });
process.stdout.write("open\n");
store.close();
