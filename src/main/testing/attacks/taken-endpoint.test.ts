import { createRouterClient } from "@orpc/server";
import { expect, test } from "vitest";
import type { HostMap } from "#domain/deployment-status/host-map.ts";
import { openStore, type Store } from "#store/store.ts";
import { listFindings } from "#store/testing/ask.ts";
import { makeCertificate, makeServing, START, visitEndpoint, visitHost } from "#store/testing/make-visit.ts";
import { createServedEvaluator } from "../../features/scans/recording/evaluate-served-by.ts";
import { createToday } from "../../features/today/index.ts";

const ROOT = "/etc/nginx/nginx.conf";
const PATH = "/etc/ssl/db.pem";

/** An nginx that is said to have been started before its file was written. */
const map: HostMap = {
  configurations: [
    {
      server: "nginx",
      root: ROOT,
      bindings: [
        {
          listens: [{ address: null, port: 443, isDefault: true }],
          names: ["db"],
          namesFromCertificate: false,
          protocol: "tls",
          chain: null,
          unsure: null,
          at: { file: ROOT, line: 1 },
          deployments: [
            {
              certificate: { path: PATH, directive: "ssl_certificate", at: { file: ROOT, line: 2 } },
              key: null,
            },
          ],
        },
      ],
      incomplete: null,
      alsoNamed: [],
      unknown: [],
    },
  ],
  files: [{ path: PATH, realPath: null, writtenAt: 2_000 }],
  listeners: [{ address: "0.0.0.0", port: 443, processes: [{ name: "nginx", startedAt: 1_000 }] }],
};

const NOW = new Date("2026-06-10T00:00:00Z");
const DATES = { notAfter: "2026-06-20T00:00:00Z", warnFrom: START, urgentFrom: START };
/** What db.corp, which nobody scans, shows to everybody. */
const shown = makeCertificate("db.corp", DATES);
const later = makeCertificate("db.corp, later", {
  names: ["DNS:db.corp"],
  notBefore: "2026-03-01T00:00:00Z",
});

type Claim = { hostname?: string; addresses?: string[]; reachedAs?: string };

/** A host shows the certificate of db.corp in a file of its own, and at its next scan a later one. */
function claim(store: Store, host: string, { hostname, addresses = [], reachedAs }: Claim): void {
  const showing = { outcome: "presented" as const, message: "", chain: [shown] };
  const both = ["192.0.2.7", "192.0.2.8"].map((address) => ({ address, ...showing }));
  visitEndpoint(store, "db.corp", { presented: { chain: [shown], addresses: both } });
  for (const held of [shown, later]) {
    const certificate = { path: PATH, directive: "ssl_certificate", at: { file: ROOT, line: 2 } };
    visitHost(store, host, {
      ...(reachedAs && { login: { user: "root", useSudo: false, begunAt: START, reachedAs } }),
      collected: {
        ...(hostname && { hostname }),
        certificateFiles: [{ path: PATH, certificates: [held] }],
        disk: {
          addresses,
          map: JSON.stringify(map),
          bindings: [makeServing("db", { isDefault: true, certificate })],
        },
      },
    });
    store.atomically(() => createServedEvaluator(store).evaluateHostAt({ host, port: 22 }));
    store.atomically(() =>
      createServedEvaluator(store).evaluateEndpointAt({ host: "db.corp", port: 443, serverName: null }),
    );
  }
}

/** Whether what expires at db.corp is called renewed, so that a reload stands in place of its renewal. */
async function isCalledRenewed(store: Store): Promise<boolean> {
  const today = createRouterClient(createToday({ store, announce: () => undefined, now: () => NOW }));
  const { lines } = await today.read({});
  const found = lines.flatMap((line) =>
    line.kind === "finding" && line.finding.rule === "certificate-expiring" ? [line.isRenewed] : [],
  );
  expect(found).toHaveLength(1);
  return found.includes(true);
}

const rules = (store: Store) => listFindings(store).rows.map(({ rule }) => rule);
const open = () => openStore({ path: ":memory:", access: "write" });

test("whoever calls its machine by another's name, or by an address, gets none of that one's endpoints", async () => {
  for (const hostname of ["db.corp", "DB.corp", "192.0.2.7", "127.0.0.1", "ip6-localhost"]) {
    const store = open();
    claim(store, "evil", { hostname });
    expect([hostname, rules(store)]).toEqual([hostname, ["certificate-expiring"]]);
    expect(await isCalledRenewed(store)).toBe(false);
  }
});

test("whoever lists another's address, and feigns a renewal, takes no renewal away from what expires there", async () => {
  const store = open();
  claim(store, "evil", { addresses: ["192.0.2.7"] });
  expect(rules(store)).toEqual(["certificate-expiring", "certificate-not-reloaded"]);
  expect(await isCalledRenewed(store)).toBe(false);
});

test("of a host that the user's own words lead to, a renewal that was not reloaded is called one", async () => {
  for (const [host, more] of [
    ["db.corp", {}],
    ["db", { reachedAs: "db.corp" }],
    ["db", { addresses: ["192.0.2.7"], reachedAs: "192.0.2.7" }],
  ] as const) {
    const store = open();
    claim(store, host, more as Claim);
    expect([host, rules(store)]).toEqual([host, ["certificate-expiring", "certificate-not-reloaded"]]);
    expect(await isCalledRenewed(store)).toBe(true);
  }
  const store = open();
  claim(store, "db.corp", {});
  claim(store, "evil", { addresses: ["192.0.2.7"] });
  visitEndpoint(store, "other.corp", { presented: { chain: [shown] } });
  expect(await isCalledRenewed(store)).toBe(false);
});
