import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createRouterClient } from "@orpc/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readPem } from "#codec/pem.ts";
import { checkIssued } from "#domain/issuing/check-issued.ts";
import { indexCertificates } from "#domain/x509/path/path-certificate.ts";
import { readListFile } from "#domain/x509/path/trusted-roots.ts";
import type { OrderDeps } from "#net/challenges/challenge.ts";
import { createReceiver, sealTo } from "#net/vault/sealed-box.ts";
import { COST, typed } from "#net/vault/testing/typed.ts";
import { createVault } from "#net/vault/vault-client.ts";
import { openStore } from "#store/store.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { ipName, makeKey, makeRequest } from "#testing/tls/make-request.ts";
import { createIssuers } from "./index.ts";

const CORP = { name: "corp", permitted: [".corp.example", "10.0.0.0/8"] };
const AT = new Date("2026-06-01T00:00:00Z");

/** One vault for all tests: each would start a process. */
const vaultFolder = await makeTemporaryFolder();
const vault = createVault({ path: join(vaultFolder.path, "latchkey.db.vault"), cost: COST });
beforeAll(() => vault.create(typed("the passphrase"), null));
afterAll(async () => {
  await vault[Symbol.asyncDispose]();
  await vaultFolder[Symbol.asyncDispose]();
});

/** What the vault keeps, by kind. */
const kept = async () => (await vault.status()).kept.map(({ kind, count }) => `${count} ${kind}`).toSorted();

/** An empty store, a list of what became trusted, and a clock that tests set. */
async function openDesk(path = ":memory:") {
  const store = openStore({ path, access: "write" });
  const trusted: { kind: string; name: string; pem: string }[] = [];
  const said: string[] = [];
  const clock = { now: AT };
  const issuers = createIssuers({
    store,
    vault,
    now: () => clock.now,
    announce: ({ kind }) => said.push(kind),
    trust: async (kind, name, pem) => void trusted.push({ kind, name, pem }),
  });
  const ways: OrderDeps = {
    signal: new AbortController().signal,
    challenges: null,
    onState: () => undefined,
    replaces: null,
    orderUrl: null,
    days: null,
  };
  const client = createRouterClient(issuers.procedures);
  return {
    store,
    trusted,
    said,
    clock,
    client,
    order: (id: number, csr: Uint8Array) => issuers.order(id, csr, ways),
    async [Symbol.asyncDispose]() {
      if (vault.state() === "locked") await vault.unlock(typed("the passphrase"));
      for (const { name } of await client.known()) await client.remove({ name });
      store.close();
    },
  };
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
const KEY = makeKey();
const csrFor = (...names: (string | Buffer)[]) => makeRequest({ key: KEY, names });

test("an authority of our own signs what it permits, and its root is trusted from then on", async () => {
  await using desk = await openDesk();
  const issuer = await desk.client.addLocal(CORP);
  expect(issuer).toMatchObject({
    kind: "local",
    permitted: ["corp.example", "10.0.0.0/8"],
    daysValid: 90,
    issued: 0,
    revoked: 0,
    root: { notAfter: "2036-05-29T00:00:00Z", subject: expect.stringMatching(/^CN=corp root /) },
    intermediate: { notAfter: "2031-05-31T00:00:00Z" },
  });
  const { root } = await desk.client.root({ name: "corp" });
  expect(desk.trusted).toEqual([{ kind: "root", name: "authority corp", pem: root }]);

  const csr = csrFor("www.corp.example", ipName(10, 1, 2, 3));
  const signed = await desk.client.sign({ name: "corp", base64: base64(csr) });
  expect(signed).toMatchObject({
    names: ["DNS:www.corp.example", "IP:10.1.2.3"],
    notAfter: "2026-08-30T00:00:00Z",
  });
  const came = readPem(Buffer.from(signed.pem)).ders;
  const roots = indexCertificates(readPem(Buffer.from(root)).ders);
  const clocks = [{ whose: "this computer", now: AT.getTime() }] as const;
  expect(checkIssued({ came, csr, before: null, roots, clocks })).toMatchObject({ kind: "sound", notes: [] });
  expect(await desk.client.known()).toMatchObject([{ name: "corp", issued: 1 }]);
  expect(desk.said).toEqual(["issuers-changed", "issuers-changed"]);
});

test("a run has its request signed, or is told in one sentence why not", async () => {
  await using desk = await openDesk();
  const { id } = await desk.client.addLocal(CORP);
  expect(await desk.order(id, csrFor("a.corp.example"))).toMatchObject({
    kind: "issued",
    chain: [expect.any(Uint8Array), expect.any(Uint8Array)],
  });
  expect(await desk.order(id, csrFor("bank.example"))).toEqual({
    kind: "refused",
    message:
      "the request asks for bank.example, where this authority may sign for corp.example, 10.0.0.0/8 and what is below alone",
  });
  desk.clock.now = new Date("2031-06-01T00:00:00Z");
  expect(await desk.order(id, csrFor("a.corp.example"))).toEqual({
    kind: "refused",
    message: "the intermediate expired 1 day ago; add another authority in its place",
  });
  expect(await desk.order(99, csrFor("a.corp.example"))).toMatchObject({ kind: "refused" });
  const person = await desk.client.addCsr({ name: "pki", note: "mail pki@corp.example" });
  expect(await desk.order(person.id, csrFor("a.corp.example"))).toEqual({
    kind: "waits",
    what: "take the request to pki (mail pki@corp.example), and bring back the certificate",
  });
});

test("while the vault is locked nothing is signed and nothing added, and it is said what to do", async () => {
  await using desk = await openDesk();
  const { id } = await desk.client.addLocal(CORP);
  await vault.lock();
  const locked = { code: "locked", message: expect.stringMatching(/unlock/) };
  await expect(desk.order(id, csrFor("a.corp.example"))).rejects.toMatchObject(locked);
  await expect(desk.client.addLocal({ ...CORP, name: "other" })).rejects.toMatchObject(locked);
  await expect(desk.client.test({ name: "corp" })).rejects.toMatchObject(locked);
  await expect(desk.client.remove({ name: "corp" })).rejects.toMatchObject(locked);
  expect(await desk.client.known()).toMatchObject([{ name: "corp", issued: 0 }]);
});

test("a key that was revoked as compromised is signed for no more, and another one is", async () => {
  await using desk = await openDesk();
  const { id } = await desk.client.addLocal(CORP);
  const names = ["a.corp.example"];
  const stolen = makeRequest({ key: makeKey(), names });
  const { sha256 } = await desk.client.sign({ name: "corp", base64: base64(stolen), days: 7 });
  await desk.client.revoke({ name: "corp", certificate: sha256, reason: "key-compromise" });
  expect(await desk.order(id, stolen)).toEqual({
    kind: "refused",
    message: "the request has a key that was revoked as compromised; make another key",
  });
  expect(await desk.order(id, makeRequest({ key: makeKey(), names }))).toMatchObject({ kind: "issued" });
});

test("what was revoked is on the lists, which our own verdicts go by, too", async () => {
  await using desk = await openDesk();
  await desk.client.addLocal(CORP);
  const sign = () => desk.client.sign({ name: "corp", base64: base64(csrFor("a.corp.example")), days: 7 });
  const [one, two] = [await sign(), await sign()];
  const colons = one.serial.toLowerCase().replace(/(..)(?=.)/g, "$1:");
  await desk.client.revoke({ name: "corp", certificate: colons, reason: "key-compromise" });
  expect(await desk.client.revoke({ name: "corp", certificate: one.sha256 })).toMatchObject({
    reason: "key-compromise",
    revokedAt: "2026-06-01T00:00:00Z",
  });
  const lists = await desk.client.revocationList({ name: "corp" });
  expect(lists).toMatchObject({ number: 1_780_272_000, revoked: 1, nextUpdate: "2026-07-01T00:00:00Z" });
  expect(readListFile(Buffer.from(lists.pem))).toHaveLength(2);
  expect(desk.trusted.at(-1)).toEqual({ kind: "crl", name: "lists of corp", pem: lists.pem });
  expect(await desk.client.revocationList({ name: "corp" })).toMatchObject({ number: 1_780_272_001 });
  expect((await desk.client.issued({ name: "corp" })).map(({ serial, reason }) => [serial, reason])).toEqual([
    [two.serial, null],
    [one.serial, "key-compromise"],
  ]);
});

test("the test of an authority finds the key of another in the vault, and its own end", async () => {
  await using desk = await openDesk();
  const { id } = await desk.client.addLocal(CORP);
  expect(await desk.client.test({ name: "corp" })).toEqual({
    isSound: true,
    lines: [
      "the root has its key in the vault, and expires in 10 years",
      "the intermediate has its key in the vault, and expires in 5 years",
    ],
  });
  const { issuers } = desk.store;
  const own = issuers.local.find(id);
  const other = issuers.add({ name: "other", kind: "local", createdAt: "2026-06-01T00:00:00Z", note: "" });
  if (own) issuers.local.add(other, { ...own, rootSecret: own.intermediateSecret });
  expect(await desk.client.test({ name: "other" })).toMatchObject({
    isSound: false,
    lines: [expect.stringMatching(/^the root has another key in the vault/), expect.any(String)],
  });
  desk.clock.now = new Date("2031-06-01T00:00:00Z");
  expect(await desk.client.test({ name: "corp" })).toMatchObject({ isSound: false });
});

test("who is removed is forgotten with its keys", async () => {
  await using desk = await openDesk();
  await desk.client.addLocal(CORP);
  await desk.client.sign({ name: "corp", base64: base64(csrFor("a.corp.example")) });
  await addDirectory(desk);
  expect(await kept()).toEqual([
    "1 account-acme",
    "1 account-eab",
    "1 authority-intermediate",
    "1 authority-root",
  ]);
  for (const name of ["corp", "le"]) await desk.client.remove({ name });
  expect(await kept()).toEqual([]);
  expect(await desk.client.known()).toEqual([]);
});

const addDirectory = async ({ client }: Awaited<ReturnType<typeof openDesk>>) =>
  client.addAcme({
    name: "le",
    directory: "https://ca.example/dir",
    contacts: ["ops@corp.example"],
    eab: { keyId: "kid-1", key: sealTo(await vault.receiver(), typed("canary-eab-key")) },
  });

test("a directory is added with an account key that the vault made; its EAB key is nowhere in the database", async () => {
  await using folder = await makeTemporaryFolder();
  await using desk = await openDesk(join(folder.path, "latchkey.db"));
  expect(await addDirectory(desk)).toMatchObject({
    kind: "acme",
    account: null,
    eabKeyId: "kid-1",
    hasRoots: false,
    challenge: null,
  });
  for (const file of ["latchkey.db", "latchkey.db-wal"].map((name) => join(folder.path, name)))
    expect((await readFile(file)).toString("latin1")).not.toContain("canary");
});

test("an EAB key that was sealed to somebody else leaves nothing behind", async () => {
  await using desk = await openDesk();
  const key = sealTo(createReceiver().receiver, typed("canary"));
  const wish = { name: "le", directory: "https://ca.example/dir", eab: { keyId: "k", key } };
  await expect(desk.client.addAcme(wish)).rejects.toMatchObject({ code: "conflict" });
  expect(await kept()).toEqual([]);
  expect(await desk.client.known()).toEqual([]);
});

test("what is not secret of an issuer is changed, what is not of its kind is refused, and an account has its contacts", async () => {
  await using desk = await openDesk();
  const { client, store } = desk;
  await client.addCsr({ name: "pki" });
  const { id } = await addDirectory(desk);
  await client.set({ name: "pki", settings: { note: "ask Ann" } });
  const contacts = ["pki@corp.example"];
  expect(await client.set({ name: "le", settings: { contacts, profile: "short" } })).toMatchObject({
    contacts,
    profile: "short",
    hasRoots: false,
    directory: "https://ca.example/dir",
  });
  expect(await client.set({ name: "le", settings: { profile: null } })).toMatchObject({
    contacts,
    profile: null,
  });
  store.issuers.acme.setAccount(id, "https://ca.example/acct/1");
  await expect(client.set({ name: "le", settings: { contacts: [] } })).rejects.toThrow("add it again");
  await expect(client.set({ name: "pki", settings: { daysValid: 9 } })).rejects.toThrow(
    "the note can be set",
  );
  expect(await client.known()).toMatchObject([{ contacts }, { note: "ask Ann" }]);
});

test.each([
  ["a name that is taken", { ...CORP }, "there is an issuer corp already"],
  ["a range that is none", { ...CORP, name: "two", permitted: ["10.0.0.1/8"] }, "say 10.0.0.0/8"],
])("%s is refused, and the vault keeps nothing of it", async (_, wish, message) => {
  await using desk = await openDesk();
  await desk.client.addLocal(CORP);
  const before = await kept();
  await expect(desk.client.addLocal(wish)).rejects.toThrow(message);
  expect(await kept()).toEqual(before);
});

test("what is no request, or none of an authority of ours, is refused", async () => {
  await using desk = await openDesk();
  await desk.client.addLocal(CORP);
  await desk.client.addCsr({ name: "pki" });
  const csr = base64(csrFor("a.corp.example"));
  const refuse = (promise: Promise<unknown>, message: RegExp) => expect(promise).rejects.toThrow(message);
  await refuse(
    desk.client.sign({ name: "corp", base64: base64(Buffer.from("hello")) }),
    /holds no certificate signing/,
  );
  await refuse(desk.client.sign({ name: "pki", base64: csr }), /pki is no authority of our own \(csr\)/);
  await refuse(desk.client.sign({ name: "gone", base64: csr }), /there is no issuer gone/);
  await refuse(desk.client.revoke({ name: "corp", certificate: "4a" }), /has signed no certificate 4a/);
});

test("the key of a zone is in the vault, and goes when another way is taken, or the issuer", async () => {
  await using desk = await openDesk();
  await addDirectory(desk);
  const way = {
    kind: "rfc2136" as const,
    server: "127.0.0.1",
    port: 53,
    zone: "corp.example",
    keyName: "k",
    algorithm: "hmac-sha256" as const,
  };
  const give = async () => {
    const secret = sealTo(await vault.receiver(), typed("Y2FuYXJ5"));
    return desk.client.setChallenge({ name: "le", challenge: { ...way, secret } });
  };
  expect(await give()).toMatchObject({
    challenge: { ...way, secretId: expect.stringMatching(/^[0-9a-f]{32}$/) },
  });
  await give();
  expect(await kept()).toContain("1 tsig");
  const hook = { kind: "dns-hook" as const, program: "/usr/local/bin/hook" };
  expect(await desk.client.setChallenge({ name: "le", challenge: hook })).toMatchObject({ challenge: hook });
  expect((await kept()).join()).not.toContain("tsig");
  await give();
  await desk.client.remove({ name: "le" });
  expect(await kept()).toEqual([]);
});

test("a directory whose URL has a password in it is refused, and nothing of it is kept", async () => {
  await using desk = await openDesk();
  const wish = { name: "le", directory: "https://user:s3cretpw@ca.example/dir" };
  await expect(desk.client.addAcme(wish)).rejects.toThrow();
  expect(await desk.client.known()).toEqual([]);
});
