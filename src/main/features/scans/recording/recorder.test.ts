import { expect, test } from "vitest";
import { ScanId } from "#shared/model/hosts/scan.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { openStore, type Store } from "#store/store.ts";
import { START } from "#store/testing/make-visit.ts";
import { brokenProbe, type ProbeResult, type RecorderMessage, type Request } from "./messages.ts";
import { createRecorder } from "./recorder.ts";

const visited = (host: string, scanId = 1) => ({
  scanId: ScanId.parse(scanId),
  at: START,
  tookMs: 1,
  target: { kind: "ssh" as const, host, port: 22, user: "root" },
});

const result = (host: string, scanId = 1): ProbeResult => ({
  kind: "met",
  probe: { ...brokenProbe(visited(host, scanId)), state: "failed", outcome: "refused", message: "closed" },
});

/** A recorder in this thread. This program fails at a host called "bad". */
function open(store: Store = openStore({ path: ":memory:", access: "write" })) {
  const told: RecorderMessage[] = [];
  const hear = createRecorder({
    store,
    read(brought) {
      if (brought.kind !== "met") throw new Error("nothing else comes");
      if (brought.probe.target.host === "bad" && brought.probe.outcome !== "truncated")
        throw new TypeError("a bug");
      return brought.probe;
    },
    importBundle: () => {
      throw new Refusal("invalid-input", "no bundle comes");
    },
    post: (one) => told.push(one),
  });
  let id = 0;
  const ask = (request: Request) => hear({ kind: "request", id: ++id, request });
  const begin = () => ask({ kind: "begin", requested: [], at: START });
  const probes = (scanId = 1) =>
    store.scans
      .probes({ scanId: ScanId.parse(scanId), state: null, search: "", after: null, limit: 100 })
      .rows.map(({ target, outcome }) => `${target.host} ${outcome}`);
  return { store, told, hear, ask, begin, probes };
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await nextTurn();
}

test("what was kept before a request is written before it is answered, without waiting for more", async () => {
  const { told, hear, ask, begin, probes } = open();
  begin();
  await nextTurn();
  hear({ kind: "probes", probes: [result("web1"), result("web2")] });
  ask({ kind: "settle" });
  await turns(2);
  expect(told).toEqual([
    { kind: "answer", id: 1, answer: 1 },
    { kind: "written", probes: 2, bytes: 0, scanIds: [1] },
    { kind: "answer", id: 2, answer: null },
  ]);
  expect(probes()).toEqual(["web1 refused", "web2 refused"]);
});

test("a visit that this program fails at costs none of those beside it, and is told as such", async () => {
  const { told, hear, ask, begin, probes } = open();
  begin();
  await nextTurn();
  hear({ kind: "probes", probes: [result("web1"), result("bad"), result("web2")] });
  ask({ kind: "settle" });
  await turns(2);
  expect(told).toContainEqual({ kind: "fault", error: expect.objectContaining({ name: "TypeError" }) });
  expect(probes()).toEqual(["web1 refused", "bad truncated", "web2 refused"]);
});

test("of requests that are answered together one that cannot be fails alone", async () => {
  const { store, told, ask } = open();
  const key = { host: "web1", port: 22, keyType: "ssh-ed25519", blob: new Uint8Array([1]) };
  for (const fingerprint of ["SHA256:one", "SHA256:another"])
    ask({ kind: "accept", key: { ...key, fingerprint }, at: START, by: "accept-new" });
  ask({
    kind: "accept",
    key: { ...key, host: "web2", fingerprint: "SHA256:two" },
    at: START,
    by: "scan-list",
  });
  await nextTurn();
  expect(told).toMatchObject([
    { kind: "answer", id: 1 },
    { kind: "refusal", id: 2, error: { refusal: "conflict" } },
    { kind: "answer", id: 3 },
  ]);
  expect(store.pins.find("web1", 22)?.fingerprint).toBe("SHA256:one");
  expect(store.events.count()).toBe(2);
});

test("while it is lent to somebody it writes nothing and answers nothing", async () => {
  const { told, hear, ask, begin, probes } = open();
  begin();
  await nextTurn();
  hear({ kind: "acquire" });
  hear({ kind: "probes", probes: [result("web1")] });
  ask({ kind: "settle" });
  begin();
  await turns(3);
  expect(told.slice(1)).toEqual([{ kind: "acquired" }]);
  hear({ kind: "release" });
  await turns(3);
  expect(probes()).toEqual(["web1 refused"]);
  expect(told.map(({ kind }) => kind)).toEqual(["answer", "acquired", "answer", "written", "answer"]);
});

test("a database that takes a commit no more ends the scans that were in it, once, and no other", async () => {
  const store = openStore({ path: ":memory:", access: "write" });
  let isFull = false;
  const { told, hear, ask, begin, probes } = open({
    ...store,
    atomically<T>(work: () => T): T {
      if (isFull) throw new Refusal("unusable", "the disk is full");
      return store.atomically(work);
    },
  });
  begin();
  begin();
  await nextTurn();
  isFull = true;
  hear({ kind: "probes", probes: [result("web1")] });
  ask({ kind: "settle" });
  await turns(2);
  isFull = false;
  hear({ kind: "probes", probes: [result("web2"), result("web3", 2)] });
  ask({ kind: "settle" });
  await turns(2);
  expect(told.filter(({ kind }) => kind === "failed")).toMatchObject([
    { scanId: 1, error: { refusal: "unusable", message: "the disk is full" } },
  ]);
  expect([probes(1), probes(2)]).toEqual([[], ["web3 refused"]]);
});
