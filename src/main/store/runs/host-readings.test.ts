import { expect, test } from "vitest";
import { makePlanValue } from "#domain/runs/testdata/make-plan-value.ts";
import type { PlanHash } from "#shared/model/runs/plan.ts";
import { openStore } from "#store/store.ts";
import { beginScan, START, visitHost } from "#store/testing/make-visit.ts";

const HOST_KEY = { keyType: "ssh-ed25519", fingerprint: "SHA256:host", blob: new Uint8Array([1]) };

/** A store in which a script was written for web1, and for no other host. */
function openWithScript() {
  const store = openStore({ path: ":memory:", access: "write" });
  store.atomically(() => {
    const { plans, offline } = store.runbooks;
    const planId = plans.take({ plan: makePlanValue({}), hash: "ab".repeat(32) as PlanHash, at: START });
    offline.addScript({ nonce: "n", planId, host: "web1", port: 22, phases: ["grant"], at: START });
  });
  const visit = (host: string, login: { user: string; useSudo: boolean }, readAs: string) =>
    visitHost(store, host, {
      scanId: beginScan(store),
      hostKey: HOST_KEY,
      login: { ...login, begunAt: START },
      collected: { readAs },
    });
  return { visit, find: (host: string) => store.runbooks.readings.find(host, 22) };
}

test("what a reading shows is kept of hosts for which a script was written, and of no others", () => {
  const { visit, find } = openWithScript();
  for (const host of ["web1", "web2"]) visit(host, { user: "root", useSudo: false }, "root");
  expect(find("web1")).toMatchObject({ by: "scan", after: START, hostKeys: ["SHA256:host"], reader: null });
  expect(find("web2")).toBeNull();
});

test.each([
  { user: "eve", useSudo: false, readAs: "root", reader: "eve" },
  { user: "eve", useSudo: false, readAs: "root by sudo", reader: "eve" },
  { user: "ops", useSudo: true, readAs: "ops", reader: "ops" },
  { user: "ops", useSudo: true, readAs: "root by sudo", reader: null },
])(
  "a reading by the login $user with sudo $useSudo that calls itself $readAs is the word of $reader",
  (one) => {
    const { visit, find } = openWithScript();
    visit("web1", one, one.readAs);
    expect(find("web1")?.reader).toBe(one.reader);
  },
);
