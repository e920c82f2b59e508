import { rmSync } from "node:fs";
import { Refusal } from "#shared/model/refusal.ts";
import { openStore, type Store } from "#store/store.ts";
import { START } from "./make-visit.ts";

/**
 * Writes until it is refused, in a process of its own, for tests. Then it frees space, goes on with the same store,
 * opens another one and prints as JSON what was kept.
 */
const { LATCHKEY_TEST_DB: path = "", LATCHKEY_TEST_BALLAST: ballast = "" } = process.env;

const said = fill();
process.stdout.write(JSON.stringify({ ...said, ...(said.acknowledged === 0 ? { kept: 0 } : readBack()) }));

function fill(): { acknowledged: number; refusal: string; afterRoom: string } {
  let acknowledged = 0;
  let store: Store | null = null;
  try {
    store = openStore({ path, access: "write" });
    for (; acknowledged < 100_000; acknowledged++) append(store);
    return { acknowledged, refusal: "", afterRoom: "" };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const refusal = error.message;
    if (store === null || ballast === "") return { acknowledged, refusal, afterRoom: "" };
    rmSync(ballast);
    append(store);
    return { acknowledged: acknowledged + 1, refusal, afterRoom: "saved" };
  } finally {
    store?.close();
  }
}

function append(store: Store): void {
  const detail = { text: "x".repeat(1_000) };
  store.atomically(() => store.events.append({ at: START, kind: "scan-started", detail }));
}

function readBack(): { kept: number; integrity: string } {
  const store = openStore({ path, access: "read" });
  const kept = store.events.count();
  const integrity = store.events.findBreak() === null ? "ok" : "broken";
  store.close();
  return { kept, integrity };
}
