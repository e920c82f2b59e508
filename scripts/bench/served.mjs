/**
 * The lists and sums of certificates where a million of them are on the wire, on disk and in configurations, with owners,
 * tags, keys that are used again and certificates that were replaced.
 *
 *     npm run bench -- served           or alone, and smaller:  npm exec -c 'node scripts/bench/served.mjs 10000 [FILE]'
 *
 * As in lists.mjs: CPU of a page of 100 rows with its total, and of what counts or adds up everything.
 */
import Sqlite from "better-sqlite3";
import { bundle } from "./bundle.mjs";
import { report } from "./figures.mjs";
import { p95, say } from "./measure.mjs";
import { NOW, seed } from "./seed.mjs";
import { seeded } from "./seeded.mjs";
import { seedServed } from "./served-seed.mjs";

const size = Number(process.argv[2] ?? 1_000_000);
const MOST_MS = 5;
const MOST_COUNT_MS = 50;
const PAGES = 40;
const COUNTS = 20;
const now = new Date(NOW);
const HOST = "web5.corp";
const ENDPOINT = `shop${size / 2}.example`;

const RULES = [
  "certificate-not-reloaded",
  "endpoint-other-certificate",
  "certificate-changed",
  "certificate-expiring",
  "endpoint-key-exchange-classical",
  "certificate-lifetime-over-limit",
  "certificate-client-auth-ends",
  "certificate-wildcard-spread",
  "certificate-key-shared",
  "certificate-key-kept",
];

await using bundled = await bundle({
  store: "store/store.ts",
  ask: "store/testing/ask.ts",
  forecast: "domain/forecast.ts",
});
const { openStore } = await bundled.load("store");
const ask = await bundled.load("ask");
const { forecastRenewals, lineUpExpiries } = await bundled.load("forecast");

await using database = await seeded(process.argv[3], (file) => {
  openStore({ path: file, access: "write" }).close();
  seed(file, size);
  seedServed(file, size);
});
const { path } = database;
const store = openStore({ path, access: "read" });
const naive = new Sqlite(path, { readonly: true });
report(measureLists(), measureSums());
naive.close();
store.close();

/** The slowest; each that is too slow is said. */
function measureLists() {
  const lists = [...certificateLists(), ...servingLists(), ...findingLists(), ...visitLists()];
  const { name, ms } = slowest(
    lists.map(([name, list]) => [name, p95(turnPages(list), PAGES)]),
    MOST_MS,
  );
  const peer = "SELECT * FROM binding WHERE +gone_scan IS NULL ORDER BY +state, +id LIMIT 100";
  const theirs = p95(() => naive.prepare(peer).all(), 2);
  const what = `slowest of ${lists.length} lists of what is served, p95 (${name})`;
  return { what, ours: ms, peer: "one list, no index", theirs, unit: "ms", mostItself: MOST_MS };
}

function measureSums() {
  const sums = Object.entries(makeSums());
  const { name, ms } = slowest(
    sums.map(([name, sum]) => [name, p95(sum, COUNTS)]),
    MOST_COUNT_MS,
  );
  const peer = "SELECT substr(not_after, 1, 10), issuer, count(*) FROM certificate GROUP BY 1, 2";
  const theirs = p95(() => naive.prepare(peer).all(), 2);
  const what = `slowest of ${sums.length} sums of certificates, p95 (${name})`;
  return { what, ours: ms, peer: "a timeline, no tally", theirs, unit: "ms", mostItself: MOST_COUNT_MS };
}

function slowest(costs, most) {
  const told = costs.map(([name, ms]) => ({ name, ms })).toSorted((one, other) => other.ms - one.ms);
  for (const { name, ms } of told) if (ms > most) say(`  ${name}: ${ms.toFixed(1)} ms`);
  return told[0];
}

/** One page after the other, each from where the last one ended. */
function turnPages(list) {
  let after = null;
  return () => {
    after = list(after).next;
  };
}

function certificateLists() {
  const list = (name, options) => [
    `certificates ${name}`,
    (after) => ask.listCertificates(store, { now, ...options, after }),
  ];
  const filters = [
    { owner: "team 1" },
    { owner: "" },
    { tag: "production" },
    { tag: "shop" },
    { spki: "key 30" },
    { location: "file" },
    { host: HOST },
    { owner: "team 1", location: "file" },
    { tag: "production", owner: "" },
  ];
  const sorts = ["notAfter", "subject", "issuer", "locationCount"].map((by) => ({ by, descending: false }));
  return filters.flatMap((filter) =>
    sorts.map((sort) => list(`of ${brief(filter)} by ${sort.by}`, { ...filter, sort })),
  );
}

function servingLists() {
  const wanted = { search: "", state: null, host: null, sha256: null, limit: 100 };
  const { sha256 } = ask.listCertificates(store, { now, host: ENDPOINT, limit: 1 }).rows[0];
  const list = (name, options) => [
    `served ${name}`,
    (after) =>
      store.bindings.list({ ...wanted, sort: { by: "state", descending: false }, ...options, after }),
  ];
  const states = ["not-reloaded", "not-seen", "agrees"].map((state) => ({ state }));
  const filters = [...states, { host: HOST }, { sha256 }, { state: "agrees", host: HOST }];
  const words = ["shop777", "web77.", "nginx", "example", "zq", "no-such"].map((search) => ({ search }));
  return [
    ...["state", "host"].flatMap((by) =>
      [{}, ...filters, ...words].map((filter) =>
        list(`of ${brief(filter)} by ${by}`, { ...filter, sort: { by, descending: false } }),
      ),
    ),
    list("by state, the last", { sort: { by: "state", descending: true } }),
  ];
}

function findingLists() {
  const list = (name, options) => [
    `findings ${name}`,
    (after) => ask.listFindings(store, { now, ...options, after }),
  ];
  const sorts = ["severity", "rule", "host", "label", "firstSeen"];
  const filters = [
    {},
    { accepted: true },
    { host: HOST },
    { host: ENDPOINT },
    { severity: "low" },
    { search: "shop777" },
    ...RULES.map((rule) => ({ rule })),
  ];
  return filters.flatMap((filter) =>
    sorts.map((by) => list(`of ${brief(filter)} by ${by}`, { ...filter, sort: { by, descending: false } })),
  );
}

function visitLists() {
  return [
    ["endpoints of a scan", (after) => store.endpoints.ofScan({ scanId: 1, after, limit: 100 })],
    [
      "visits of a scan",
      (after) => store.scans.probes({ scanId: 1, state: null, search: "", after, limit: 100 }),
    ],
  ];
}

/** What adds up or counts all there is, and what tells all of one thing. */
function makeSums() {
  const all = { issuer: null, owner: null };
  const today = NOW.slice(0, 10);
  const [authority] = ask.listCertificates(store, { now, role: "authority", limit: 1 }).rows;
  const [leaf] = ask.listCertificates(store, { now, host: ENDPOINT, limit: 1 }).rows;
  const [first] = store.endpoints.ofScan({ scanId: 1, after: null, limit: 1 }).rows;
  return {
    today: () => store.today.figures(now),
    "findings by rule": () => store.findings.counts(now),
    ...Object.fromEntries(
      ["issuer", "owner"].flatMap((by) => [
        [`renewals by ${by}`, () => forecastRenewals(store.expiry.due({ ...all, today }), { today, by })],
        [`timeline by ${by}`, () => lineUpExpiries(store.expiry.ends(all), { today, weekCount: 52, by })],
      ]),
    ),
    "renewals of one owner": () =>
      forecastRenewals(store.expiry.due({ issuer: null, owner: "team 1", today }), { today, by: "issuer" }),
    "timeline of one issuer": () =>
      lineUpExpiries(store.expiry.ends({ issuer: "CN=authority 1", owner: null }), {
        today,
        by: "owner",
        weekCount: 52,
      }),
    tags: () => store.labels.tags(),
    owners: () => store.labels.owners(),
    "an authority and its locations": () => store.certificates.find(authority.sha256, now),
    "where a certificate stood": () => store.changes.locations(leaf.sha256),
    "where an authority stood": () => store.changes.locations(authority.sha256),
    "chains sent with a leaf": () => store.chains.sentWith(leaf.sha256),
    "findings of a certificate": () =>
      store.findings.about({ kind: "certificate", sha256: leaf.sha256 }, now),
    "an endpoint": () => store.endpoints.find(first.target),
  };
}

function brief(filter) {
  const said = JSON.stringify(filter).replaceAll(/[{}"]/g, "");
  return said === "" ? "all" : said.slice(0, 40);
}
