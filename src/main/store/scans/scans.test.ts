import { expect, test } from "vitest";
import { formatScanName } from "#shared/text/hosts/target.ts";
import { openStore } from "#store/store.ts";
import { listScans, readAll } from "#store/testing/ask.ts";
import { beginScan, START, visitEndpoint, visitHost } from "#store/testing/make-visit.ts";

const END = "2026-06-01T00:05:00Z";
const openMemory = () => openStore({ path: ":memory:", access: "write" });

test("a scan counts its visits by how they ended, and lists those that failed first", () => {
  const store = openMemory();
  const scanId = beginScan(store);
  visitEndpoint(store, "shop1", { scanId, presented: {} });
  visitEndpoint(store, "shop2", { scanId });
  visitHost(store, "web1", { scanId, state: "partial", outcome: "truncated", message: "too long" });
  visitHost(store, "web2", { scanId, collected: null, outcome: "timed-out" });

  expect(store.scans.find(scanId)).toEqual({
    id: scanId,
    state: "running",
    startedAt: START,
    finishedAt: null,
    total: 1,
    ok: 1,
    failed: 2,
    partial: 1,
    firstTarget: "asked.example:443",
    firstHost: "asked.example",
    origin: "request",
    bundle: null,
  });
  const probes = (asked: object) =>
    readAll((page) => store.scans.probes({ scanId, state: null, search: "", ...page, ...asked }), 1).map(
      ({ target }) => target.host,
    );
  expect(probes({})).toEqual(["shop2", "web2", "shop1", "web1"]);
  expect(probes({ state: "failed" })).toEqual(["shop2", "web2"]);
  expect(probes({ search: "web TIMED" })).toEqual(["web2"]);
  expect(probes({ search: "too" })).toEqual(["web1"]);
});

test("scans are found by what they visited and by how they ended, and sorted by what they met", () => {
  const store = openMemory();
  const [first, second, third] = [beginScan(store), beginScan(store), beginScan(store)];
  visitEndpoint(store, "shop1", { scanId: first, presented: {} });
  visitEndpoint(store, "shop1", { scanId: second });
  visitHost(store, "web1", { scanId: second, collected: null, outcome: "timed-out" });
  visitHost(store, "web2", { scanId: third });
  store.scans.finish(third, "finished", END);

  const ids = (asked: object) =>
    readAll((page) => listScans(store, { ...page, ...asked }), 1).map(({ id }) => id);
  expect(ids({})).toEqual([third, second, first]);
  expect(ids({ search: "SHOP1" })).toEqual([second, first]);
  expect(ids({ search: "shop1 timed" })).toEqual([second]);
  expect(ids({ search: "100%" })).toEqual([]);
  expect(ids({ state: "running" })).toEqual([second, first]);
  expect(ids({ sort: { by: "failed", descending: true } })).toEqual([second, third, first]);
});

test("a scan is found by its number and known by its first target, and those of plans are listed when asked for", () => {
  const store = openMemory();
  const target = (host: string) =>
    ({ target: { kind: "ssh", host, port: 22, user: null }, useSudo: false }) as const;
  const requested = [target("web1"), target("web2"), target("web3")];
  const first = store.scans.begin({ requested, at: START });
  const plan = store.scans.begin({ requested: [target("db1")], at: START, origin: "plan" });
  const empty = store.scans.begin({ requested: [], at: START });
  const ids = (asked: object) => listScans(store, asked).rows.map(({ id }) => id);
  expect(ids({})).toEqual([empty, first]);
  expect(ids({ withPlans: true })).toEqual([empty, plan, first]);
  expect(ids({ search: `#${plan}` })).toEqual([]);
  expect(ids({ search: `#${plan}`, withPlans: true })).toEqual([plan]);
  expect(ids({ search: String(first) })).toEqual([first]);
  expect(
    listScans(store, { withPlans: true }).rows.map((scan) => [scan.origin, formatScanName(scan)]),
  ).toEqual([
    ["request", ""],
    ["plan", "db1:22"],
    ["request", "web1:22 and 2 others"],
  ]);
});

test("a probe tells the host key when its outcome is about it", () => {
  const store = openMemory();
  const scanId = beginScan(store);
  const hostKey = { keyType: "ssh-ed25519", fingerprint: "SHA256:x", blob: new Uint8Array([1, 2]) };
  visitHost(store, "web1", { scanId, hostKey });
  visitHost(store, "web2", {
    scanId,
    collected: null,
    outcome: "host-key-unknown",
    hostKey,
    isKeyRefused: true,
  });
  const { rows } = store.scans.probes({ scanId, state: null, search: "", after: null, limit: 9 });
  expect(rows.map((probe) => probe.hostKey)).toEqual([
    { keyType: "ssh-ed25519", fingerprint: "SHA256:x" },
    null,
  ]);
  expect(store.hosts.presentedKey("web1", 22)).toEqual({ ...hostKey, isUnknown: false });
  expect(store.hosts.presentedKey("web1", 23)).toBeNull();
});

test("what a killed process left running is interrupted; what has ended stays as it ended", () => {
  const store = openMemory();
  const [cancelled, running] = [beginScan(store), beginScan(store)];
  store.scans.finish(cancelled, "cancelled", END);
  expect(store.scans.interruptRunning(END)).toBe(1);
  expect(store.scans.interruptRunning(END)).toBe(0);
  store.scans.finish(running, "finished", END);
  expect(listScans(store)).toMatchObject({
    rows: [
      { id: running, state: "interrupted", finishedAt: END },
      { id: cancelled, state: "cancelled", finishedAt: END },
    ],
    total: 2,
  });
});

test("a pin is put once, and another key for the same host is refused", () => {
  const store = openMemory();
  const pin = {
    host: "web1",
    port: 22,
    keyType: "ssh-ed25519",
    fingerprint: "SHA256:x",
    blob: new Uint8Array([1]),
    source: "accepted" as const,
    pinnedAt: START,
  };
  store.pins.put(pin);
  store.pins.put({ ...pin, pinnedAt: END });
  expect(() => store.pins.put({ ...pin, fingerprint: "SHA256:y" })).toThrow("web1 port 22 has a pin already");
  const { host: _, port: __, ...found } = pin;
  expect(store.pins.find("web1", 22)).toEqual(found);
  expect([store.pins.remove("web1", 22), store.pins.remove("web1", 22)]).toEqual([true, false]);
});
