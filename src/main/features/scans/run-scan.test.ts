import { expect, test, vi } from "vitest";
import { findCertificateProblems } from "#domain/findings/certificate-findings.ts";
import type { Announcement } from "#shared/contract/events.ts";
import { ScanId } from "#shared/model/scan.ts";
import type { TlsTarget } from "#shared/model/target.ts";
import { openStore } from "#store/store.ts";
import { beginScan, makeCertificate, START } from "#store/testing/make-visit.ts";
import { recordInto } from "./recorders.ts";
import type { BroughtHome } from "./recording/brought-home.ts";
import { executeScan, type Visits } from "./run-scan.ts";

const target: TlsTarget = { kind: "tls", host: "shop.example", port: 443, serverName: null, protocol: "tls" };
const other: TlsTarget = { ...target, host: "mail.example" };

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

test("a visit that this program cannot write costs none of those beside it", async () => {
  const { store, log, carry } = open();
  // A finding about a certificate that was not seen: no visit may say so, and one that does is our fault.
  const finding = findCertificateProblems(
    makeCertificate("weak", { keyType: "RSA", keyBits: 512 }).certificate,
  );
  const chain = [makeCertificate("mail.example")];
  await carry({
    visitEndpoint: async (visited) => ({
      kind: "met",
      visit: {
        ...refusedProbe(visited),
        state: "ok",
        outcome: "presented",
        presented: {
          chain,
          facts: {},
          findings: visited === target ? finding : [],
          addresses: null,
          others: [],
          beside: { staple: null, timestamps: null, authorities: null, offers: null },
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
  const carry = (visits: Pick<Visits, "visitEndpoint">) =>
    executeScan(
      deps,
      { scanId, targets: [target, other], atOnce: { hosts: 1, endpoints: 2, isFixed: true } },
      () => ({ ...visits, ...NO_HOSTS }),
      { controller: new AbortController(), closing: new AbortController().signal },
    );
  return { store, scanId, announced, log, carry };
}

const NO_HOSTS = {
  ways: [],
  keepOpen: async () => null,
  endpointWays: { of: () => "", keepOpen: async () => null },
  visitHost: () => Promise.reject(new Error("no host is visited")),
};

const refused = (visited: TlsTarget): BroughtHome => ({ kind: "met", visit: refusedProbe(visited) });

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
