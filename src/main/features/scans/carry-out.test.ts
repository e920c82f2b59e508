import { expect, test, vi } from "vitest";
import type { Announcement } from "#shared/contract/events.ts";
import type { TlsTarget } from "#shared/model/target.ts";
import { openStore } from "#store/store.ts";
import { beginScan, START } from "#store/testing/make-visit.ts";
import type { EndpointVisit } from "#store/visit.ts";
import { carryOut } from "./carry-out.ts";
import type { Visits } from "./run-scan.ts";

const target: TlsTarget = { kind: "tls", host: "shop.example", port: 443, serverName: null };

test("the end of a scan is announced even when the database does not take it", async () => {
  const { store, announced, carry } = open();
  const scan = carry({
    visitEndpoint: async (visited) => {
      store.close();
      return refused(visited);
    },
  });
  await expect(scan).rejects.toThrow("not open");
  expect(announced.at(-1)).toMatchObject({ kind: "scan-finished" });
});

function open() {
  const store = openStore({ path: ":memory:", access: "write" });
  const scanId = beginScan(store);
  const announced: Announcement[] = [];
  const log = vi.fn();
  const deps = {
    store,
    log,
    announce: (announcement: Announcement) => announced.push(announcement),
    now: () => new Date(START),
  };
  const carry = (visits: Pick<Visits, "visitEndpoint">) =>
    carryOut(
      deps,
      { scanId, targets: [target], concurrency: null },
      { ...visits, visitHost: () => Promise.reject(new Error("no host is visited")) },
      { controller: new AbortController(), closing: new AbortController().signal },
    );
  return { store, scanId, announced, log, carry };
}

const refused = (visited: TlsTarget): EndpointVisit => ({
  scanId: 1 as EndpointVisit["scanId"],
  target: visited,
  at: START,
  tookMs: 1,
  state: "failed",
  outcome: "refused",
  message: "",
  presented: null,
});
