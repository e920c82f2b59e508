import { createRouterClient } from "@orpc/server";
import { expect, test } from "vitest";
import { settleStandings } from "#domain/people/standing.ts";
import { describeLine, formatClear } from "#shared/text/today.ts";
import { openStore, type Store } from "#store/store.ts";
import { listGrants } from "#store/testing/ask.ts";
import {
  fingerprintOf,
  makeCertificate,
  makeGrant,
  makeLogins,
  makeServing,
  makeSpans,
  makeVerdict,
  START,
  visitEndpoint,
  visitHost,
} from "#store/testing/make-visit.ts";
import { createToday } from "./index.ts";

const openToday = (store: Store, now: Date) =>
  createRouterClient(createToday({ store, announce: () => undefined, now: () => now }));

const openEmpty = () => openStore({ path: ":memory:", access: "write" });

/** Every scan of these tests was to probe an endpoint, too: here it was. */
function openProbed() {
  const store = openEmpty();
  const presented = { chain: [makeCertificate("asked")] };
  visitEndpoint(store, "asked.example", { presented, at: "2026-06-09T00:00:00Z" });
  return store;
}

/** The lines as a person reads them, and what is said of what is known. */
async function read(store: Store, now: Date) {
  const { lines, coverage, maxAgeDays } = await openToday(store, now).read({});
  return {
    lines: lines.map((line) => {
      const { about, sentence } = describeLine(line, now);
      return `${line.severity} ${about}: ${sentence}`;
    }),
    clear: formatClear(coverage, maxAgeDays),
  };
}

test("nothing is clear while a target could not be read, was read in part or too long ago, or was never probed", async () => {
  const store = openEmpty();
  const now = new Date("2026-06-20T00:00:00Z");
  const presented = { chain: [makeCertificate("shop")] };
  for (const name of ["shop", "asked.example"])
    visitEndpoint(store, name, { presented, at: "2026-06-19T00:00:00Z" });
  visitHost(store, "web1", { at: "2026-06-19T00:00:00Z" });
  expect(await read(store, now)).toEqual({
    lines: [],
    clear: { isClear: true, sentence: "nothing needs anybody: 3 targets, each read completely" },
  });
  for (const name of ["a", "b", "c", "d", "e"]) visitEndpoint(store, name, { at: "2026-06-19T00:00:00Z" });
  visitHost(store, "web2", { at: "2026-06-19T00:00:00Z", state: "partial", outcome: "truncated" });
  visitHost(store, "web3", { at: "2026-06-01T00:00:00Z" });
  visitHost(store, "web4", { at: "2026-06-19T00:00:00Z", collected: { readAs: "jo" } });
  visitHost(store, "web5", { at: "2026-06-19T00:00:00Z", collected: { areWorkloadsWhole: false } });
  expect(await read(store, now)).toEqual({
    lines: [
      "high a:443, b:443, c:443 and 2 others: could not be read: refused the connection",
      "medium root@web2: was read in part: cut short",
      "medium root@web3: was last read 19 days ago",
      "low root@web4, root@web5: were read without root, or not everything there could be read: the host's details say what; log in as root, or with sudo, to know more",
    ],
    clear: {
      isClear: false,
      sentence:
        "nothing found in 3 of 12 targets; 5 could not be read, 1 read in part, 2 not read completely, 1 last read more than 7 days ago",
    },
  });
});

test("the limit after which a reading counts as too old is the user's", async () => {
  const store = openEmpty();
  const now = new Date("2026-06-20T00:00:00Z");
  visitHost(store, "web1", { at: "2026-06-15T00:00:00Z" });
  const today = openToday(store, now);
  expect((await today.read({})).coverage.stale).toBe(0);
  expect((await today.read({ maxAgeDays: 3 })).coverage.stale).toBe(1);
  expect(await today.setMaxAge({ days: 2 })).toEqual({ hasChanged: true });
  expect(await today.setMaxAge({ days: 2 })).toEqual({ hasChanged: false });
  expect(await today.read({})).toMatchObject({ coverage: { stale: 1 }, maxAgeDays: 2 });
});

test("what expires comes nearest first, and what has lines of its own is not counted again", async () => {
  const store = openProbed();
  const now = new Date("2026-06-10T00:00:00Z");
  for (let day = 30; day > 10; day--) {
    const dates = { notAfter: `2026-06-${day}T00:00:00Z`, warnFrom: START, urgentFrom: START };
    visitEndpoint(store, `shop${day}`, {
      at: "2026-06-09T00:00:00Z",
      presented: { chain: [makeCertificate(`shop${day}`, dates)] },
    });
  }
  const { lines } = await read(store, now);
  expect(lines).toHaveLength(11);
  expect(lines.slice(0, 2)).toEqual([
    "high CN=shop11: the certificate expires in 1 day",
    "high CN=shop12: the certificate expires in 2 days",
  ]);
  expect(lines.at(-1)).toBe("high Certificate expires soon: 10 more findings of this rule");
});

test("whoever has left is a line with what their keys still open, and leaves it once that is accepted", async () => {
  const store = openProbed();
  const now = new Date("2026-06-10T00:00:00Z");
  const person = (name: string, said: "gone" | "active", keys: string[]) => ({
    handle: name,
    name,
    email: null,
    logins: [name.toLowerCase()],
    said,
    leftOn: null,
    keys: keys.map((key) => ({ fingerprint: fingerprintOf(key), keyType: "ssh-ed25519" })),
  });
  const people = [
    person("Carol", "gone", ["carol's"]),
    person("Dan", "gone", ["dan's", "team's"]),
    person("Ann", "active", ["team's"]),
  ];
  store.people.replaceSource({ name: "people.csv", kind: "csv", isWhole: false, people, at: START });
  store.people.settle(settleStandings(store.people.entries(), "2026-06-10", []), START);
  const grants = [
    makeGrant("carol's"),
    makeGrant("dan's", { line: 2, account: "dan", verdict: makeVerdict("unknown") }),
    makeGrant("team's", { line: 3, account: "dan", verdict: makeVerdict("no") }),
  ];
  visitHost(store, "web1", { at: "2026-06-09T00:00:00Z", collected: { grants } });
  expect((await read(store, now)).lines).toEqual([
    "high Carol: has left and can still log in: root on web1",
    "high Dan: has left and may still log in: dan on web1",
  ]);
  const [carols] = listGrants(store, { search: "carol" }).rows;
  store.atomically(() =>
    store.acceptances.accept(
      "grant-orphaned",
      { kind: "grant", id: carols?.id ?? 0 },
      { reason: "until Friday", until: "2026-06-12", acceptedAt: "2026-06-10T00:00:00Z" },
    ),
  );
  expect((await read(store, now)).lines).toEqual(["high Dan: has left and may still log in: dan on web1"]);
});

test("of what the keys of somebody who has left open, what logs in is named first, and what was accepted is not", async () => {
  const store = openProbed();
  const now = new Date("2026-06-10T00:00:00Z");
  const keys = [{ fingerprint: fingerprintOf("carol's"), keyType: "ssh-ed25519" }];
  const people = [
    {
      handle: "carol",
      name: "Carol",
      email: null,
      logins: ["carol"],
      said: "gone",
      leftOn: null,
      keys,
    } as const,
  ];
  store.people.replaceSource({ name: "people.csv", kind: "csv", isWhole: false, people, at: START });
  store.people.settle(settleStandings(store.people.entries(), "2026-06-10", []), START);
  const grants = [
    makeGrant("carol's", { line: 1, account: "adm", verdict: makeVerdict("unknown") }),
    makeGrant("carol's", { line: 2, account: "backup" }),
    makeGrant("carol's", { line: 3, account: "root" }),
  ];
  visitHost(store, "web1", { at: "2026-06-09T00:00:00Z", collected: { grants } });
  const said = async () => (await read(store, now)).lines.filter((line) => line.includes("Carol"));
  expect(await said()).toEqual([
    "high Carol: has left and can still log in: backup on web1, root on web1, adm on web1",
  ]);
  const backup = listGrants(store, { account: "backup" }).rows[0]?.id ?? 0;
  const accepted = {
    reason: "until Friday",
    until: "2026-06-12",
    acceptedAt: "2026-06-10T00:00:00Z",
  } as const;
  store.atomically(() => store.acceptances.accept("grant-orphaned", { kind: "grant", id: backup }, accepted));
  expect(await said()).toEqual(["high Carol: has left and can still log in: root on web1, adm on web1"]);
});

test("a key that somebody who is there has, too, hides nobody who has left", async () => {
  const store = openProbed();
  const now = new Date("2026-06-10T00:00:00Z");
  const keys = [{ fingerprint: fingerprintOf("shared"), keyType: "ssh-ed25519" }];
  const person = (name: string, said: "gone" | "active") =>
    ({ handle: name, name, email: null, logins: [name], said, leftOn: null, keys }) as const;
  const people = [person("carol", "gone"), person("accomplice", "active")];
  store.people.replaceSource({ name: "people.csv", kind: "csv", isWhole: false, people, at: START });
  store.people.settle(settleStandings(store.people.entries(), "2026-06-10", []), START);
  visitHost(store, "web1", { at: "2026-06-09T00:00:00Z", collected: { grants: [makeGrant("shared")] } });
  expect((await read(store, now)).lines).toEqual(["high carol: has left and can still log in: root on web1"]);
});

test("an accepted finding is no line, and neither is one that needs nobody today", async () => {
  const store = openProbed();
  const now = new Date("2026-06-10T00:00:00Z");
  const expired = makeCertificate("old", { notAfter: "2026-06-05T00:00:00Z" });
  visitEndpoint(store, "old", { at: "2026-06-09T00:00:00Z", presented: { chain: [expired] } });
  visitHost(store, "web1", { at: "2026-06-09T00:00:00Z", collected: { grants: [makeGrant("root's")] } });
  expect((await read(store, now)).lines).toEqual(["high CN=old: the certificate expired 5 days ago"]);
  store.atomically(() =>
    store.acceptances.accept(
      "certificate-expired",
      { kind: "certificate", sha256: expired.certificate.sha256 },
      { reason: "decommissioned", until: "2026-12-01", acceptedAt: "2026-06-10T00:00:00Z" },
    ),
  );
  expect((await read(store, now)).lines).toEqual([]);
});

test("what expires is renewed already where its server alone has not read the later one, and is not where a file still holds it", async () => {
  const store = openProbed();
  const now = new Date("2026-06-10T00:00:00Z");
  const at = "2026-06-09T00:00:00Z";
  const dates = { notAfter: "2026-06-20T00:00:00Z", warnFrom: START, urgentFrom: START };
  const stale = makeCertificate("stale", dates);
  const { sha256 } = stale.certificate;
  const about = { kind: "certificate" as const, sha256 };
  const said = { sentence: "stale:443 still serves it", evidence: [], remedy: "", label: "CN=stale" };
  const finding = { rule: "certificate-not-reloaded" as const, severity: "high" as const, about, ...said };
  visitEndpoint(store, "stale", { at, presented: { chain: [stale] } });
  const disk = { addresses: [], map: "{}", bindings: [makeServing("stale")] };
  visitHost(store, "stale", { at, collected: { disk } });
  for (const endpoint of store.served.endpoints({ host: "stale", port: 443, serverName: null })) {
    const rows = store.served.hostsOf(endpoint).flatMap((host) => store.served.rowsAt(host, endpoint.port));
    const { certificate } = endpoint;
    const sights = rows.map(({ id }) => ({
      binding: id,
      certificate,
      state: "not-reloaded" as const,
      evidence: [],
    }));
    store.atomically(() =>
      store.served.keep(endpoint, sights, { drafts: [finding], isOurs: () => true, at }),
    );
  }
  const ask = async () => {
    const { lines } = await openToday(store, now).read({});
    return lines.flatMap((line) => (line.kind === "finding" ? [[line.finding.rule, line.isRenewed]] : []));
  };
  expect(await ask()).toEqual([
    ["certificate-expiring", true],
    ["certificate-not-reloaded", false],
  ]);
  const certificateFiles = [{ path: "/etc/ssl/stale.pem", certificates: [stale] }];
  visitHost(store, "web2", { at, collected: { certificateFiles } });
  expect(await ask()).toEqual([
    ["certificate-expiring", false],
    ["certificate-not-reloaded", false],
  ]);
});

test("nothing scanned is said to be empty", async () => {
  const store = openStore({ path: ":memory:", access: "write" });
  const today = openToday(store, new Date(START));
  expect(await today.figures()).toMatchObject({
    isEmpty: true,
    lastScan: null,
    nextToExpire: [],
    findings: [],
  });
});

test("the first page counts what there is, and names what expires next", async () => {
  const store = openStore({ path: ":memory:", access: "write" });
  const today = openToday(store, new Date("2026-06-10T00:00:00Z"));
  visitEndpoint(store, "old", {
    presented: { chain: [makeCertificate("old", { notAfter: "2026-06-05T00:00:00Z" })] },
  });
  visitEndpoint(store, "soon", {
    presented: { chain: [makeCertificate("soon", { notAfter: "2026-06-20T00:00:00Z" })] },
  });
  visitEndpoint(store, "later", { presented: { chain: [makeCertificate("later")] } });
  visitEndpoint(store, "odd", { presented: { chain: [makeCertificate("odd", { notAfter: null })] } });
  visitEndpoint(store, "dead");
  const verdicts = (["yes", "no", "unknown"] as const).map((state, line) =>
    makeGrant(state, { line, verdict: makeVerdict(state) }),
  );
  visitHost(store, "web1", { collected: { grants: verdicts } });
  visitHost(store, "web2", { collected: null });

  const page = await today.figures();
  expect(page).toMatchObject({
    isEmpty: false,
    hosts: { total: 2, read: 1, partial: 0, failed: 1 },
    endpoints: { total: 5, presented: 4, failed: 1 },
    certificates: { total: 4, expired: 1, within30Days: 1 },
    grants: { total: 3, yes: 1, no: 1, unknown: 1 },
    findings: [{ rule: "certificate-expired", severity: "high", count: 1 }],
    lastScan: { id: 7, failed: 1 },
  });
  expect(page.nextToExpire.map(({ commonName }) => commonName)).toEqual(["old", "soon", "later"]);
  expect(page.expiryByWeek.map(({ count }) => count)).toEqual([0, 1, ...Array(10).fill(0)]);
});

test("a login that stands out and weighs much is a line until it is accepted; one that weighs little is none", async () => {
  const store = openProbed();
  const now = new Date("2026-06-10T00:00:00Z");
  const refused = {
    rule: "login-after-failures",
    refused: 412,
    firstRefusedAt: "2026-06-01T00:00:00Z",
    lastRefusedAt: "2026-06-01T01:00:00Z",
  } as const;
  const severe = makeLogins(["root"], { severity: "high", facts: refused, method: "password", by: "" });
  const others = makeLogins(["ann"]);
  const observed = [severe, others].flatMap(({ reading }) => reading?.observed ?? []);
  const reading = { spans: makeSpans(), observed };
  visitHost(store, "web1", { at: "2026-06-09T00:00:00Z", collected: { logins: { days: [], reading } } });
  const { lines } = await read(store, now);
  expect(lines).toEqual([
    "high root@web1: 192.0.2.7 got in by password after 412 passwords of this account were refused to it",
  ]);
  const [login] = (await openToday(store, now).read({})).lines;
  if (login?.kind !== "login") throw new Error("it is a line");
  store.atomically(() =>
    store.logins.accept(login.login.id, {
      reason: "a test",
      until: "2026-07-01",
      acceptedAt: "2026-06-10T00:00:00Z",
    }),
  );
  expect((await read(store, now)).lines).toEqual([]);
});
