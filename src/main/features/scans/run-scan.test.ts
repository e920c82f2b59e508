import { expect, test, vi } from "vitest";
import { findCertificateProblems } from "#domain/findings/certificate-findings.ts";
import type { Announcement } from "#shared/contract/events.ts";
import { ScanId } from "#shared/model/hosts/scan.ts";
import type { TlsTarget } from "#shared/model/hosts/target.ts";
import { openStore } from "#store/store.ts";
import { beginScan, makeCertificate, START } from "#store/testing/make-visit.ts";
import { recordInto } from "./recorders.ts";
import type { ProbeResult } from "./recording/messages.ts";
import { chooseAtOnce, executeScan, inParallel, type Probers } from "./run-scan.ts";

const target: TlsTarget = { kind: "tls", host: "shop.example", port: 443, serverName: null, protocol: "tls" };
const other: TlsTarget = { ...target, host: "mail.example" };

test("the end of a scan is announced even when the database does not take it", async () => {
  const { store, announced, carry } = open();
  const scan = carry({
    probeEndpoint: async (visited) => {
      store.close();
      return refused(visited);
    },
  });
  await expect(scan).rejects.toThrow("not open");
  expect(announced.at(-1)).toMatchObject({ kind: "scan-finished" });
});

test("a visit that this program cannot write costs none of those beside it", async () => {
  const { store, log, carry } = open();
  // A finding about a certificate that was not seen: no probe may report one, and a probe that does shows a bug of
  // ours.
  const finding = findCertificateProblems(
    makeCertificate("weak", { keyType: "RSA", keyBits: 512 }).certificate,
  );
  const chain = [makeCertificate("mail.example")];
  await carry({
    probeEndpoint: async (visited) => ({
      kind: "met",
      probe: {
        ...refusedProbe(visited),
        state: "ok",
        outcome: "presented",
        presented: {
          chain,
          facts: {},
          findings: visited === target ? finding : [],
          addresses: null,
          others: [],
          beside: { staple: null, timestamps: null, authorities: null, capabilities: null },
        },
      },
    }),
  });
  expect(log).toHaveBeenCalledOnce();
  expect(store.scans.latest()).toMatchObject({ state: "finished", ok: 1, failed: 1 });
  expect(store.certificates.isKnown(chain[0]?.certificate.sha256 ?? "")).toBe(true);
});

function open() {
  const store = openStore({ path: ":memory:", access: "write" });
  const scanId = beginScan(store);
  const announced: Announcement[] = [];
  const log = vi.fn();
  const announce = (announcement: Announcement) => announced.push(announcement);
  const recording = recordInto(store, { announce, log });
  const deps = { recording, log, announce, now: () => new Date(START) };
  const carry = (visits: Pick<Probers, "probeEndpoint">) =>
    executeScan(
      deps,
      { scanId, targets: [target, other], atOnce: { hosts: 1, endpoints: 2, isFixed: true } },
      () => ({ ...visits, ...NO_HOSTS }),
      { controller: new AbortController(), closing: new AbortController().signal },
    );
  return { store, scanId, announced, log, carry };
}

const NO_HOSTS = {
  routes: [],
  keepOpen: async () => null,
  endpointProxies: { of: () => "", keepOpen: async () => null },
  probeHost: () => Promise.reject(new Error("no host is visited")),
};

const refused = (visited: TlsTarget): ProbeResult => ({ kind: "met", probe: refusedProbe(visited) });

const refusedProbe = (visited: TlsTarget) => ({
  scanId: ScanId.parse(1),
  target: visited,
  at: START,
  tookMs: 1,
  state: "failed" as const,
  outcome: "refused" as const,
  message: "",
  presented: null,
});

test("no more than the limit is under way, and all of it is done", async () => {
  const items = Array.from({ length: 20 }, (_, index) => index);
  const done: number[] = [];
  let underWay = 0;
  let most = 0;
  await inParallel(items, { limit: 3 }, async (item) => {
    most = Math.max(most, ++underWay);
    await Promise.resolve();
    underWay--;
    done.push(item);
  });
  expect({ done, most }).toEqual({ done: items, most: 3 });
});

test("a failure begins nothing more, and is told when all that was begun has ended", async () => {
  const ended: string[] = [];
  const slow = Promise.withResolvers<void>();
  const result = inParallel(["slow", "broken", "never"], { limit: 2 }, async (item) => {
    if (item === "broken") throw new Error("broken");
    await slow.promise;
    ended.push(item);
  });
  slow.resolve();
  await expect(result).rejects.toThrow("broken");
  expect(ended).toEqual(["slow"]);
});

test("what lends its place lets others begin beside it, until there are as many as may be", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const begun: number[] = [];
  await inParallel([1, 2, 3, 4], { limit: 1, most: 3 }, async (item, place) => {
    begun.push(item);
    if (begun.length === 3) resolve();
    place.yieldAfter(0);
    await promise;
  });
  expect(begun).toEqual([1, 2, 3, 4]);
});

test("what holds its place again lets nothing more begin until it has ended", async () => {
  const { promise: isLent, resolve: tellLent } = Promise.withResolvers<void>();
  const events: string[] = [];
  await inParallel(["first", "second", "third"], { limit: 1, most: 3 }, async (item, place) => {
    events.push(`${item} begins`);
    if (item === "first") {
      place.yieldAfter(0);
      await isLent;
      place.hold();
    }
    if (item === "second") tellLent();
    await new Promise((resolve) => setImmediate(resolve));
    events.push(`${item} ends`);
  });
  expect(events.indexOf("third begins")).toBeGreaterThan(events.indexOf("first ends"));
  expect(events.indexOf("second begins")).toBeLessThan(events.indexOf("first ends"));
});

test("so many are visited at a time as the user wants or as is usual, and never more than there are descriptors for", () => {
  expect(chooseAtOnce(null, 100_000)).toEqual({ hosts: 32, endpoints: 2_048, isFixed: false });
  expect(chooseAtOnce(200, 100_000)).toEqual({ hosts: 200, endpoints: 200, isFixed: true });
  expect(chooseAtOnce(200, 40)).toEqual({ hosts: 10, endpoints: 20, isFixed: true });
  expect(chooseAtOnce(null, 2)).toEqual({ hosts: 1, endpoints: 1, isFixed: true });
});
