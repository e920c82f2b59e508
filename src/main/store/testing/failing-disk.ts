import { Refusal } from "#shared/model/refusal.ts";
import { openStore, type Store } from "#store/store.ts";
import { START } from "./make-visit.ts";

/**
 * Writes in a process of its own while its disk fails once, for tests. Prints as JSON what came of each write, then
 * what a store that is opened again contains and accepts.
 */
const { LATCHKEY_TEST_DB: path = "" } = process.env;
const WRITES = 6;

const store = openStore({ path, access: "write" });
const replies = Array.from({ length: WRITES }, () => write(store));
const readBeforeClosing = store.events.count();
closeAnyhow(store);

const again = openStore({ path, access: "write" });
const kept = again.events.count();
const reply = write(again);
process.stdout.write(
  JSON.stringify({ replies, readBeforeClosing, kept, reply, isWhole: again.events.findBreak() === null }),
);
again.close();

/** "saved", or the refusal. */
function write(to: Store): string {
  try {
    to.atomically(() => to.events.append({ at: START, kind: "scan-started", detail: {} }));
    return "saved";
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return error.message;
  }
}

/** Closing moves the log into the database, which the failing disk may refuse. */
function closeAnyhow(failed: Store): void {
  try {
    failed.close();
  } catch (error) {
    process.stderr.write(`${String(error)}\n`);
  }
}
