import { expect, test } from "vitest";
import type { FindingDraft } from "#shared/model/finding.ts";
import { openStore } from "#store/store.ts";
import { listCertificates, listFindings, listGrants, listHosts } from "#store/testing/ask.ts";
import {
  fingerprintOf,
  makeCertificate,
  makeGrant,
  makeVerdict,
  START,
  visitEndpoint,
  visitHost,
} from "#store/testing/make-visit.ts";

const openMemory = () => openStore({ path: ":memory:", access: "write" });

const draft = (about: FindingDraft["about"], finding: Partial<FindingDraft> = {}): FindingDraft => ({
  rule: "certificate-weak-key",
  severity: "high",
  sentence: "its key is short",
  evidence: ["1024 bits"],
  remedy: "replace it",
  label: "a thing",
  about,
  ...finding,
});

test("dates are judged when they are asked for, however old the last scan is", () => {
  const store = openMemory();
  const certificate = makeCertificate("shop", {
    notBefore: "2026-06-02T00:00:00Z",
    notAfter: "2026-09-01T00:00:00Z",
    warnFrom: "2026-08-01T00:00:00Z",
    urgentFrom: "2026-08-16T00:00:00Z",
  });
  visitEndpoint(store, "shop", { presented: { chain: [certificate] } });
  const judge = (now: string) => {
    const found = listFindings(store, { now: new Date(now) });
    const [row] = listCertificates(store, { now: new Date(now) }).rows;
    expect(row?.findings).toEqual(
      found.rows.map(({ rule, severity, sentence }) => ({ rule, severity, sentence })),
    );
    expect(found.total).toBe(found.rows.length);
    return found.rows.map(({ severity, rule, firstSeen }) => [severity, rule, firstSeen]);
  };
  expect(judge("2026-06-01T12:00:00Z")).toEqual([
    ["medium", "certificate-not-yet-valid", "2026-06-01T00:00:00Z"],
  ]);
  expect(judge("2026-07-01T00:00:00Z")).toEqual([]);
  expect(judge("2026-08-01T00:00:00Z")).toEqual([["medium", "certificate-expiring", "2026-08-01T00:00:00Z"]]);
  expect(judge("2026-08-20T00:00:00Z")).toEqual([["high", "certificate-expiring", "2026-08-01T00:00:00Z"]]);
  expect(judge("2026-09-01T00:00:00Z")).toEqual([["high", "certificate-expiring", "2026-08-01T00:00:00Z"]]);
  expect(judge("2026-09-01T00:00:01Z")).toEqual([["high", "certificate-expired", "2026-09-01T00:00:00Z"]]);
});

test("a certificate that never needs attention before it expires only expires", () => {
  const store = openMemory();
  visitEndpoint(store, "shop", {
    presented: { chain: [makeCertificate("shop", { notAfter: "2026-06-01T00:00:00Z" })] },
  });
  expect(listFindings(store).rows).toEqual([]);
  expect(listFindings(store, { now: new Date("2026-06-01T00:00:01Z") }).rows).toMatchObject([
    { rule: "certificate-expired" },
  ]);
});

test("a certificate whose dates cannot be read is not said to be expired, and comes last", () => {
  const store = openMemory();
  const unreadable = makeCertificate("odd", { notBefore: null, notAfter: null });
  visitEndpoint(store, "shop", { presented: { chain: [unreadable, makeCertificate("shop")] } });
  expect(listFindings(store, { now: new Date("2026-12-01T00:00:00Z") }).rows).toEqual([]);
  expect(listCertificates(store).rows.map(({ notAfter }) => notAfter)).toEqual([
    "2027-01-01T00:00:00Z",
    null,
  ]);
});

test("an expired certificate is a finding only while it is seen somewhere", () => {
  const store = openMemory();
  const now = new Date("2027-06-01T00:00:00Z");
  visitEndpoint(store, "shop", {
    presented: { chain: [makeCertificate("old"), makeCertificate("authority")] },
  });
  expect(listFindings(store, { now }).rows).toMatchObject([
    { host: "shop", label: "CN=old" },
    { label: "CN=authority" },
  ]);
  visitEndpoint(store, "shop", {
    presented: { chain: [makeCertificate("new", { notAfter: "2028-01-01T00:00:00Z" })] },
  });
  expect(listFindings(store, { now })).toMatchObject({ rows: [], total: 0 });
});

test("what several endpoints report is one finding on no host, until one of them is left", () => {
  const store = openMemory();
  const chain = [makeCertificate("shop")];
  const findings = [draft({ kind: "certificate", sha256: chain[0]?.certificate.sha256 ?? "" })];
  visitEndpoint(store, "shop1", { presented: { chain, findings } });
  visitEndpoint(store, "shop2", { at: "2026-06-02T00:00:00Z", presented: { chain, findings } });
  const found = listFindings(store).rows;
  expect(found).toMatchObject([{ host: null, firstSeen: "2026-06-01T00:00:00Z", evidence: ["1024 bits"] }]);
  expect(listFindings(store, { host: "shop2" }).rows).toEqual(found);
  expect(listFindings(store, { host: "shop3" }).rows).toEqual([]);

  visitEndpoint(store, "shop1", {
    at: "2026-06-03T00:00:00Z",
    presented: { chain: [makeCertificate("new")] },
  });
  expect(listFindings(store).rows).toMatchObject([
    { id: found[0]?.id, host: "shop2", firstSeen: "2026-06-01T00:00:00Z" },
  ]);
  visitEndpoint(store, "shop2", { presented: { chain: [makeCertificate("new")] } });
  expect(listFindings(store)).toMatchObject({ rows: [], total: 0 });
});

test("findings of a host are replaced by the next visit that looks, and kept by one that does not", () => {
  const store = openMemory();
  const grants = [makeGrant("ann"), makeGrant("bob", { line: 2 })];
  const about = (line: number) =>
    ({ kind: "grant", account: "root", file: "/root/.ssh/authorized_keys", line }) as const;
  const weak = (line: number) => draft(about(line), { rule: "key-weak", label: `line ${line}` });
  const rows = () => listFindings(store).rows.map(({ label }) => label);
  visitHost(store, "web1", { collected: { grants }, findings: [weak(1), weak(2)] });
  expect(listGrants(store).rows.map(({ findings }) => findings.length)).toEqual([1, 1]);
  expect(listHosts(store).rows.map(({ findings }) => findings.length)).toEqual([2]);

  visitHost(store, "web1", { collected: null });
  expect(rows()).toEqual(["line 1", "line 2"]);
  visitHost(store, "web1", { collected: { grants: grants.slice(1), isPartial: true }, findings: [] });
  expect(rows()).toEqual(["line 1"]);
  visitHost(store, "web1", { collected: { grants }, findings: [] });
  expect(rows()).toEqual([]);
});

test("a changed host key is a finding until the host presents the right one", () => {
  const store = openMemory();
  const hostKey = { keyType: "ssh-ed25519", fingerprint: "SHA256:x", blob: new Uint8Array([1]) };
  const changed = draft({ kind: "host" }, { rule: "host-key-changed", severity: "critical" });
  const rules = () => listFindings(store).rows.map(({ rule }) => rule);
  visitHost(store, "web1", { collected: null, hostKey, isKeyRefused: true, findings: [changed] });
  expect(store.hosts.find(1)).toMatchObject({ refusedKey: { fingerprint: "SHA256:x" } });
  visitHost(store, "web1", { collected: null, outcome: "timed-out" });
  expect(rules()).toEqual(["host-key-changed"]);
  visitHost(store, "web1", { collected: null, outcome: "login-refused", hostKey });
  expect(rules()).toEqual([]);
  expect(store.hosts.find(1)).toMatchObject({ refusedKey: null });
});

test("what was read of a host itself is a finding until all of the host was read anew", () => {
  const store = openMemory();
  const hostKey = { keyType: "ssh-ed25519", fingerprint: "SHA256:x", blob: new Uint8Array([1]) };
  const leaked = draft({ kind: "host" }, { rule: "host-key-leaked", severity: "critical" });
  const rules = () => listFindings(store).rows.map(({ rule }) => rule);
  visitHost(store, "web1", { hostKey, findings: [leaked] });
  visitHost(store, "web1", { collected: null, outcome: "login-refused", hostKey });
  visitHost(store, "web1", { collected: { isPartial: true }, hostKey });
  expect(rules()).toEqual(["host-key-leaked"]);
  visitHost(store, "web1", { hostKey });
  expect(rules()).toEqual([]);
});

test("a key is shared when two accounts may be opened by it now, each counted once", () => {
  const store = openMemory();
  const shared = () => listFindings(store, { rule: "key-on-several-accounts" }).rows;
  visitHost(store, "web1", { collected: { grants: [makeGrant("ann"), makeGrant("ann", { line: 2 })] } });
  expect(shared()).toEqual([]);
  visitHost(store, "web2", {
    at: "2026-06-02T00:00:00Z",
    collected: { grants: [makeGrant("ann", { verdict: makeVerdict("no") })] },
  });
  expect(shared()).toEqual([]);
  visitHost(store, "web2", { at: "2026-06-03T00:00:00Z", collected: { grants: [makeGrant("ann")] } });
  expect(shared()).toMatchObject([
    {
      object: { kind: "key", fingerprint: fingerprintOf("ann") },
      evidence: ["root on web1", "root on web2"],
      firstSeen: "2026-06-03T00:00:00Z",
    },
  ]);
  expect(listGrants(store).rows.map(({ findings }) => findings.map(({ rule }) => rule))).toEqual(
    Array(3).fill(["key-on-several-accounts"]),
  );
  visitHost(store, "web1", { collected: { grants: [makeGrant("ann")] } });
  expect(shared()).toHaveLength(1);
  visitHost(store, "web1", { collected: { grants: [] } });
  expect(shared()).toEqual([]);
});

test("every finding of a list is found by its id, until it is put right", () => {
  const store = openMemory();
  const chain = ["shop", "old", "early"].map((name) =>
    makeCertificate(name, {
      ...(name === "old" ? { notAfter: "2026-05-01T00:00:00Z" } : {}),
      ...(name === "early" ? { notBefore: "2026-08-01T00:00:00Z" } : {}),
      ...(name === "shop" ? { warnFrom: "2026-05-01T00:00:00Z" } : {}),
    }),
  );
  const about = { kind: "certificate", sha256: chain[0]?.certificate.sha256 ?? "" } as const;
  visitEndpoint(store, "shop", { presented: { chain, findings: [draft(about)] } });
  const grants = [makeGrant("ann"), makeGrant("bob", { line: 2 })];
  const line = { kind: "grant", account: "root", file: "/root/.ssh/authorized_keys", line: 1 } as const;
  const weak = draft(line, { rule: "key-weak" });
  const changed = draft({ kind: "host" }, { rule: "host-key-changed" });
  visitHost(store, "web1", { collected: { grants }, findings: [weak, changed] });
  visitHost(store, "web2", { collected: { grants } });

  const now = new Date(START);
  const { rows } = listFindings(store);
  expect(rows.map(({ rule }) => rule).toSorted()).toEqual([
    "certificate-expired",
    "certificate-expiring",
    "certificate-not-yet-valid",
    "certificate-weak-key",
    "host-key-changed",
    "key-on-several-accounts",
    "key-on-several-accounts",
    "key-weak",
  ]);
  expect(rows.map(({ id }) => store.findings.find(id, now))).toEqual(rows);

  const fixed = "2026-06-02T00:00:00Z";
  visitHost(store, "web1", { at: fixed, collected: { grants: [] }, hostKey: null });
  visitEndpoint(store, "shop", { at: fixed, presented: { chain: [makeCertificate("new")] } });
  expect(rows.map(({ id }) => store.findings.find(id, now)).filter(Boolean)).toEqual([]);
  expect(store.findings.find("key-weak:grant-1 OR 1=1", now)).toBeNull();
});
