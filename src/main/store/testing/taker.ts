import { Refusal } from "#shared/model/refusal.ts";
import { openStore } from "#store/store.ts";
import { START } from "./make-visit.ts";

/**
 * Opens, writes and closes again and again in a process of its own, for tests, while others do the same: in turn, for
 * only one at a time may write. Ends after so many turns or so many seconds, and prints as JSON what it has done.
 */
const {
  LATCHKEY_TEST_DB: path = "",
  LATCHKEY_TEST_TURNS: turns = "Infinity",
  LATCHKEY_TEST_SECONDS: seconds = "600",
} = process.env;
const WRITES = 5;
const pause = new Int32Array(new SharedArrayBuffer(4));

const until = Date.now() + Number(seconds) * 1_000;
let [acknowledged, refused, turn] = [0, 0, 0];
process.stdout.write("open\n");
while (turn < Number(turns) && Date.now() < until) {
  if (takeTurn()) turn++;
  else refused++;
  // The others get a chance.
  Atomics.wait(pause, 0, 0, 2);
}
process.stdout.write(`${JSON.stringify({ acknowledged, refused })}\n`);

function takeTurn(): boolean {
  try {
    const store = openStore({ path, access: "write" });
    for (let count = 0; count < WRITES; count++) {
      const detail = { pid: process.pid, number: acknowledged };
      store.atomically(() => store.events.append({ at: START, kind: "scan-started", detail }));
      acknowledged++;
    }
    store.close();
    return true;
  } catch (error) {
    if (error instanceof Refusal && error.code === "locked") return false;
    throw error;
  }
}
