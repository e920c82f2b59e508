import { openStore } from "#store/store.ts";
import { beginScan, makeCertificate, makeGrant, START, visitEndpoint, visitHost } from "./make-visit.ts";

/**
 * Runs a scan in a process of its own, for tests that kill it: prints `open`, `begun`, then after each batch how many
 * probes are on the disk, and `done`.
 */
const { LATCHKEY_TEST_DB: path = "", LATCHKEY_TEST_BATCHES: batches = "2" } = process.env;
const PROBES = 12;

const store = openStore({ path, access: "write" });
const say = (text: string | number) => process.stdout.write(`${text}\n`);
say("open");
const scanId = store.atomically(() => {
  const id = beginScan(store);
  store.events.append({ at: START, kind: "scan-started", detail: { scanId: id } });
  return id;
});
say("begun");
for (let batch = 1; batch <= Number(batches); batch++) {
  store.atomically(() => {
    for (let visit = 0; visit < PROBES; visit += 2) {
      probeOneHost(`host${visit}`, batch);
      probeOneEndpoint(`shop${visit}`, batch);
    }
  });
  say(batch * PROBES);
}
store.atomically(() => {
  store.scans.finish(scanId, "finished", START);
  store.events.append({ at: START, kind: "scan-finished", detail: { scanId } });
});
store.close();
say("done");

/** Each batch finds other lines and certificates than the one before it, so that spans end as well as begin. */
function probeOneHost(name: string, batch: number): void {
  const lines = Array.from({ length: 20 }, (_, line) => (line % 3 === 0 ? line : line + batch));
  visitHost(store, name, {
    scanId,
    collected: {
      grants: lines.map((key, line) => makeGrant(`key ${key}`, { account: `user${key % 4}`, line })),
      certificateFiles: [
        { path: "/etc/ssl/a.pem", certificates: [makeCertificate(`file ${name} ${batch}`)] },
      ],
    },
  });
}

function probeOneEndpoint(name: string, batch: number): void {
  const chain = [`${name} ${batch}`, "issuer", "root"].map((each) => makeCertificate(each));
  visitEndpoint(store, name, { scanId, presented: { chain } });
}
