import { expect, test } from "vitest";
import type { Finding, FindingDraft } from "#shared/model/finding.ts";
import { openStore, type Store } from "#store/store.ts";
import { listCertificates, listFindings, listGrants, listHosts, readAll } from "#store/testing/ask.ts";
import {
  fingerprintOf,
  makeCertificate,
  makeGrant,
  makeKeyFile,
  START,
  visitEndpoint,
  visitHost,
} from "#store/testing/make-visit.ts";

const NOW = new Date(START);
const UNTIL = "2026-07-01";

const draft = (about: FindingDraft["about"]): FindingDraft => ({
  rule: "certificate-weak-key",
  severity: "high",
  sentence: "its key is short",
  evidence: ["1024 bits"],
  remedy: "replace it",
  label: "a thing",
  about,
});

/** Findings of every sort: two that were reported, one of dates, one of a shared key. */
function makeStore(): Store {
  const store = openStore({ path: ":memory:", access: "write", now: () => NOW });
  const chain = ["shop", "old"].map((name) =>
    makeCertificate(name, name === "old" ? { notAfter: "2026-05-01T00:00:00Z" } : {}),
  );
  const findings = chain.map(({ certificate: { sha256 } }) => draft({ kind: "certificate", sha256 }));
  visitEndpoint(store, "shop", { presented: { chain, findings } });
  for (const host of ["web1", "web2"]) visitHost(store, host, { collected: { grants: [makeGrant("ann")] } });
  return store;
}

function accept(store: Store, { rule, object }: Finding, until = UNTIL): void {
  store.atomically(() =>
    store.acceptances.accept(rule, object, { reason: "known", until, acceptedAt: START }),
  );
}

const idsOf = (rows: readonly Finding[]) => rows.map(({ id }) => id);

test("a finding that is accepted is out of the list and of every count, and in the list of what is accepted", () => {
  const store = makeStore();
  const all = listFindings(store).rows;
  expect(all).toHaveLength(4);
  for (const finding of all) {
    accept(store, finding);
    const rest = listFindings(store);
    expect(idsOf(rest.rows)).not.toContain(finding.id);
    expect(rest.total).toBe(rest.rows.length);
    const accepted = listFindings(store, { accepted: true });
    expect(accepted.total).toBe(accepted.rows.length);
    expect(accepted.rows.find(({ id }) => id === finding.id)).toEqual({
      ...finding,
      acceptance: { reason: "known", until: UNTIL, acceptedAt: START },
    });
    const counted = store.findings.counts(NOW).reduce((sum, { count }) => sum + count, 0);
    expect(counted).toBe(rest.total);
  }
  expect(listFindings(store).rows).toEqual([]);
  expect(idsOf(listFindings(store, { accepted: true }).rows).toSorted()).toEqual(idsOf(all).toSorted());
});

test("the row of a certificate has what counts, and not what was accepted", () => {
  const store = makeStore();
  const rules = () =>
    listCertificates(store).rows.flatMap(({ commonName, findings }) =>
      commonName === "old" ? findings.map(({ rule }) => rule) : [],
    );
  expect(rules()).toEqual(["certificate-expired", "certificate-weak-key"]);
  const [expired] = listFindings(store, { rule: "certificate-expired" }).rows;
  if (!expired) throw new Error("there is none");
  accept(store, expired);
  expect(rules()).toEqual(["certificate-weak-key"]);
});

test("an acceptance ends by itself on its day, at the first second", () => {
  const store = makeStore();
  const [finding] = listFindings(store, { rule: "certificate-weak-key" }).rows;
  if (!finding) throw new Error("there is none");
  accept(store, finding);
  const at = (now: string) => store.findings.find(finding.id, new Date(now))?.acceptance ?? null;
  const listed = (now: string) =>
    idsOf(listFindings(store, { now: new Date(now) }).rows).includes(finding.id);
  expect(at("2026-06-30T23:59:59Z")).toMatchObject({ until: UNTIL });
  expect(listed("2026-06-30T23:59:59Z")).toBe(false);
  expect(at("2026-07-01T00:00:00Z")).toBeNull();
  expect(listed("2026-07-01T00:00:00Z")).toBe(true);
});

test("it holds for the rule and the thing: over scans, when the finding comes back, and for no other rule", () => {
  const store = makeStore();
  const [expired] = listFindings(store, { rule: "certificate-expired" }).rows;
  const weak = listFindings(store, { rule: "certificate-weak-key" }).rows;
  if (!expired) throw new Error("there is none");
  accept(store, expired);
  for (const finding of weak) accept(store, finding);
  visitEndpoint(store, "shop", { presented: { chain: [makeCertificate("new")] } });
  expect(listFindings(store, { accepted: true }).total).toBe(0);
  const old = makeCertificate("old");
  const about = { kind: "certificate", sha256: old.certificate.sha256 } as const;
  visitEndpoint(store, "shop", {
    presented: {
      chain: [old],
      findings: [draft(about), { ...draft(about), rule: "certificate-self-signed" }],
    },
  });
  expect(
    listFindings(store, { accepted: true })
      .rows.map(({ rule }) => rule)
      .toSorted(),
  ).toEqual(["certificate-expired", "certificate-weak-key"]);
  expect(store.findings.about(about, NOW).map(({ rule, acceptance }) => [rule, acceptance !== null])).toEqual(
    [
      ["certificate-expired", true],
      ["certificate-self-signed", false],
      ["certificate-weak-key", true],
    ],
  );
});

test("one that is accepted anew has the later reason and day, and one that is withdrawn counts again", () => {
  const store = makeStore();
  const [finding] = listFindings(store).rows;
  if (!finding) throw new Error("there is none");
  accept(store, finding, "2026-06-02");
  accept(store, finding, "2027-01-01");
  expect(store.findings.find(finding.id, NOW)?.acceptance?.until).toBe("2027-01-01");
  const withdraw = () =>
    store.atomically(() => store.acceptances.withdraw(finding.rule, finding.object, START));
  expect(withdraw()).toBe(true);
  expect(withdraw()).toBe(false);
  expect(idsOf(listFindings(store).rows)).toContain(finding.id);
});

test("pages and filters leave out what is accepted, and lose nothing else", () => {
  const store = makeStore();
  const names = Array.from({ length: 40 }, (_, index) => `late ${index}`);
  const chain = names.map((name) => makeCertificate(name, { notAfter: "2026-05-01T00:00:00Z" }));
  visitEndpoint(store, "late", { presented: { chain } });
  const all = listFindings(store, { rule: "certificate-expired", limit: 1_000 }).rows;
  for (const finding of all.filter((_, index) => index % 3 === 0)) accept(store, finding);
  const kept = idsOf(all.filter((_, index) => index % 3 !== 0)).toSorted();
  for (const by of ["severity", "rule", "host", "label", "firstSeen"] as const) {
    const sort = { by, descending: by === "label" };
    const read = readAll((page) => listFindings(store, { ...page, sort, rule: "certificate-expired" }), 7);
    expect(idsOf(read).toSorted()).toEqual(kept);
  }
  expect(listFindings(store, { search: "late", rule: "certificate-expired" }).total).toBe(
    all.filter(({ label }, index) => index % 3 !== 0 && label.includes("late")).length,
  );
  expect(
    listFindings(store, { host: "late", accepted: true }).rows.every(({ acceptance }) => acceptance),
  ).toBe(true);
});

/** The findings of a rule: those that are accepted, and those that count. */
function standingOf(store: Store, rule: Finding["rule"]): { accepted: string[]; counting: string[] } {
  const { rows, total } = listFindings(store, { rule });
  const { rows: accepted, total: acceptedTotal } = listFindings(store, { rule, accepted: true });
  expect([total, acceptedTotal]).toEqual([rows.length, accepted.length]);
  for (const { id, acceptance } of [...rows, ...accepted])
    expect(store.findings.find(id, NOW)?.acceptance).toEqual(acceptance);
  return { accepted: accepted.map(({ label }) => label), counting: rows.map(({ label }) => label) };
}

function acceptAll(store: Store, rule: Finding["rule"]): void {
  const { rows } = listFindings(store, { rule });
  expect(rows).not.toEqual([]);
  for (const finding of rows) accept(store, finding);
}

test("what is accepted of a group counts again when the group grows, and not when it shrinks", () => {
  const store = openStore({ path: ":memory:", access: "write", now: () => NOW });
  const SHARED = { spkiSha256: "5".repeat(64) };
  const present = (host: string, name: string, more = {}) =>
    visitEndpoint(store, host, { presented: { chain: [makeCertificate(name, { ...SHARED, ...more })] } });
  for (const host of ["shop", "mail", "chat"]) present(host, host);
  const rule = "certificate-key-shared";
  acceptAll(store, rule);
  const key = SHARED.spkiSha256;
  expect(standingOf(store, rule)).toEqual({ accepted: [key], counting: [] });
  // A renewal for the same names, and one certificate gone: no new member.
  present("shop", "shop", { notBefore: "2026-05-02T00:00:00Z" });
  visitEndpoint(store, "chat", { presented: { chain: [makeCertificate("own")] } });
  expect(standingOf(store, rule)).toEqual({ accepted: [key], counting: [] });
  present("new", "new");
  expect(standingOf(store, rule)).toEqual({ accepted: [], counting: [key] });
  acceptAll(store, rule);
  expect(standingOf(store, rule)).toEqual({ accepted: [key], counting: [] });
});

test.each<[Finding["rule"], (store: Store, host: string) => void]>([
  [
    "certificate-wildcard-spread",
    (store, host) =>
      visitEndpoint(store, host, {
        presented: { chain: [makeCertificate("wild", { names: ["DNS:*.example.org"] })] },
      }),
  ],
  [
    "key-on-several-accounts",
    (store, host) => visitHost(store, host, { collected: { grants: [makeGrant("ann")] } }),
  ],
  [
    "host-key-shared",
    (store, host) =>
      visitHost(store, host, {
        hostKey: { keyType: "ssh-ed25519", fingerprint: fingerprintOf("clone"), blob: new Uint8Array([1]) },
      }),
  ],
  [
    "key-on-several-hosts",
    (store, host) =>
      visitHost(store, host, {
        hostKey: { keyType: "ssh-ed25519", fingerprint: fingerprintOf(host), blob: new Uint8Array([1]) },
        collected: { keyFiles: [{ ...makeKeyFile("ann"), spkiSha256: "7".repeat(64) }] },
      }),
  ],
  [
    "certificate-expired",
    (store, host) =>
      visitEndpoint(store, host, {
        presented: { chain: [makeCertificate("old", { notAfter: "2026-05-01T00:00:00Z" })] },
      }),
  ],
  [
    "certificate-weak-key",
    (store, host) => {
      const weak = makeCertificate("weak");
      const { sha256 } = weak.certificate;
      visitEndpoint(store, host, {
        presented: { chain: [weak], findings: [draft({ kind: "certificate", sha256 })] },
      });
    },
  ],
])("an acceptance of %s covers the places that it had then", (rule, place) => {
  const store = openStore({ path: ":memory:", access: "write", now: () => NOW });
  for (const host of ["one", "two"]) place(store, host);
  acceptAll(store, rule);
  for (const host of ["one", "two"]) place(store, host);
  expect(standingOf(store, rule).counting).toEqual([]);
  place(store, "three");
  expect(standingOf(store, rule).accepted).toEqual([]);
  expect(standingOf(store, rule).counting).toHaveLength(1);
});

test("the rows of grants and hosts have what counts, and not what was accepted", () => {
  const store = openStore({ path: ":memory:", access: "write", now: () => NOW });
  for (const host of ["web1", "web2"])
    visitHost(store, host, {
      collected: { grants: [makeGrant("ann")] },
      findings: [{ ...draft({ kind: "host" }), rule: "keystore-default-password" }],
    });
  const rules = () => ({
    grants: listGrants(store).rows.flatMap(({ findings }) => findings.map(({ rule }) => rule)),
    hosts: listHosts(store).rows.flatMap(({ findings }) => findings.map(({ rule }) => rule)),
  });
  expect(rules()).toEqual({
    grants: ["key-on-several-accounts", "key-on-several-accounts"],
    hosts: ["keystore-default-password", "keystore-default-password"],
  });
  acceptAll(store, "key-on-several-accounts");
  const [first] = listFindings(store, { rule: "keystore-default-password" }).rows;
  if (first) accept(store, first);
  expect(rules()).toEqual({ grants: [], hosts: ["keystore-default-password"] });
});

test("of files of a host that are accepted another one that is gone later was never", () => {
  const store = openStore({ path: ":memory:", access: "write", now: () => NOW });
  const find = (members: string[], ...evidence: string[]) =>
    visitHost(store, "web1", {
      findings: [{ ...draft({ kind: "host" }), rule: "certificate-file-gone", evidence, members }],
    });
  find(["shop.pem"], "shop.pem is gone");
  acceptAll(store, "certificate-file-gone");
  find(["shop.pem"], "shop.pem is not there");
  expect(standingOf(store, "certificate-file-gone").counting).toEqual([]);
  find(["shop.pem", "mail.pem"], "shop.pem is not there");
  expect(standingOf(store, "certificate-file-gone").counting).toHaveLength(1);
});
