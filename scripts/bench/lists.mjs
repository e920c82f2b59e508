/**
 * The lists, the start and the screen on a large database: a million certificates, grants and days of logins.
 *
 *     npm run bench -- lists            or alone, and smaller:  npm exec -c 'node scripts/bench/lists.mjs 10000 [FILE]'
 *
 * FILE is made where there is none, and kept: a million rows take minutes.
 *
 * A page has 100 rows and comes with its total; its cost is CPU, which is what it takes on an idle machine with the
 * file in memory. What words find serves the pages after the first, which is measured by itself. The peer is the same question asked of SQLite without our indexes and counters.
 */
import Sqlite from "better-sqlite3";
import { bundle } from "./bundle.mjs";
import { report } from "./figures.mjs";
import { say } from "./measure.mjs";
import { measureScreens } from "./screen.mjs";
import { NOW, seed } from "./seed.mjs";
import { seeded } from "./seeded.mjs";
import { measureStart } from "./start.mjs";

const size = Number(process.argv[2] ?? 1_000_000);
const MOST_MS = 5;
const MOST_COUNT_MS = 50;
const PAGES = 100;
/** A list that is longer is turned from so far in: a page shall cost the same at any depth. */
const DEEP = 20_000;
const COUNTS = 20;
const FIRST_PAGES = 3;

/** What grants are asked for by: few, many, and several at once. */
const VERDICTS = [
  { orphaned: true },
  { orphaned: true, ...by("comment") },
  { privateKeyNotFound: true },
  { owner: "gone" },
  { owner: "known", effective: "no" },
  { use: "unused" },
  { use: "unused", owner: "gone", effective: "yes" },
  { unapproved: true },
  { unapproved: true, ...by("comment") },
];

await using bundled = await bundle({
  store: "store/store.ts",
  ask: "store/testing/ask.ts",
  lines: "features/today/gather-lines.ts",
  make: "store/testing/make-visit.ts",
});
const { openStore } = await bundled.load("store");
const ask = await bundled.load("ask");
const { gatherLines } = await bundled.load("lines");
const { fingerprintOf } = await bundled.load("make");

await using database = await seeded(process.argv[3], (file) => {
  openStore({ path: file, access: "write" }).close();
  seed(file, size);
});
const { path } = database;
// Each as soon as it is known: what fails then takes nothing else with it.
report(measureLists());
report(measureFirstPages());
report(await measureCounts());
report(await measureStart(path));
await using nothing = await seeded(undefined, (file) => openStore({ path: file, access: "write" }).close());
report(...(await measureScreens(path, nothing.path)));

function allLists() {
  return [
    certificateLists(),
    grantLists(),
    hostLists(),
    findingLists(),
    linkLists(),
    changeLists(),
    loginLists(),
  ].flat();
}

/** Of the list that is the slowest; each that is too slow is said. */
function measureLists() {
  const store = openStore({ path, access: "read" });
  const naive = new Sqlite(path, { readonly: true });
  naive.pragma("cache_size = -65536");
  const lists = allLists();
  const costs = lists.map(({ list, options, ...rest }) => ({
    ...rest,
    ms: p95(turnPages(store, list, options), PAGES),
  }));
  for (const { name, ms } of costs) if (ms > MOST_MS) say(`  ${name}: ${ms.toFixed(1)} ms`);
  const { name, ms, peer } = costs.toSorted((one, other) => other.ms - one.ms)[0];
  const theirs = p95(() => naive.prepare(peer).all(), 2);
  naive.close();
  store.close();
  const what = `slowest of ${lists.length} list pages, p95 (${name})`;
  return { what, ours: ms, peer: "the same, no index", theirs, unit: "ms", mostItself: MOST_MS };
}

/** The first page of a search, with its count as far as that goes: what it finds serves the pages after it. */
function measureFirstPages() {
  const asked = allLists().filter(({ options }) => options.search !== undefined);
  const costs = asked.map(({ list, options, ...rest }) => ({ ...rest, ms: firstPage(list, options) }));
  for (const { name, ms } of costs)
    if (ms > MOST_COUNT_MS) say(`  first page of ${name}: ${ms.toFixed(1)} ms`);
  const { name, ms, peer } = costs.toSorted((one, other) => other.ms - one.ms)[0];
  const naive = new Sqlite(path, { readonly: true });
  const theirs = p95(() => naive.prepare(peer).all(), 2);
  naive.close();
  const what = `slowest first page of ${costs.length} searches (${name})`;
  return { what, ours: ms, peer: "the same, no index", theirs, unit: "ms", mostItself: MOST_COUNT_MS };
}

/** In the cheapest of some stores that have just been opened. */
function firstPage(list, options) {
  const costs = Array.from({ length: FIRST_PAGES }, () => {
    const store = openStore({ path, access: "read" });
    const { user, system } = cpuOf(() => list(store, options));
    store.close();
    return (user + system) / 1_000;
  });
  return Math.min(...costs);
}

function cpuOf(work) {
  const before = process.cpuUsage();
  work();
  return process.cpuUsage(before);
}

async function measureCounts() {
  const store = openStore({ path, access: "read" });
  const naive = new Sqlite(path, { readonly: true });
  const now = new Date(NOW);
  const readSince = new Date(now.getTime() - 7 * 86_400_000);
  await gatherLines(store, { now, readSince });
  const before = process.cpuUsage();
  await gatherLines(store, { now, readSince });
  const { user, system } = process.cpuUsage(before);
  say(`  lines of Today: ${((user + system) / 1_000).toFixed(1)} ms`);
  const ours = p95(() => store.today.figures(now), COUNTS);
  const theirs = p95(
    () => naive.prepare("SELECT count(*) FROM grant_line WHERE +effective = 'yes'").get(),
    2,
  );
  naive.close();
  store.close();
  const what = "all counts of Today, p95";
  return { what, ours, peer: "one count, no index", theirs, unit: "ms", mostItself: MOST_COUNT_MS };
}

/** One page after the other, each from where the last one ended, from deep in the list. */
function turnPages(store, list, options) {
  let after = list(store, { ...options, limit: DEEP }).next;
  return () => {
    after = list(store, { ...options, after }).next;
  };
}

function p95(work, times) {
  work();
  const costs = Array.from({ length: times }, () => {
    const { user, system } = cpuOf(work);
    return (user + system) / 1_000;
  });
  return costs.toSorted((one, other) => one - other)[Math.ceil(times * 0.95) - 1];
}

function sorted(table, column) {
  return `SELECT * FROM ${table} ORDER BY +${column}, +id LIMIT 100 OFFSET ${Math.floor(size / 2)}`;
}

function like(table, column, word) {
  return `SELECT * FROM ${table} WHERE ${column} LIKE '%${word}%' ORDER BY +id LIMIT 100`;
}

function by(column, descending = false) {
  return { sort: { by: column, descending } };
}

function certificateLists() {
  const columns = {
    notAfter: "not_after",
    subject: "subject",
    issuer: "issuer",
    keyType: "key_type",
    locationCount: "location_count",
  };
  const filters = {
    expiringWithinDays: 30,
    role: "authority",
    location: "endpoint",
    owned: true,
    host: `shop${size / 2}.example`,
  };
  const make = (name, options, peer) => ({
    name: `certificates ${name}`,
    list: ask.listCertificates,
    options,
    peer,
  });
  return [
    ...Object.entries(columns).map(([column, name]) =>
      make(`by ${column}`, by(column), sorted("certificate", name)),
    ),
    make("by notAfter, the last", by("notAfter", true), sorted("certificate", "not_after")),
    make("of leaves by subject", { role: "leaf", ...by("subject") }, sorted("certificate", "subject")),
    ...Object.entries(filters).map(([name, value]) =>
      make(`of ${name} ${value}`, { [name]: value }, sorted("certificate", "not_after")),
    ),
    ...[`shop${size / 2}.`, "shop123", "example", "zq", "77", "7", "a"].map((word) =>
      make(`with ${word}`, { search: word }, like("certificate", "subject", word)),
    ),
  ];
}

function grantLists() {
  const columns = {
    host: "host_name",
    account: "account",
    fingerprint: "fingerprint",
    keyType: "key_type",
    effective: "effective",
    comment: "comment",
  };
  const filters = {
    account: "account3",
    host: "web5.corp",
    effective: "no",
    fingerprint: fingerprintOf("user7@laptop"),
  };
  const make = (name, options, peer) => ({ name: `grants ${name}`, list: ask.listGrants, options, peer });
  return [
    ...Object.entries(columns).map(([column, name]) =>
      make(`by ${column}`, by(column), sorted("grant_line", name)),
    ),
    ...Object.entries(filters).map(([name, value]) =>
      make(`of ${name} ${value.slice(0, 12)}`, { [name]: value }, sorted("grant_line", "host_name")),
    ),
    ...VERDICTS.map((verdict) =>
      make(
        `of ${JSON.stringify(verdict).replaceAll(/[{}"]/g, "")}`,
        verdict,
        sorted("grant_line", "host_name"),
      ),
    ),
    ...["user777@", "laptop", "zq", "la", "77", "7", "a"].map((word) =>
      make(`with ${word}`, { search: word }, like("grant_line", "comment", word)),
    ),
  ];
}

function hostLists() {
  const columns = { host: "host", os: "os", grantCount: "grant_count", lastSeen: "last_seen" };
  const make = (name, options, peer) => ({ name: `hosts ${name}`, list: ask.listHosts, options, peer });
  return [
    ...Object.entries(columns).map(([column, name]) =>
      make(`by ${column}`, by(column), sorted("host", name)),
    ),
    ...["web77", "zq", "77", "7", "a"].map((word) =>
      make(`with ${word}`, { search: word }, like("host", "host", word)),
    ),
  ];
}

function findingLists() {
  const columns = {
    severity: "severity",
    rule: "rule",
    host: "host",
    label: "label",
    firstSeen: "first_seen",
  };
  const make = (name, options, peer) => ({ name: `findings ${name}`, list: ask.listFindings, options, peer });
  return [
    ...Object.entries(columns).map(([column, name]) =>
      make(`by ${column}`, by(column), sorted("finding", name)),
    ),
    ...["shop77", "zq", "77", "7", "a"].map((word) =>
      make(`with ${word}`, { search: word }, like("finding", "label", word)),
    ),
    ...["web5.corp", "shop77.example"].map((host) =>
      make(`on ${host}`, { host }, `SELECT * FROM finding WHERE +host = '${host}' ORDER BY +id LIMIT 100`),
    ),
  ];
}

/** Steps of the graph: of them a grant with its key file, or with a person, is the most of what there is. */
function linkLists() {
  const peer = `SELECT * FROM grant_line WHERE +effective <> 'no' ORDER BY +fingerprint, +id LIMIT 100`;
  const make = (name, options) => ({ name: `steps ${name}`, list: ask.listLinks, options, peer });
  return [
    make("in all", {}),
    ...["person", "account"].map((by) => make(`by ${by}`, { by })),
    make("of root", { onlyRoot: true }),
    make("to web5.corp", { host: "web5.corp" }),
    ...["user775@", "web77.", "laptop", "zq", "la", "77", "7", "a"].map((word) =>
      make(`with ${word}`, { search: word }),
    ),
  ];
}

/** What is otherwise at the second scan. */
function changeLists() {
  const peer = `SELECT * FROM revision WHERE +first_scan = 2 ORDER BY +first_scan, +id LIMIT 100`;
  const make = (name, options) => ({ name: `changes ${name}`, list: ask.listChanges, options, peer });
  return [
    make("in all", {}),
    ...["grant", "account"].map((kind) => make(`of kind ${kind}`, { kind })),
    ...["changed", "gone"].map((what) => make(`that are ${what}`, { what })),
    make("on web5.corp", { host: "web5.corp" }),
    ...["user777@", "laptop", "zq", "77", "7", "a"].map((word) => make(`with ${word}`, { search: word })),
  ];
}

/** Days of logins, and logins that stand out. */
function loginLists() {
  const days = (name, options, peer) => ({ name: `logins ${name}`, list: ask.listLogins, options, peer });
  const observed = (name, options, peer) => ({
    name: `observed logins ${name}`,
    list: ask.listObservedLogins,
    options,
    peer,
  });
  const joined = "login_day JOIN login_source ON login_source.id = login_day.source";
  const inOrder = sorted("login_day", "day");
  const byWeight = sorted("login_observation", "weight");
  return [
    days("in all", {}, inOrder),
    days("of account3", { account: "account3" }, inOrder),
    days("on web5.corp", { host: "web5.corp" }, inOrder),
    days("from 10.5.3.7", { from: "10.5.3.7" }, inOrder),
    days("by password", { method: "password" }, inOrder),
    ...["web777", "account3", "zq", "77", "7", "a"].map((word) =>
      days(
        `with ${word}`,
        { search: word },
        `SELECT * FROM ${joined} WHERE host_name LIKE '%${word}%' ORDER BY +day LIMIT 100`,
      ),
    ),
    observed("in all", {}, byWeight),
    ...["web777", "zq", "7"].map((word) =>
      observed(
        `with ${word}`,
        { search: word },
        `SELECT * FROM login_observation WHERE host_name LIKE '%${word}%' ORDER BY +weight LIMIT 100`,
      ),
    ),
    observed("by lastAt", by("lastAt", true), byWeight),
    observed("of account3", { account: "account3" }, byWeight),
    observed("on web5.corp", { host: "web5.corp" }, byWeight),
    observed("that are accepted", { accepted: true }, byWeight),
    observed("that are accepted, of account3", { accepted: true, account: "account3" }, byWeight),
  ];
}
