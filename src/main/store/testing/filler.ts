import { Refusal } from "#shared/model/refusal.ts";
import { openStore } from "#store/store.ts";
import { START } from "./make-visit.ts";

/** Writes until it is refused, for tests in a process of its own; then opens again and says what was kept, as JSON. */
const { LATCHKEY_TEST_DB: path = "" } = process.env;

const { acknowledged, refusal } = writeAll();
process.stdout.write(JSON.stringify({ acknowledged, refusal, ...readBack() }));

function writeAll(): { acknowledged: number; refusal: string } {
  let acknowledged = 0;
  try {
    const store = openStore({ path, access: "write" });
    try {
      for (; acknowledged < 100_000; acknowledged++) {
        const detail = { text: "x".repeat(1_000) };
        store.atomically(() => store.events.append({ at: START, kind: "scan-started", detail }));
      }
    } finally {
      store.close();
    }
    return { acknowledged, refusal: "" };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { acknowledged, refusal: error.message };
  }
}

function readBack(): { kept: number; integrity: string } {
  if (acknowledged === 0) return { kept: 0, integrity: "ok" };
  const store = openStore({ path, access: "read" });
  const kept = store.events.count();
  const integrity = store.events.findBreak() === null ? "ok" : "broken";
  store.close();
  return { kept, integrity };
}
