/**
 * How fast the store is, as ratios to the same question asked without its indexes and counters.
 *
 *     npm exec -c 'node scripts/bench/store.mjs [CERTIFICATES]'
 *
 * 100,000 certificates and as many grants, unless told otherwise; 1,000,000 take about 4 GB of disk and 20 minutes.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Sqlite from "better-sqlite3";
import { runnerImport } from "vite";

const size = Number(process.argv[2] ?? 100_000);
const load = async (path) =>
  (await runnerImport(fileURLToPath(new URL(`../../src/main/store/${path}`, import.meta.url)))).module;
const { openStore } = await load("store.ts");
const make = await load("testing/make-visit.ts");
const ask = await load("testing/ask.ts");

const PER_HOST = 100;
const BATCH = 200;
const now = new Date("2026-06-01T00:00:00Z");
const DAY_MS = 86_400_000;
const RUNS = 40;

const folder = mkdtempSync(join(tmpdir(), "latchkey-bench-"));
try {
  const path = join(folder, "latchkey.db");
  const store = openStore({ path, access: "write" });
  reportWrites(store);
  const naive = new Sqlite(path, { readonly: true });
  naive.pragma("cache_size = -65536");
  reportLists(store, naive);
  say(`\n${(store.facts().sizeBytes / 1e6).toFixed(0)} MB`);
  naive.close();
  store.close();
} finally {
  rmSync(folder, { recursive: true });
}

function reportWrites(store) {
  const scanId = store.scans.begin({ total: size, at: make.START });
  const visits = Array.from(
    { length: size },
    (_, index) => () => make.visitEndpoint(store, `shop${index}.example`, endpoint(index, scanId)),
  );
  const hosts = Array.from(
    { length: size / PER_HOST },
    (_, index) => () => make.visitHost(store, `web${index}.corp`, host(index, scanId)),
  );
  const bare = new Sqlite(join(folder, "bare.db"));
  bare.pragma("journal_mode = WAL");
  bare.pragma("synchronous = FULL");
  bare.exec(
    "CREATE TABLE bare (id INTEGER PRIMARY KEY, sha256 TEXT UNIQUE, subject TEXT, issuer TEXT, not_after TEXT, der BLOB) STRICT",
  );
  const insert = bare.prepare(
    "INSERT INTO bare (sha256, subject, issuer, not_after, der) VALUES (?, ?, ?, ?, ?)",
  );
  const der = Buffer.alloc(1_000);
  const peer = Array.from(
    { length: size },
    (_, index) => () =>
      insert.run(`${index}`.padStart(64, "0"), `CN=shop${index}`, "CN=An Issuer", "2026", der),
  );
  const bareMs = inBatches(peer, (work) => bare.transaction(work).immediate());
  bare.close();
  say(`writes, ${size} of each           CPU microseconds   against a bare row`);
  const row = (name, count, ms) =>
    say(
      `${name.padEnd(34)} ${((ms * 1_000) / count).toFixed(0).padStart(12)} ${(ms / count / (bareMs / size)).toFixed(1).padStart(15)}x`,
    );
  row("a bare row with 1 kB", size, bareMs);
  row("visit to a new endpoint", size, inBatches(visits, store.atomically));
  row("grant of a new host", size, inBatches(hosts, store.atomically));
  const again = size / 10;
  row("visit to a known endpoint", again, inBatches(visits.slice(0, again), store.atomically));
  row("grant of a known host", again, inBatches(hosts.slice(0, again / PER_HOST), store.atomically));
}

function say(line) {
  process.stdout.write(`${line}\n`);
}

function inBatches(works, atomically) {
  const before = process.cpuUsage();
  for (let from = 0; from < works.length; from += BATCH) {
    atomically(() => {
      for (const work of works.slice(from, from + BATCH)) work();
    });
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** A leaf of its own, of which a few per cent need attention, under one of fifty authorities. */
function endpoint(index, scanId) {
  const authority = make.makeCertificate(`authority ${index % 50}`, {
    isCa: true,
    notAfter: "2040-01-01T00:00:00Z",
  });
  const notAfter = at(((index * 7_919) % 400) - 5);
  const leaf = make.makeCertificate(`shop${index}.example`, {
    notAfter,
    warnFrom: at(((index * 7_919) % 400) - 5 - 30),
    urgentFrom: at(((index * 7_919) % 400) - 5 - 15),
    issuer: `CN=authority ${index % 50}`,
    keyType: index % 3 ? "EC" : "RSA",
  });
  return { scanId, presented: { chain: [{ ...leaf, der: new Uint8Array(1_000) }, authority] } };
}

function at(days) {
  return `${new Date(now.getTime() + days * DAY_MS).toISOString().slice(0, 19)}Z`;
}

function host(index, scanId) {
  const grants = Array.from({ length: PER_HOST }, (_, line) =>
    make.makeGrant(`user${(index * 31 + line * 17) % (size / 3)}@laptop`, {
      account: `account${line % 10}`,
      file: `/home/account${line % 10}/.ssh/authorized_keys`,
      line: line + 1,
      verdict: make.makeVerdict(line % 10 === 0 ? "no" : "yes"),
    }),
  );
  const weak = {
    rule: "key-weak",
    severity: "high",
    sentence: "weak",
    evidence: [],
    remedy: "",
    label: "a key",
  };
  const findings = grants
    .slice(0, 5)
    .map(({ account, file, line }) => ({ ...weak, about: { kind: "grant", account, file, line } }));
  return { scanId, collected: { grants }, findings };
}

function reportLists(store, naive) {
  say(`\npages of 100, with their total          CPU ms      p50      p95    naive     ratio`);
  const peers = {
    like: (table, column, word) => () =>
      naive.prepare(`SELECT * FROM ${table} WHERE ${column} LIKE '%${word}%' ORDER BY +id LIMIT 100`).all(),
    sorted: (table, column) => () =>
      naive.prepare(`SELECT * FROM ${table} ORDER BY +${column}, +id LIMIT 100 OFFSET ${size / 2}`).all(),
  };
  const deep = (list) => (options) => {
    let after = null;
    return () => {
      after = list(store, { ...options, after }).next;
    };
  };
  reportCertificates(deep(ask.listCertificates), peers);
  reportGrants(deep(ask.listGrants), peers);
  reportHosts(deep(ask.listHosts), peers);
  reportFindings(deep(ask.listFindings), peers);
  const countNaive = () => naive.prepare("SELECT count(*) FROM grant_line WHERE +effective = 'yes'").get();
  row("overview", () => store.overview.read(now), countNaive);
}

function by(column, descending = false) {
  return { sort: { by: column, descending } };
}

function reportCertificates(pages, { sorted, like }) {
  const columns = {
    notAfter: "not_after",
    subject: "subject",
    issuer: "issuer",
    keyType: "key_type",
    placeCount: "place_count",
  };
  for (const [column, name] of Object.entries(columns))
    row(`certificates by ${column}`, pages(by(column)), sorted("certificate", name));
  row("certificates, the last to expire", pages(by("notAfter", true)), sorted("certificate", "not_after"));
  const filters = {
    expiringWithinDays: 30,
    role: "authority",
    place: "endpoint",
    host: `shop${size / 2}.example`,
  };
  for (const [name, value] of Object.entries(filters))
    row(`certificates, ${name} ${value}`, pages({ [name]: value }), sorted("certificate", "not_after"));
  row(
    "certificates, role leaf by subject",
    pages({ role: "leaf", ...by("subject") }),
    sorted("certificate", "subject"),
  );
  for (const word of [`shop${size / 2}.`, "shop123", "example", "zq"])
    row(`certificates with "${word}"`, pages({ search: word }), like("certificate", "subject", word));
}

function reportGrants(pages, { sorted, like }) {
  const columns = {
    host: "host_name",
    account: "account",
    fingerprint: "fingerprint",
    keyType: "key_type",
    effective: "effective",
    comment: "comment",
  };
  for (const [column, name] of Object.entries(columns))
    row(`grants by ${column}`, pages(by(column)), sorted("grant_line", name));
  const filters = {
    account: "account3",
    host: "web5.corp",
    fingerprint: make.fingerprintOf("user7@laptop"),
    effective: "no",
  };
  for (const [name, value] of Object.entries(filters))
    row(`grants, ${name} ${value.slice(0, 12)}`, pages({ [name]: value }), sorted("grant_line", "host_name"));
  for (const word of ["user777@", "laptop", "zq"])
    row(`grants with "${word}"`, pages({ search: word }), like("grant_line", "comment", word));
}

function reportHosts(pages, { sorted, like }) {
  const columns = { host: "host", os: "os", grantCount: "grant_count", lastSeen: "last_seen" };
  for (const [column, name] of Object.entries(columns))
    row(`hosts by ${column}`, pages(by(column)), sorted("host", name));
  row('hosts with "web77"', pages({ search: "web77" }), like("host", "host", "web77"));
}

function reportFindings(pages, { sorted, like }) {
  const columns = {
    severity: "severity",
    rule: "rule",
    host: "host",
    label: "label",
    firstSeen: "first_seen",
  };
  for (const [column, name] of Object.entries(columns))
    row(`findings by ${column}`, pages(by(column)), sorted("finding", name));
  row('findings with "shop77"', pages({ search: "shop77" }), like("finding", "label", "shop77"));
}

/** CPU time is a mean; the others are wall times of one page each, which a busy machine stretches. */
function row(name, ours, naive) {
  ours();
  const before = process.cpuUsage();
  const times = Array.from({ length: RUNS }, () => time(ours)).toSorted((a, b) => a - b);
  const { user, system } = process.cpuUsage(before);
  const peer = Math.min(time(naive), time(naive));
  const show = (ms) => ms.toFixed(2).padStart(9);
  const [p50, p95] = [times[RUNS / 2], times[Math.ceil(RUNS * 0.95) - 1]];
  const cpu = (user + system) / 1_000 / RUNS;
  say(
    `${name.padEnd(36)}${show(cpu)}${show(p50)}${show(p95)}${show(peer)}${`${(peer / p50).toFixed(1)}x`.padStart(10)}`,
  );
}

function time(work) {
  const start = performance.now();
  work();
  return performance.now() - start;
}
