import { createRouterClient } from "@orpc/server";
import { expect, test } from "vitest";
import { createApp } from "#app";
import { settleStandings } from "#domain/people/standing.ts";
import type { Announcement } from "#shared/contract/events.ts";
import { type Finding, type FindingDraft, RuleId } from "#shared/model/finding.ts";
import { Lens, LensItem, rulesOf } from "#shared/model/lens.ts";
import { formatFound, formatRuleGaps } from "#shared/text/findings/lens.ts";
import { makeCertificate, makeGrant, START, visitEndpoint, visitHost } from "#store/testing/make-visit.ts";
import { openFile } from "#store/testing/open-file.ts";
import { startTlsServer } from "#testing/servers.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { createFindings } from "./index.ts";

const now = () => new Date("2026-06-01T00:00:00Z");

async function openScanned() {
  await using server = await startTlsServer({ notAfter: new Date("2026-06-10T00:00:00Z") });
  const app = createApp({ databasePath: ":memory:", now });
  const announcements = await app.client.events.watch();
  const { host, port } = server.endpoint;
  await app.client.scans.start({ text: `${host}:${port}` });
  for await (const { kind } of announcements) if (kind === "scan-finished") break;
  return app;
}

test("an acceptance is recorded with its reason, announced, and taken back", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { store } = database;
  const announced: Announcement["kind"][] = [];
  const findings = createRouterClient(
    createFindings({ store, announce: ({ kind }) => announced.push(kind), now }),
  );
  const chain = [makeCertificate("old", { notAfter: "2026-05-01T00:00:00Z" })];
  visitEndpoint(store, "shop", { presented: { chain } });
  const [finding] = (await findings.list({})).rows;
  if (!finding) throw new Error("there is none");
  const ids = [finding.id];
  expect(await findings.accept({ ids, reason: "a test", until: "2026-07-01" })).toEqual({ accepted: 1 });
  expect(await findings.find({ id: finding.id })).toMatchObject({
    acceptance: { reason: "a test", until: "2026-07-01", acceptedAt: "2026-06-01T00:00:00Z" },
  });
  expect(await findings.unaccept({ ids })).toEqual({ withdrawn: 1 });
  expect(await findings.unaccept({ ids })).toEqual({ withdrawn: 0 });
  expect(await findings.turnRule({ rule: "certificate-changed", isOn: true })).toEqual({ hasChanged: true });
  expect(await findings.turnRule({ rule: "certificate-changed", isOn: true })).toEqual({ hasChanged: false });
  expect(new Set(announced)).toEqual(new Set(["findings-changed"]));
  expect(database.read("SELECT kind, detail FROM event ORDER BY id DESC LIMIT 3")).toEqual([
    { kind: "rule-turned-on", detail: JSON.stringify({ rule: "certificate-changed" }) },
    { kind: "findings-unaccepted", detail: JSON.stringify({ findings: ids }) },
    {
      kind: "findings-accepted",
      detail: JSON.stringify({ reason: "a test", until: "2026-07-01", findings: ids }),
    },
  ]);
});

test("what is over, what is not there and what has no reason is refused, and then none is accepted", async () => {
  await using app = await openScanned();
  const { findings } = app.client;
  const ids = (await findings.list({})).rows.map(({ id }) => id);
  const accept = (wish: object) => findings.accept({ ids, reason: "a test", until: "2026-07-01", ...wish });
  await expect(accept({ until: "2026-06-01" })).rejects.toMatchObject({
    message: "2026-06-01 is over already; name a day after today",
  });
  await expect(accept({ ids: [...ids, "key-weak:grant-7"] })).rejects.toMatchObject({ code: "not-found" });
  await expect(accept({ reason: "  " })).rejects.toMatchObject({ code: "invalid-input" });
  await expect(accept({ until: "soon" })).rejects.toMatchObject({ code: "invalid-input" });
  expect(await findings.list({ accepted: true })).toMatchObject({ total: 0 });
});

test("nothing is said of OCSP where a certificate names no responder, nor of a limit where nobody knows who issued it", async () => {
  await using app = await openScanned();
  const { rows } = await app.client.findings.list({});
  expect(rows.map(({ rule }) => rule).toSorted()).toEqual([
    "certificate-expiring",
    "certificate-name-mismatch",
    "certificate-self-signed",
  ]);
  expect(rows.flatMap(({ sentence, evidence }) => [sentence, ...evidence]).join("\n")).not.toMatch(
    /OCSP|200/,
  );
  expect(rows.every(({ reference }) => reference !== "")).toBe(true);
});

test("each rule is evidence for an item of a standard, or is said to be none of it, and none is both", async () => {
  await using app = createApp({ databasePath: ":memory:", now });
  for (const lens of Lens.options) {
    const { items, otherRules } = await app.client.findings.lens({ lens });
    const covered = new Set(items.flatMap(({ rules }) => rules.map(({ rule }) => rule)));
    expect(otherRules.filter((rule) => covered.has(rule))).toEqual([]);
    expect(RuleId.options.filter((rule) => !covered.has(rule))).toEqual(otherRules);
  }
});

test("nothing is said to be found for an item where no scan has read anything, or no rule covers it", async () => {
  await using app = createApp({ databasePath: ":memory:", now });
  for (const lens of Lens.options) {
    const { items } = await app.client.findings.lens({ lens });
    expect(new Set(items.map(formatFound))).not.toContain("none found");
  }
  const { items } = await app.client.findings.lens({ lens: "owasp-nhi" });
  expect(items.find(({ item }) => item === "NHI3")).toEqual({ item: "NHI3", rules: [], found: [] });
});

test("an item lists the findings of its rules in the order of the whole list, page by page, and counts them", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { store } = database;
  const findings = createRouterClient(createFindings({ store, announce: () => {}, now }));
  for (const host of ["web1", "web2", "db1"]) {
    const grants = ["ann", "bob", host].map((key, index) => makeGrant(key, { line: index + 1 }));
    visitHost(store, host, { collected: { grants }, findings: DRAFTED.map(aboutFirstGrant) });
  }
  const chain = [makeCertificate("old", { notAfter: "2026-05-01T00:00:00Z" })];
  visitEndpoint(store, "shop", { presented: { chain } });
  const found = new Set<LensItem>();
  for (const by of ["severity", "rule", "host", "label", "firstSeen"] as const) {
    const sort = { by, descending: by === "host" };
    const all = await readList((after) => findings.list({ sort, after, limit: 1_000 }));
    for (const item of LensItem.options) {
      const rules = rulesOf(item);
      const expected = all.filter(({ rule }) => rules.includes(rule)).map(({ id }) => id);
      const paged = await readList((after) => findings.list({ item, sort, after, limit: 2 }));
      expect(
        paged.map(({ id }) => id),
        `${item} by ${by}`,
      ).toEqual(expected);
      if (expected.length > 0) found.add(item);
    }
  }
  expect(found.size).toBeGreaterThan(8);
  for (const lens of Lens.options) {
    const { items } = await findings.lens({ lens });
    for (const { item, found: counts } of items) {
      const sum = counts.reduce((before, { count }) => before + count, 0);
      expect(await findings.list({ item, limit: 1 }), item).toMatchObject({ total: sum });
    }
  }
});

const DRAFTED = [
  "key-weak",
  "key-leaked",
  "key-obsolete",
  "grant-for-root",
  "keystore-default-password",
] as const;

const aboutFirstGrant = (rule: (typeof DRAFTED)[number], index: number): FindingDraft => ({
  rule,
  severity: index % 2 === 0 ? "high" : "low",
  sentence: rule,
  evidence: [],
  remedy: "replace it",
  label: `thing ${index}`,
  about: { kind: "grant", account: "root", file: "/root/.ssh/authorized_keys", line: 1 },
});

test("what was accepted is counted for no item, and is listed among what was accepted", async () => {
  await using app = await openScanned();
  const { findings } = app.client;
  const selfSigned = async (accepted: boolean) => (await findings.list({ item: "NHI4", accepted })).rows;
  const [finding] = (await selfSigned(false)).filter(({ rule }) => rule === "certificate-self-signed");
  if (!finding) throw new Error("there is none");
  await findings.accept({ ids: [finding.id], reason: "a test", until: "2026-07-01" });
  expect((await selfSigned(false)).map(({ rule }) => rule)).toEqual(["certificate-name-mismatch"]);
  expect((await selfSigned(true)).map(({ id }) => id)).toEqual([finding.id]);
  const { items } = await findings.lens({ lens: "owasp-nhi" });
  expect(items.find(({ item }) => item === "NHI4")?.found).toEqual([
    { rule: "certificate-name-mismatch", severity: "low", count: 1 },
  ]);
});

test("a rule that cannot find all yet says why", async () => {
  await using app = await openScanned();
  const { items } = await app.client.findings.lens({ lens: "nist-ir-7966" });
  const gaps = new Map(items.flatMap(({ rules }) => rules.map(({ rule, gap }) => [rule, gap])));
  const { "identity-owner-left": left, ...others } = Object.fromEntries(gaps);
  expect(left).toBe("no-people-source");
  expect(new Set(Object.values(others))).toEqual(new Set(["no-host-read"]));
  expect(items.map(formatFound)).not.toContain("none found");
});

test("where a host was read, rules wait for a baseline, environments and the inventory", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { store } = database;
  const findings = createRouterClient(createFindings({ store, announce: () => {}, now }));
  visitHost(store, "web1", { collected: { grants: [] } });
  const { items } = await findings.lens({ lens: "nist-ir-7966" });
  const gaps = new Map(items.flatMap(({ rules }) => rules.map(({ rule, gap }) => [rule, gap])));
  expect(gaps.get("grant-since-baseline")).toBe("no-baseline");
  expect(gaps.get("key-across-environments")).toBe("no-environments");
  expect(gaps.get("grant-orphaned")).toBe("inventory-incomplete");
  expect(gaps.get("key-leaked")).toBeNull();
});

test("nothing is said to be found of what no log, no people source and no reading as root can have shown", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { store } = database;
  const findings = createRouterClient(createFindings({ store, announce: () => {}, now }));
  const read = async (item: LensItem) =>
    (await findings.lens({ lens: "owasp-nhi" })).items.find((one) => one.item === item);
  const gapsOf = async (rule: RuleId) => {
    const found = (await read("NHI1"))?.rules.find((one) => one.rule === rule);
    return [found?.gap, found?.hostGap];
  };
  const windows = [{ source: "journal", from: "2026-05-01T00:00:00Z", to: "2026-06-01T00:00:00Z" }];
  visitHost(store, "web1", { collected: { grants: [] } });
  const human = await read("NHI10");
  expect(human && formatFound(human)).toBe("unknown");
  expect(await gapsOf("account-unused")).toEqual(["no-logs", null]);
  expect(await gapsOf("identity-owner-left")).toEqual(["no-people-source", null]);
  expect(await gapsOf("grant-returned")).toEqual([null, null]);
  visitHost(store, "web2", { collected: { readAs: "deploy", use: { logins: [], others: [], windows } } });
  expect(await gapsOf("account-disabled-in-use")).toEqual([null, { why: "no-logs", hosts: 1, of: 2 }]);
  expect(await gapsOf("grant-returned")).toEqual([null, { why: "not-whole", hosts: 1, of: 2 }]);
  const some = await read("NHI10");
  expect(some && [formatFound(some), ...formatRuleGaps(some, String)]).toEqual([
    "none found where it was read",
    "account-used-by-person (1 of 2 hosts has no log that shows logins)",
  ]);
  for (const host of ["web1", "web2"])
    visitHost(store, host, { collected: { readAs: "root", use: { logins: [], others: [], windows } } });
  const all = await read("NHI10");
  expect(all && [formatFound(all), ...formatRuleGaps(all, String)]).toEqual(["none found"]);
});

test("nothing is said to be found of what short logs, files that were not readable and no certificate can have shown", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { store } = database;
  const findings = createRouterClient(createFindings({ store, announce: () => {}, now }));
  const gapsOf = async (...rules: RuleId[]) => {
    const { items } = await findings.lens({ lens: "owasp-nhi" });
    const all = items.flatMap((item) => item.rules);
    return rules.map((rule) => all.find((one) => one.rule === rule)).map((one) => one?.gap ?? one?.hostGap);
  };
  const logsFrom = (from: string) => ({
    use: { logins: [], others: [], windows: [{ source: "journal", from, to: "2026-06-01T00:00:00Z" }] },
  });
  visitHost(store, "web1", { collected: logsFrom("2026-05-20T00:00:00Z") });
  expect(await gapsOf("account-unused", "account-used-by-person")).toEqual(["short-logs", null]);
  visitHost(store, "web2", { collected: logsFrom("2026-02-01T00:00:00Z") });
  expect(await gapsOf("account-unused", "account-used-by-person", "key-weak")).toEqual([
    { why: "short-logs", hosts: 1, of: 2 },
    null,
    null,
  ]);
  visitHost(store, "web2", { collected: { unreadablePaths: ["/srv/git/.ssh"] } });
  expect(await gapsOf("key-weak")).toEqual([{ why: "not-whole", hosts: 1, of: 2 }]);

  expect(await gapsOf("certificate-revoked")).toEqual(["no-certificate-read"]);
  visitEndpoint(store, "gone");
  expect(await gapsOf("certificate-revoked")).toEqual(["no-certificate-read"]);
  visitEndpoint(store, "shop", { presented: { chain: [makeCertificate("shop")] } });
  expect(await gapsOf("certificate-revoked")).toEqual([null]);
});

test("rules about endpoints are clear for those that were read, and for none where certificates lie in files alone", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { store } = database;
  const findings = createRouterClient(createFindings({ store, announce: () => {}, now }));
  const gapsOf = async (...rules: RuleId[]) => {
    const { items } = await findings.lens({ lens: "owasp-nhi" });
    const all = items.flatMap((item) => item.rules);
    return rules
      .map((rule) => all.find((one) => one.rule === rule))
      .map((one) => one?.gap ?? one?.endpointGap);
  };
  const [ofChain, ofGroups, ofAny] = [
    "chain-incomplete",
    "endpoint-key-exchange-classical",
    "certificate-weak-key",
  ] as const;
  const chain = [makeCertificate("shop")];
  const certificateFiles = [{ path: "/etc/ssl/shop.pem", certificates: chain }];
  visitHost(store, "web1", { collected: { certificateFiles } });
  expect(await gapsOf(ofChain, ofGroups, ofAny)).toEqual(["no-endpoint-read", "no-endpoint-read", null]);
  visitEndpoint(store, "shop", { presented: { chain } });
  expect(await gapsOf(ofChain, ofGroups, ofAny)).toEqual([null, "no-capabilities", null]);
  visitEndpoint(store, "gone");
  const failed = { why: "not-read", endpoints: 1, of: 2 };
  expect(await gapsOf(ofChain, ofGroups, ofAny)).toEqual([failed, "no-capabilities", failed]);
  visitEndpoint(store, "old", { presented: { chain, facts: { version: "TLS 1.2" } } });
  expect(await gapsOf(ofGroups)).toEqual([{ why: "no-capabilities", endpoints: 2, of: 3 }]);
  const nhi4 = (await findings.lens({ lens: "owasp-nhi" })).items.find(({ item }) => item === "NHI4");
  expect(nhi4 && formatRuleGaps(nhi4, String)).toContain(
    "endpoint-key-exchange-classical (2 of 3 endpoints were not asked what they take)",
  );
});

test("who has left is found at an endpoint, an issuer or a tag where no host was read, and said to be", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { store } = database;
  const findings = createRouterClient(createFindings({ store, announce: () => {}, now }));
  const ruleOf = async (rule: RuleId) => {
    const { items } = await findings.lens({ lens: "owasp-nhi" });
    return items.flatMap(({ rules }) => rules).find((one) => one.rule === rule)?.gap;
  };
  store.atomically(() => store.labels.setTag("shop", { owner: "Carol Stone" }));
  expect(await ruleOf("identity-owner-left")).toBe("nothing-scanned");
  store.atomically(() => {
    const carol = { handle: "carol", name: "Carol Stone", email: null, logins: [], leftOn: null, keys: [] };
    const people = [{ ...carol, said: "gone" as const }];
    store.people.replaceSource({ name: "people.csv", kind: "csv", isWhole: false, people, at: START });
    store.people.settle(settleStandings(store.people.entries(), START.slice(0, 10), []), START);
  });
  expect(await ruleOf("identity-owner-left")).toBeNull();
  visitEndpoint(store, "shop", { presented: { chain: [makeCertificate("shop")] } });
  expect(await ruleOf("identity-owner-left")).toBeNull();
  expect(await ruleOf("identity-review-overdue")).toBe("no-host-read");
  const endpoint = { kind: "endpoint", host: "shop", port: 443, serverName: null, protocol: "tls" } as const;
  const row = store.labels.findRow(endpoint);
  if (row) store.atomically(() => store.labels.set(row, { reviewOn: "2026-05-01" }));
  expect(await ruleOf("identity-review-overdue")).toBeNull();
  expect((await findings.list({ rule: "identity-owner-left" })).total).toBe(1);
});

type Listing = { rows: Finding[]; next: string | null };

async function readList(read: (after: string | null) => Promise<Listing>): Promise<Finding[]> {
  const rows: Finding[] = [];
  for (let after: string | null = null; ; ) {
    const page: Listing = await read(after);
    rows.push(...page.rows);
    if (page.next === null) return rows;
    after = page.next;
  }
}
