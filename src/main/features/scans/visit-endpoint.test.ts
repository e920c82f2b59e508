import { expect, test } from "vitest";
import { NOTHING_BESIDE } from "#net/tls/greeting-reader.ts";
import { ScanId } from "#shared/model/scan.ts";
import { openStore } from "#store/store.ts";
import { beginScan, START } from "#store/testing/make-visit.ts";
import type { EndpointProbe } from "#store/visit.ts";
import { makeCertificate } from "#testing/make-certificate.ts";
import { createReader } from "./describe-visit.ts";
import { visitEndpoint } from "./visit-endpoint.ts";

test("a leaf that cannot be read leaves its place empty: the next of the chain is not taken for it", async () => {
  const { der } = await makeCertificate({ names: ["An Authority"] });
  const chain = [new Uint8Array([0x30, 0x00]), der];
  const prober = {
    probeEndpoint: async () => ({ ...READING, outcome: "presented" as const, message: "", chain }),
  };
  const store = openStore({ path: ":memory:", access: "write" });
  const home = await visitEndpoint(
    { prober, retryPolicy: AT_ONCE, now: () => new Date(START) },
    {
      scanId: ScanId.parse(beginScan(store)),
      target: { kind: "tls", host: "shop.example", port: 443, serverName: null, protocol: "tls" },
      signal: new AbortController().signal,
    },
  );
  const visit = createReader(store)(home) as EndpointProbe;
  store.atomically(() => store.endpoints.visit(visit));

  expect(visit).toMatchObject({
    state: "partial",
    message: "certificate 0 of the chain cannot be read",
    presented: { findings: [] },
  });
  const listed = store.certificates.list({
    search: "",
    expiringWithinDays: null,
    role: null,
    place: null,
    host: null,
    spki: null,
    violation: null,
    owner: null,
    tag: null,
    sort: { by: "notAfter", descending: false },
    placeLimit: 1,
    after: null,
    limit: 10,
    now: new Date(START),
  });
  expect(listed.rows).toMatchObject([{ subject: "CN=An Authority", places: [{ position: 1 }] }]);
});

test("an endpoint for which this computer had no descriptor left is tried again, and not told as dead", async () => {
  const refused = { ...READING, outcome: "timed-out" as const, message: "none left", chain: [] };
  const answers = [refused, refused].map((answer) => ({ ...answer, passing: "no-descriptor" as const }));
  const closed = { ...refused, outcome: "refused" as const, message: "closed" };
  const prober = { probeEndpoint: async () => answers.shift() ?? closed };
  const home = await visitEndpoint(
    { prober, retryPolicy: AT_ONCE, now: () => new Date(START) },
    {
      scanId: ScanId.parse(1),
      target: { kind: "tls", host: "shop.example", port: 443, serverName: null, protocol: "tls" },
      signal: new AbortController().signal,
    },
  );
  expect(home).toMatchObject({ kind: "met", visit: { outcome: "refused", message: "closed" } });
  expect(answers).toEqual([]);
});

const READING = { facts: {}, wire: NOTHING_BESIDE, addresses: null, offers: null, others: [], tookMs: 1 };

const AT_ONCE = { wait: async () => undefined, random: () => 0 };
