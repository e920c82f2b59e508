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

type Claim = {
  hostname?: string;
  addresses?: string[];
  reachedAs?: string;
  /** Where our own connection to the host went. */
  reachedAddress?: string;
  /** Where db.corp was probed. */
  at?: string[];
  /** A bundle has brought it. */
  isOffline?: boolean;
};

const makeDisk = (addresses: string[]) => {
  const certificate = { path: PATH, directive: "ssl_certificate", at: { file: ROOT, line: 2 } };
  return {
    addresses,
    map: JSON.stringify(map),
    bindings: [makeServing("db", { isDefault: true, certificate })],
  };
};

/** A host shows the certificate of db.corp in a file of its own, and at its next scan a later one. */
function claim(store: Store, host: string, { hostname, addresses = [], ...claimed }: Claim): void {
  const { reachedAs, reachedAddress, at = ["192.0.2.7", "192.0.2.8"], isOffline = false } = claimed;
  const showing = { outcome: "presented" as const, message: "", chain: [shown] };
  const seen = at.length > 1 ? at.map((address) => ({ address, ...showing })) : [];
  const [first] = at;
  visitEndpoint(store, "db.corp", {
    presented: { chain: [shown], addresses: seen, facts: first === undefined ? {} : { address: first } },
  });
  for (const held of [shown, later]) {
    visitHost(store, host, {
      ...((reachedAs ?? reachedAddress) && { login: logInTo({ reachedAs, reachedAddress }) }),
      isOffline,
      collected: {
        ...(hostname && { hostname }),
        certificateFiles: [{ path: PATH, certificates: [held] }],
        disk: makeDisk(addresses),
      },
    });
    store.atomically(() => createServedEvaluator(store).evaluateHostAt({ host, port: 22 }));
    store.atomically(() =>
      createServedEvaluator(store).evaluateEndpointAt({ host: "db.corp", port: 443, serverName: null }),
    );
  }
}

const logInTo = ({
  reachedAs = null,
  reachedAddress = null,
}: {
  [at: string]: string | null | undefined;
}) => ({
  user: "root",
  useSudo: false,
  begunAt: START,
  reachedAs,
  reachedAddress,
});

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

const HERE = { hostname: "DB.corp.", reachedAddress: "192.0.2.7", at: ["192.0.2.7"] };

test("a name that a host says of itself is its own where both of our connections went to one address", async () => {
  const store = open();
  claim(store, "web1", HERE);
  expect(rules(store)).toEqual(["certificate-expiring", "certificate-not-reloaded"]);
  expect(await isCalledRenewed(store)).toBe(true);
  expect(store.runbooks.servers.serversAt({ host: "db.corp", port: 443, serverName: null })).toEqual([
    { host: 1, server: "nginx", root: ROOT, state: "not-reloaded" },
  ]);
});

test("whoever calls its machine by the name of another one gets none of its endpoints from another address", async () => {
  const elsewhere: { [why: string]: Claim } = {
    "another address": { ...HERE, reachedAddress: "192.0.2.66" },
    "no address of ours": { hostname: "db.corp", addresses: ["192.0.2.66"], at: ["192.0.2.7"] },
    "one of two addresses": { ...HERE, at: ["192.0.2.7", "192.0.2.8"] },
    "an address that is not known": { ...HERE, at: [] },
    "another name": { ...HERE, hostname: "db" },
    "a bundle": { hostname: "db.corp", isOffline: true, at: ["192.0.2.7"] },
  };
  for (const [why, made] of Object.entries(elsewhere)) {
    const store = open();
    claim(store, "evil", made);
    expect([why, rules(store)]).toEqual([why, ["certificate-expiring"]]);
    expect(await isCalledRenewed(store)).toBe(false);
  }
});

test("an address that another host is known by ties nothing, be it that of a gateway before both", async () => {
  const others: { [why: string]: (store: Store) => void } = {
    "a second host behind it": (store) =>
      visitHost(store, "web2", { login: logInTo({ reachedAddress: "192.0.2.7" }) }),
    "two more hosts that have it": (store) => {
      for (const name of ["web2", "web3"])
        visitHost(store, name, {
          collected: { disk: { addresses: ["192.0.2.7"], map: null, bindings: [] } },
        });
    },
    "a second host that is named so": (store) => visitHost(store, "192.0.2.7", {}),
    "a second host that the user reaches by it": (store) =>
      visitHost(store, "web2", { login: logInTo({ reachedAs: "192.0.2.7" }) }),
    "the host of that name": (store) => visitHost(store, "db.corp", {}),
    "the host that the user reaches by that name": (store) =>
      visitHost(store, "web2", { login: logInTo({ reachedAs: "db.corp" }) }),
  };
  for (const [why, visit] of Object.entries(others)) {
    const store = open();
    visit(store);
    claim(store, "evil", HERE);
    expect([why, rules(store)]).toEqual([why, ["certificate-expiring"]]);
    expect(await isCalledRenewed(store)).toBe(false);
  }
});

test("an endpoint that answers no more is nobody's by the address that it had", async () => {
  const store = open();
  claim(store, "web1", HERE);
  expect(await isCalledRenewed(store)).toBe(true);
  visitEndpoint(store, "db.corp", { state: "failed", outcome: "refused", presented: null });
  expect(await isCalledRenewed(store)).toBe(false);
});

test("what a host once was is over once it cannot be read there, is read elsewhere, or a bundle brings it", async () => {
  const held = { certificateFiles: [{ path: PATH, certificates: [later] }], disk: makeDisk([]) };
  const changes: { [why: string]: Parameters<typeof visitHost>[2] } = {
    "it cannot be read": { state: "failed", outcome: "timed-out", collected: null },
    "it has moved": {
      login: logInTo({ reachedAddress: "192.0.2.9" }),
      collected: { hostname: "db.corp", ...held },
    },
    "it has another name": {
      login: logInTo({ reachedAddress: "192.0.2.7" }),
      collected: { hostname: "web1", ...held },
    },
    "a bundle brings it": { isOffline: true, collected: { hostname: "db.corp", ...held } },
  };
  for (const [why, change] of Object.entries(changes)) {
    const store = open();
    claim(store, "web1", HERE);
    visitHost(store, "web1", change);
    expect([why, await isCalledRenewed(store)]).toEqual([why, false]);
    store.atomically(() => createServedEvaluator(store).evaluateHostAt({ host: "web1", port: 22 }));
    expect([why, rules(store)]).toEqual([why, ["certificate-expiring"]]);
  }
});
