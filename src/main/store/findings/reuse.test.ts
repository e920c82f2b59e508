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
import { openFile } from "#store/testing/open-file.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const openMemory = () => openStore({ path: ":memory:", access: "write" });

const SPKI = "5".repeat(64);

/** What is found by one rule, as lists, details and single look-ups say alike. */
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

test("the private half of a certificate where servers keep it is no key of SSH", () => {
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

test("what a public authority may not do is said of a certificate that is known to be public, and of no other", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { store } = database;
  const long = makeCertificate("long", {
    isOverLimit: true,
    notBefore: "2026-06-01T00:00:00Z",
    notAfter: "2027-06-01T00:00:00Z",
  });
  const client = makeCertificate("client", { isForClients: true });
  visitEndpoint(store, "shop", { presented: { chain: [long] } });
  visitHost(store, "web1", {
    collected: { certificateFiles: [{ path: "/etc/app/client.pem", certificates: [client] }] },
  });
  const authorities = { names: ["CN=Another", "CN=An Issuer"], total: 2 };
  visitEndpoint(store, "mtls", {
    presented: { beside: { staple: null, timestamps: null, authorities, offers: null } },
  });
  const rules = ["certificate-lifetime-over-limit", "certificate-client-auth-ends"] as const;
  const found = () => rules.flatMap((rule) => findBy(store, rule));
  const say = (isPublic: 0 | 1 | null) =>
    database.write(`UPDATE certificate SET is_public = ${isPublic === null ? "NULL" : isPublic}`);
  expect(found()).toEqual([]);
  say(0);
  expect(found()).toEqual([]);
  say(1);
  expect(found()).toMatchObject([
    {
      label: "CN=long",
      host: "shop",
      sentence:
        "it is valid for 366 days; a public authority may let one that is valid from 2026-06-01 live 200",
      reference: expect.stringContaining("BR 6.3.2"),
    },
    {
      label: "CN=client",
      host: "web1",
      evidence: [
        "it is for clients (extended key usage), and no endpoint presents it",
        "web1:/etc/app/client.pem",
        "its chain ends in a public root; its issuer is CN=An Issuer",
        "mtls:443 asks clients for certificates of this issuer",
      ],
      sentence: expect.stringContaining("2027-03-15"),
    },
  ]);
  say(null);
  expect(found()).toEqual([]);
});

test("one that is presented by an endpoint is a server's, whatever else it may be used for", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { store } = database;
  visitEndpoint(store, "shop", { presented: { chain: [makeCertificate("both", { isForClients: true })] } });
  database.write("UPDATE certificate SET is_public = 1");
  expect(findBy(store, "certificate-client-auth-ends")).toEqual([]);
});
