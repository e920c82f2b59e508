import { createRouterClient } from "@orpc/server";
import { expect, test } from "vitest";
import { openStore } from "#store/store.ts";
import {
  makeCertificate,
  makeGrant,
  makeVerdict,
  START,
  visitEndpoint,
  visitHost,
} from "#store/testing/make-visit.ts";
import { createOverview } from "../reports/index.ts";

test("nothing scanned is said to be empty", async () => {
  const store = openStore({ path: ":memory:", access: "write" });
  const overview = createRouterClient(createOverview({ store, now: () => new Date(START) }));
  expect(await overview.read()).toMatchObject({
    isEmpty: true,
    lastScan: null,
    nextToExpire: [],
    findings: [],
  });
});

test("the first page counts what there is, and names what expires next", async () => {
  const store = openStore({ path: ":memory:", access: "write" });
  const overview = createRouterClient(createOverview({ store, now: () => new Date("2026-06-10T00:00:00Z") }));
  visitEndpoint(store, "old", {
    presented: { chain: [makeCertificate("old", { notAfter: "2026-06-05T00:00:00Z" })] },
  });
  visitEndpoint(store, "soon", {
    presented: { chain: [makeCertificate("soon", { notAfter: "2026-06-20T00:00:00Z" })] },
  });
  visitEndpoint(store, "later", { presented: { chain: [makeCertificate("later")] } });
  visitEndpoint(store, "odd", { presented: { chain: [makeCertificate("odd", { notAfter: null })] } });
  visitEndpoint(store, "dead");
  const verdicts = (["yes", "no", "unknown"] as const).map((state, line) =>
    makeGrant(state, { line, verdict: makeVerdict(state) }),
  );
  visitHost(store, "web1", { collected: { grants: verdicts } });
  visitHost(store, "web2", { collected: null });

  const page = await overview.read();
  expect(page).toMatchObject({
    isEmpty: false,
    hosts: { total: 2, read: 1, partial: 0, failed: 1 },
    endpoints: { total: 5, presented: 4, failed: 1 },
    certificates: { total: 4, expired: 1, within30Days: 1 },
    grants: { total: 3, yes: 1, no: 1, unknown: 1 },
    findings: [{ rule: "certificate-expired", severity: "high", count: 1 }],
    lastScan: { id: 7, failed: 1 },
  });
  expect(page.nextToExpire.map(({ commonName }) => commonName)).toEqual(["old", "soon", "later"]);
  expect(page.expiryByWeek.map(({ count }) => count)).toEqual([0, 1, ...Array(10).fill(0)]);
});
