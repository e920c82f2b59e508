import { expect, test } from "vitest";
import type { HostMap } from "#domain/deployment-status/host-map.ts";
import type { Configuration } from "#domain/server-configs/configuration.ts";
import type { CollectedHost, SeenCertificate } from "#store/probe-record.ts";
import { openStore, type Store } from "#store/store.ts";
import { listFindings } from "#store/testing/ask.ts";
import {
  beginScan,
  makeCertificate,
  makeServing,
  START,
  visitEndpoint,
  visitHost,
} from "#store/testing/make-visit.ts";
import { createServedEvaluator } from "./evaluate-served-by.ts";

const ROOT = "/etc/nginx/nginx.conf";

const configurations: Configuration[] = [
  {
    server: "nginx",
    root: ROOT,
    bindings: [
      {
        listens: [{ address: null, port: 443, isDefault: true }],
        names: ["shop"],
        namesFromCertificate: false,
        protocol: "tls",
        chain: null,
        unsure: null,
        at: { file: ROOT, line: 1 },
        deployments: [
          {
            certificate: {
              path: "/etc/ssl/shop.pem",
              directive: "ssl_certificate",
              at: { file: ROOT, line: 2 },
            },
            key: null,
          },
        ],
      },
    ],
    incomplete: null,
    alsoNamed: [],
    unknown: [],
  },
];

/** Nginx was started before its file was written, and is probed long after both. */
const map: HostMap = {
  configurations,
  files: [{ path: "/etc/ssl/shop.pem", realPath: null, writtenAt: 2_000 }],
  listeners: [{ address: "0.0.0.0", port: 443, processes: [{ name: "nginx", startedAt: 1_000 }] }],
};

const ofShop = (name: string, notBefore: string, keyType = "EC"): SeenCertificate =>
  makeCertificate(name, { names: ["DNS:shop"], notBefore, keyType });
const first = ofShop("first", "2026-01-01T00:00:00Z");
const renewed = ofShop("renewed", "2026-03-01T00:00:00Z");

type Collected = Partial<CollectedHost> & {
  holds?: SeenCertificate;
  addresses?: string[];
  /** HostName of ssh_config. */
  reachedAs?: string;
};

function readHost(
  store: Store,
  host: string,
  { holds = first, addresses = [], reachedAs, ...more }: Collected = {},
): void {
  visitHost(store, host, {
    ...(reachedAs && { login: { user: "root", useSudo: false, begunAt: START, reachedAs } }),
    collected: {
      certificateFiles: [{ path: "/etc/ssl/shop.pem", certificates: [holds] }],
      disk: { addresses, map: JSON.stringify(map), bindings: [makeServing("shop", { isDefault: true })] },
      ...more,
    },
  });
  store.atomically(() => createServedEvaluator(store).evaluateHostAt({ host, port: 22 }));
}

function greet(store: Store, host: string, leaf: SeenCertificate = first): void {
  visitEndpoint(store, host, { presented: { chain: [leaf] } });
  store.atomically(() =>
    createServedEvaluator(store).evaluateEndpointAt({ host, port: 443, serverName: null }),
  );
}

const listRows = (store: Store) =>
  store.bindings.list({
    search: "",
    state: null,
    host: null,
    sha256: null,
    sort: { by: "host", descending: false },
    after: null,
    limit: 10,
  }).rows;

const states = (store: Store) =>
  listRows(store).map(({ host, state, sights }) => [host, state, ...sights.map((sight) => sight.host)]);

const open = () => openStore({ path: ":memory:", access: "write" });

test("whichever of the two is visited last, an endpoint is laid beside what its host says", () => {
  const store = open();
  greet(store, "web1");
  readHost(store, "web1");
  expect(states(store)).toEqual([["web1", "agrees", "web1"]]);
  readHost(store, "web1", { holds: renewed });
  expect(states(store)).toEqual([["web1", "not-reloaded", "web1"]]);
  greet(store, "web1", renewed);
  expect(states(store)).toEqual([["web1", "agrees", "web1"]]);
});

test("an endpoint belongs to the host that alone has its address", () => {
  const store = open();
  readHost(store, "web1", { addresses: ["192.0.2.1", "172.17.0.1"] });
  greet(store, "192.0.2.1");
  greet(store, "172.17.0.1");
  expect(states(store)).toEqual([["web1", "agrees", "172.17.0.1", "192.0.2.1"]]);
  readHost(store, "web2", { addresses: ["192.0.2.2", "172.17.0.1"] });
  greet(store, "172.17.0.1");
  expect(states(store)).toEqual([
    ["web1", "agrees", "192.0.2.1"],
    ["web2", "not-seen"],
  ]);
});

test("of a name with the addresses of two hosts each is judged by what it shows itself", () => {
  const store = open();
  readHost(store, "web1", { addresses: ["192.0.2.1"], holds: first });
  readHost(store, "web2", { addresses: ["192.0.2.2"], holds: renewed });
  const showing = (address: string, leaf: SeenCertificate) => ({
    address,
    outcome: "presented" as const,
    message: "",
    chain: [leaf],
  });
  const addresses = [showing("192.0.2.1", first), showing("192.0.2.2", renewed)];
  visitEndpoint(store, "shop", { presented: { chain: [first], addresses, facts: { address: "192.0.2.1" } } });
  store.atomically(() =>
    createServedEvaluator(store).evaluateEndpointAt({ host: "shop", port: 443, serverName: null }),
  );
  expect(states(store)).toEqual([
    ["web1", "agrees", "shop"],
    ["web2", "agrees", "shop"],
  ]);
  expect(listFindings(store).rows).toEqual([]);
});

test("of two listeners of one line that takes IPv4 and IPv6 apart, what leads there by a name tells of neither", () => {
  const store = open();
  const rows = ["0.0.0.0", "::"].map((address) => makeServing("shop", { address, isDefault: true }));
  const listens = rows.map(({ address }) => ({ address, port: 443, isDefault: true }));
  const bindings = configurations[0]?.bindings.map((serving) => ({ ...serving, listens }));
  const known = { ...map, configurations: [{ ...configurations[0], bindings }] };
  readHost(store, "shop", { disk: { addresses: [], map: JSON.stringify(known), bindings: rows } });
  greet(store, "shop");
  expect(states(store)).toEqual([
    ["shop", "unknown", "shop"],
    ["shop", "unknown", "shop"],
  ]);
  visitEndpoint(store, "shop", { presented: { chain: [first], facts: { address: "192.0.2.1" } } });
  store.atomically(() =>
    createServedEvaluator(store).evaluateEndpointAt({ host: "shop", port: 443, serverName: null }),
  );
  expect(states(store)).toEqual([
    ["shop", "agrees", "shop"],
    ["shop", "not-seen"],
  ]);
});

test("a configuration that could not be read this time still says what it did", () => {
  const store = open();
  readHost(store, "web1");
  const nothing = { disk: { addresses: null, map: null, bindings: [] } };
  readHost(store, "web1", { ...nothing, unreadablePaths: ["/etc/nginx"] });
  greet(store, "web1");
  expect(states(store)).toEqual([["web1", "agrees", "web1"]]);
  readHost(store, "web1", nothing);
  expect(states(store)).toEqual([]);
  greet(store, "web1");
  expect(states(store)).toEqual([]);
});

test("what is served instead is a finding until it is served no more, and a visit to the host alone clears it, too", () => {
  const store = open();
  const findings = () => listFindings(store).rows.map(({ rule }) => rule);
  readHost(store, "web1");
  greet(store, "web1");
  expect(findings()).toEqual([]);
  readHost(store, "web1", { holds: renewed });
  expect(findings()).toEqual(["certificate-not-reloaded"]);
  greet(store, "web1");
  expect(findings()).toEqual(["certificate-not-reloaded"]);
  readHost(store, "web1");
  expect(findings()).toEqual([]);
});

test("what was shown before the host was read says nothing of a file that was written at about that time, and what is shown by the same scan does", () => {
  const files = [{ path: "/etc/ssl/shop.pem", realPath: null, writtenAt: Date.parse(START) / 1_000 }];
  const postfix = { ...configurations[0], server: "postfix" };
  const processes = [{ name: "master", startedAt: 1_000 }];
  const listeners = [{ address: "0.0.0.0", port: 443, processes }];
  const told = JSON.stringify({ configurations: [postfix], files, listeners });
  const disk = {
    addresses: [],
    map: told,
    bindings: [makeServing("shop", { isDefault: true, server: "postfix" })],
  };
  const store = open();
  readHost(store, "web1", { disk });
  greet(store, "web1");
  const later = "2026-06-01T00:01:00Z";
  const scanId = beginScan(store, later);
  const collected = { disk, certificateFiles: [{ path: "/etc/ssl/shop.pem", certificates: [renewed] }] };
  visitHost(store, "web1", { scanId, at: "2026-06-01T00:02:00Z", collected });
  store.atomically(() => createServedEvaluator(store).evaluateHostAt({ host: "web1", port: 22 }));
  expect(states(store)).toEqual([["web1", "unknown", "web1"]]);
  visitEndpoint(store, "web1", { scanId, at: later, presented: { chain: [first] } });
  store.atomically(() =>
    createServedEvaluator(store).evaluateEndpointAt({ host: "web1", port: 443, serverName: null }),
  );
  expect(states(store)).toEqual([["web1", "not-reloaded", "web1"]]);
});

test("of a renewal that signs itself, in the place of one by an authority, it is told to look at it, and not to reload", () => {
  const store = open();
  const remedies = () => listFindings(store).rows.map(({ remedy }) => remedy);
  readHost(store, "web1");
  greet(store, "web1");
  readHost(store, "web1", { holds: renewed });
  expect(remedies()).toEqual([expect.stringContaining("have it reload (nginx -s reload)")]);
  const own = makeCertificate("own", {
    names: ["DNS:shop"],
    notBefore: "2026-03-01T00:00:00Z",
    issuer: "CN=own",
  });
  readHost(store, "web1", { holds: own });
  expect(remedies()).toEqual([
    expect.stringMatching(
      /^before anything reloads nginx, check .*: it names itself as its issuer \(CN=own\), and the one that is served is by CN=An Issuer\. /,
    ),
  ]);
});

const pairOf = (name: string, line: number) => ({
  certificate: { path: `/etc/ssl/${name}.pem`, directive: "ssl_certificate", at: { file: ROOT, line } },
  key: null,
});

const statesByFile = (store: Store) =>
  Object.fromEntries(listRows(store).map(({ certificate, state }) => [certificate?.path, state]));

/** One server block with a certificate for each kind of key, or one line of HAProxy with a folder of certificates. */
function readTwo(store: Store, serving: Partial<Configuration["bindings"][number]>, held: SeenCertificate[]) {
  const pairs = ["one", "two"].map(pairOf);
  const [own] = configurations;
  const bindings = serving.namesFromCertificate
    ? pairs.map((pair) => ({ ...own?.bindings[0], ...serving, deployments: [pair] }))
    : [{ ...own?.bindings[0], ...serving, deployments: pairs }];
  const files = pairs.map(({ certificate: { path } }) => ({ path, realPath: null, writtenAt: 2_000 }));
  const known = { ...map, configurations: [{ ...own, bindings }], files };
  visitHost(store, "web1", {
    collected: {
      certificateFiles: pairs.map(({ certificate: { path } }, index) => ({
        path,
        certificates: held.slice(index, index + 1),
      })),
      disk: {
        addresses: [],
        map: JSON.stringify(known),
        bindings: pairs.map(({ certificate }) => ({
          ...makeServing(serving.namesFromCertificate ? "" : "shop", { isDefault: true, certificate }),
          ...(serving.namesFromCertificate && { name: null }),
        })),
      },
    },
  });
  store.atomically(() => createServedEvaluator(store).evaluateHostAt({ host: "web1", port: 22 }));
}

test("of the certificates of a listener only the one that a handshake has shown is as configured", () => {
  const [ec, rsa] = [ofShop("ec", "2026-03-01T00:00:00Z"), ofShop("rsa", "2026-03-01T00:00:00Z", "RSA")];
  const store = open();
  readTwo(store, { names: ["shop"] }, [ec, rsa]);
  greet(store, "web1", ec);
  expect(statesByFile(store)).toEqual({ "/etc/ssl/one.pem": "agrees", "/etc/ssl/two.pem": "not-seen" });
});

test("of a folder of certificates only the one of the name that was asked for is as configured", () => {
  const [shop, own] = [first, makeCertificate("web1")];
  const store = open();
  readTwo(store, { names: [], namesFromCertificate: true }, [shop, own]);
  greet(store, "web1", own);
  expect(statesByFile(store)).toEqual({ "/etc/ssl/one.pem": "not-seen", "/etc/ssl/two.pem": "agrees" });
});

test("what keeps a server from reloading is known though the configuration of another one could not be read this time", () => {
  const store = open();
  const other = { ...configurations[0], server: "apache", root: "/etc/apache2/apache2.conf", bindings: [] };
  const gone = { kind: "key-gone", server: "nginx", root: ROOT };
  const told = (more: object) => ({
    addresses: [],
    bindings: [makeServing("shop", { isDefault: true })],
    map: JSON.stringify({ ...map, ...more }),
  });
  readHost(store, "web1", { disk: told({ configurations: [...configurations, other] }) });
  greet(store, "web1");
  const problems = [{ ...gone, certificate: "/etc/ssl/mail.pem", key: "/etc/ssl/mail.key" }];
  readHost(store, "web1", { holds: renewed, disk: told({ problems }), unreadablePaths: ["/etc/apache2"] });
  expect(listFindings(store).rows.map(({ remedy }) => remedy)).toEqual([
    expect.stringMatching(/^do not reload it yet, .*: \/etc\/ssl\/mail.key, .* is not there/),
  ]);
});

test("of a file that cannot be served it says that it is not there any more only where an earlier scan has read it", () => {
  const problems: HostMap["problems"] = [
    {
      kind: "gone",
      server: "nginx",
      root: ROOT,
      certificate: "/etc/ssl/shop.pem",
      key: "/etc/ssl/shop.key",
    },
  ];
  const gone = {
    certificateFiles: [],
    disk: {
      addresses: null,
      map: JSON.stringify({ ...map, problems }),
      bindings: [makeServing("shop", { isDefault: true })],
    },
  };
  const evidence = (isSeenBefore: boolean) => {
    const store = open();
    if (isSeenBefore) readHost(store, "web1");
    readHost(store, "web1", gone);
    greet(store, "web1");
    return store.bindings
      .list({
        search: "",
        state: null,
        host: null,
        sha256: null,
        after: null,
        limit: 10,
        sort: { by: "host", descending: false },
      })
      .rows.flatMap(({ sights }) => sights.flatMap((sight) => sight.evidence));
  };
  expect(evidence(false)).toEqual(["/etc/ssl/shop.pem is not there"]);
  expect(evidence(true)).toEqual(["/etc/ssl/shop.pem is not there any more"]);
});

/** The hosts at which an endpoint was seen to be, with its name. */
const seenAt = (store: Store) =>
  listRows(store).flatMap(({ host, sights }) => sights.map((sight) => `${sight.host} at ${host}`));

test("an endpoint is of the host that ssh_config reaches by that name, whichever of them is scanned first, and whatever another machine calls itself", () => {
  const store = openStore({ path: ":memory:", access: "write" });
  greet(store, "early.corp");
  readHost(store, "web0", { reachedAs: "Early.corp" });
  readHost(store, "web1", { reachedAs: "web1.corp" });
  readHost(store, "evil", { hostname: "web1.corp" });
  greet(store, "web1.corp");
  greet(store, "web2.corp");
  expect(seenAt(store)).toEqual(["early.corp at web0", "web1.corp at web1"]);
});

test("a name of ssh_config that leads to several hosts, or is another host's own, says of no endpoint whose it is", () => {
  const store = openStore({ path: ":memory:", access: "write" });
  readHost(store, "web1", { reachedAs: "gw.corp" });
  greet(store, "gw.corp");
  expect(seenAt(store)).toEqual(["gw.corp at web1"]);
  readHost(store, "web2", { reachedAs: "gw.corp" });
  greet(store, "gw.corp");
  expect(seenAt(store)).toEqual([]);
  readHost(store, "web3", { reachedAs: "shop.corp" });
  readHost(store, "shop.corp");
  greet(store, "shop.corp");
  expect(seenAt(store)).toEqual(["shop.corp at shop.corp"]);
});
