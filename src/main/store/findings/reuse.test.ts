import { expect, test } from "vitest";
import type { Finding } from "#shared/model/finding.ts";
import { openStore, type Store } from "#store/store.ts";
import { listFindings } from "#store/testing/ask.ts";
import {
  fingerprintOf,
  makeCertificate,
  makeGrant,
  makeKeyFile,
  visitEndpoint,
  visitHost,
} from "#store/testing/make-visit.ts";

const openMemory = () => openStore({ path: ":memory:", access: "write" });

const SPKI = "5".repeat(64);

/** The findings of one rule; lists, details and single look-ups must agree. */
function findBy(store: Store, rule: Finding["rule"], now = "2026-06-01T00:00:00Z"): Finding[] {
  const at = new Date(now);
  const { rows, total } = listFindings(store, { rule, now: at });
  expect(total).toBe(rows.length);
  for (const row of rows) {
    expect(store.findings.find(row.id, at)).toEqual(row);
    expect(store.findings.about(row.object, at)).toContainEqual(row);
  }
  return rows;
}

test("one key in several certificates that are seen now is one finding, until one is left", () => {
  const store = openMemory();
  const shop = makeCertificate("shop", { spkiSha256: SPKI });
  const mail = makeCertificate("mail", { spkiSha256: SPKI });
  visitEndpoint(store, "shop", { presented: { chain: [shop] } });
  expect(findBy(store, "certificate-key-shared")).toEqual([]);
  visitEndpoint(store, "mail", { presented: { chain: [mail] } });
  expect(findBy(store, "certificate-key-shared")).toMatchObject([
    {
      severity: "low",
      object: { kind: "tls-key", spki: SPKI },
      host: null,
      sentence:
        "one key is in 2 certificates that are seen now: whoever gets hold of it can stand in for each",
      reference: expect.stringContaining("800-57"),
    },
  ]);
  expect(listFindings(store, { rule: "certificate-key-shared", host: "mail" }).total).toBe(1);
  expect(listFindings(store, { rule: "certificate-key-shared", host: "web" }).total).toBe(0);
  expect(listFindings(store, { search: "CN=shop", rule: "certificate-key-shared" }).total).toBe(1);
  visitEndpoint(store, "mail", { presented: { chain: [makeCertificate("other")] } });
  expect(findBy(store, "certificate-key-shared")).toEqual([]);
});

test("a key that was kept over renewals for more than 398 days is a finding while it is in use", () => {
  const store = openMemory();
  const from = (name: string, notBefore: string) => makeCertificate(name, { notBefore, spkiSha256: SPKI });
  visitEndpoint(store, "shop", { presented: { chain: [from("first", "2024-01-01T00:00:00Z")] } });
  visitEndpoint(store, "shop", { presented: { chain: [from("second", "2025-02-02T00:00:00Z")] } });
  expect(findBy(store, "certificate-key-kept")).toEqual([]);
  visitEndpoint(store, "shop", { presented: { chain: [from("third", "2025-02-04T00:00:00Z")] } });
  const [kept] = findBy(store, "certificate-key-kept");
  expect(kept?.sentence).toContain("kept for 400 days of renewals");
  expect(kept?.evidence[0]).toBe(
    "the first certificate of this key is valid from 2024-01-01T00:00:00Z, the last from 2025-02-04T00:00:00Z",
  );
  visitEndpoint(store, "shop", { presented: { chain: [makeCertificate("new key")] } });
  expect(findBy(store, "certificate-key-kept")).toEqual([]);
});

test("what was replaced before the first scan counts as history of its key, and as nothing that is seen now", () => {
  const store = openMemory();
  const from = (name: string, notBefore: string) =>
    makeCertificate(name, { notBefore, notAfter: "2025-09-01T00:00:00Z", spkiSha256: SPKI });
  visitHost(store, "web1", {
    collected: {
      certificateFiles: [
        { path: "/etc/letsencrypt/live/shop/cert.pem", certificates: [from("now", "2025-06-01T00:00:00Z")] },
      ],
      replacedCertificates: [from("old", "2023-06-01T00:00:00Z"), from("older", "2021-06-01T00:00:00Z")],
    },
  });
  const [kept] = findBy(store, "certificate-key-kept");
  expect(kept?.sentence).toContain("kept for 1,461 days of renewals");
  expect(findBy(store, "certificate-key-shared")).toEqual([]);
  expect(findBy(store, "certificate-expired").map(({ label }) => label)).toEqual(["CN=now"]);
});

test("that authorities share a key, or a key cannot be read, is no finding", () => {
  const store = openMemory();
  const chain = ["one", "two"].map((name) => makeCertificate(name, { spkiSha256: SPKI, isCa: true }));
  visitEndpoint(store, "shop", { presented: { chain: [...chain, makeCertificate("three")] } });
  expect(findBy(store, "certificate-key-shared")).toEqual([]);
});

test.each([
  ["opens an account", { grants: [makeGrant("both")] }, "it opens root on web1"],
  ["lies among SSH's keys", { keyFiles: [makeKeyFile("both")] }, "it lies on web1 in /root/.ssh/both"],
  [
    "is a host key",
    { hostKeys: [{ keyType: "ssh-ed25519", fingerprint: fingerprintOf("both"), keyBits: 256 }] },
    "it is a host key of web1",
  ],
])("a certificate whose key %s is found, whichever was seen first", (_, collected, evidence) => {
  for (const isHostFirst of [true, false]) {
    const store = openMemory();
    const certificate = makeCertificate("shop", { sshFingerprint: fingerprintOf("both") });
    const look = [
      () => visitHost(store, "web1", { collected }),
      () => visitEndpoint(store, "shop", { presented: { chain: [certificate] } }),
    ];
    for (const visit of isHostFirst ? look : look.toReversed()) visit();
    const [found] = findBy(store, "certificate-key-is-ssh-key");
    expect(found).toMatchObject({
      severity: "medium",
      object: { kind: "certificate" },
      evidence: [fingerprintOf("both"), evidence],
    });
    visitHost(store, "web1", { at: "2026-06-02T00:00:00Z", collected: {} });
    expect(findBy(store, "certificate-key-is-ssh-key")).toEqual([]);
  }
});

test("the private key of a certificate where servers keep it is no key of SSH", () => {
  const store = openMemory();
  const file = { ...makeKeyFile("own"), path: "/etc/ssl/private/shop.key" };
  visitHost(store, "web1", { collected: { keyFiles: [file] } });
  const certificate = makeCertificate("shop", { sshFingerprint: fingerprintOf("own") });
  visitEndpoint(store, "shop", { presented: { chain: [certificate] } });
  expect(findBy(store, "certificate-key-is-ssh-key")).toEqual([]);
});

test("a certificate that was seen by an earlier version gets its SSH fingerprint when it is seen again", () => {
  const store = openMemory();
  visitEndpoint(store, "shop", { presented: { chain: [makeCertificate("shop")] } });
  visitHost(store, "web1", { collected: { grants: [makeGrant("both")] } });
  const again = makeCertificate("shop", { sshFingerprint: fingerprintOf("both") });
  visitEndpoint(store, "shop", { presented: { chain: [again] } });
  expect(findBy(store, "certificate-key-is-ssh-key")).toHaveLength(1);
});

test("a wildcard is found once it is seen under several names", () => {
  const store = openMemory();
  const wildcard = makeCertificate("wild", { names: ["DNS:example.org", "DNS:*.example.org"] });
  const plain = makeCertificate("plain", { names: ["DNS:a.example", "DNS:b.example"] });
  for (const host of ["a.example.org", "b.example.org"])
    visitEndpoint(store, host, { presented: { chain: [wildcard, plain] } });
  expect(findBy(store, "certificate-wildcard-spread")).toMatchObject([
    { label: "CN=wild", host: null, evidence: ["*.example.org", "a.example.org", "b.example.org"] },
  ]);
  visitEndpoint(store, "b.example.org", { presented: { chain: [plain] } });
  expect(findBy(store, "certificate-wildcard-spread")).toEqual([]);
});

test("one host key under several names is one finding, about the first of them", () => {
  const store = openMemory();
  const hostKey = { keyType: "ssh-ed25519", fingerprint: fingerprintOf("clone"), blob: new Uint8Array([1]) };
  for (const host of ["web1", "web2", "web3"]) visitHost(store, host, { hostKey });
  visitHost(store, "web4", { hostKey: { ...hostKey, fingerprint: fingerprintOf("own") } });
  const found = findBy(store, "host-key-shared");
  expect(found).toMatchObject([
    {
      severity: "medium",
      object: { kind: "host", id: 1 },
      evidence: [fingerprintOf("clone"), "web1:22", "web2:22", "web3:22"],
    },
  ]);
  expect(listFindings(store, { rule: "host-key-shared", host: "web3" }).total).toBe(1);
  expect(listFindings(store, { rule: "host-key-shared", host: "web4" }).total).toBe(0);
});

test("a private key on several hosts is one finding about the first file that holds it, until one host is left", () => {
  const store = openMemory();
  const hold = (host: string, path: string, key = "own") =>
    visitHost(store, host, {
      hostKey: { keyType: "ssh-ed25519", fingerprint: fingerprintOf(host), blob: new Uint8Array([1]) },
      collected: { keyFiles: [{ ...makeKeyFile(key), path, spkiSha256: SPKI }] },
    });
  hold("web1", "/root/.ssh/id");
  expect(findBy(store, "key-on-several-hosts")).toEqual([]);
  hold("web2", "/home/ann/.ssh/id");
  const [found] = findBy(store, "key-on-several-hosts");
  expect(found).toMatchObject({
    severity: "medium",
    label: "/root/.ssh/id",
    host: null,
    sentence: "one private key lies on 2 hosts: whoever can read it on one of them has it for all",
    evidence: [fingerprintOf("own"), "web1:/root/.ssh/id", "web2:/home/ann/.ssh/id"],
  });
  hold("web3", "/etc/ssl/private/id.key");
  expect(findBy(store, "key-on-several-hosts").map(({ id }) => id)).toEqual([found?.id]);
  expect(listFindings(store, { rule: "key-on-several-hosts", host: "web2" }).total).toBe(1);
  expect(listFindings(store, { rule: "key-on-several-hosts", host: "web9" }).total).toBe(0);
  for (const host of ["web1", "web3"]) visitHost(store, host);
  expect(findBy(store, "key-on-several-hosts")).toEqual([]);
  hold("web3", "/etc/ssl/private/id.key");
  expect(findBy(store, "key-on-several-hosts")).toMatchObject([{ label: "/home/ann/.ssh/id" }]);
});

test("a key of a server on several hosts weighs less, and one machine under two names is one", () => {
  const store = openMemory();
  const hold = (host: string, machine: string) =>
    visitHost(store, host, {
      hostKey: { keyType: "ssh-ed25519", fingerprint: fingerprintOf(machine), blob: new Uint8Array([1]) },
      collected: {
        keyFiles: [
          { ...makeKeyFile("tls"), path: "/etc/ssl/private/shop.key", spkiSha256: SPKI },
          { ...makeKeyFile("host"), path: "/etc/ssh/ssh_host_ed25519_key", spkiSha256: "6".repeat(64) },
        ],
      },
    });
  hold("web1", "one machine");
  hold("192.0.2.1", "one machine");
  expect(findBy(store, "key-on-several-hosts")).toEqual([]);
  hold("web2", "another");
  expect(findBy(store, "key-on-several-hosts")).toMatchObject([
    { severity: "low", label: "/etc/ssl/private/shop.key", remedy: expect.stringContaining("accept this") },
  ]);
});
