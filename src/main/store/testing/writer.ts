import { openStore } from "#store/store.ts";
import { START } from "./make-visit.ts";

/**
 * Writes in a process of its own, for tests: prints `open`, then appends one event after the other and prints the
 * number of each when it is on the disk, until it is killed or has written `LATCHKEY_TEST_EVENTS` of them. It always
 * ends: there may be nobody left to kill it.
 */
const { LATCHKEY_TEST_DB: path = "", LATCHKEY_TEST_EVENTS: most = "20000" } = process.env;

const store = openStore({ path, access: "write" });
process.stdout.write("open\n");
for (let count = 1; count <= Number(most); count++) {
  store.atomically(() => store.events.append({ at: START, kind: "scan-started", detail: { count } }));
  process.stdout.write(`${count}\n`);
}
store.close();
