import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createRouterClient } from "@orpc/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readCertificate } from "#domain/x509/read-certificate.ts";
import type { OrderDeps } from "#net/challenges/challenge.ts";
import { sealTo } from "#net/vault/sealed-box.ts";
import { COST, typed } from "#net/vault/testing/typed.ts";
import { createVault } from "#net/vault/vault-client.ts";
import type { OrderState } from "#shared/model/issuers/issuer.ts";
import { openStore } from "#store/store.ts";
import { makeCertificate, visitEndpoint } from "#store/testing/make-visit.ts";
import { answerAtPebble, requestFor } from "#testing/acme/acme-account.ts";
import { orderIn, startScriptedAcme } from "#testing/acme/start-scripted-acme.ts";
import { type Pebble, startPebble } from "#testing/servers/pebble.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { makeWithOpenssl } from "#testing/tls/make-with-openssl.ts";
import { createIssuers } from "../index.ts";

const EAB_KEY = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";

const folder = await makeTemporaryFolder();
const vault = createVault({ path: join(folder.path, "latchkey.db.vault"), cost: COST });
const databasePath = join(folder.path, "latchkey.db");
const store = openStore({ path: databasePath, access: "write" });
const issuers = createIssuers({
  store,
  vault,
  now: () => new Date(),
  announce: () => undefined,
  trust: async () => undefined,
});
const client = createRouterClient(issuers.procedures);
let pebble: Pebble;

beforeAll(async () => {
  await vault.create(typed("the passphrase"), null);
  pebble = await startPebble({ folder: folder.path, bindings: { "kid-1": EAB_KEY } });
});
afterAll(async () => {
  await pebble[Symbol.asyncDispose]();
  store.close();
  await vault[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const addTo = async ({ directory, roots }: Pick<Pebble, "directory" | "roots">, more: object = {}) =>
  client.addAcme({
    name: `ca-${Math.random().toString(36).slice(2)}`,
    directory,
    agreesToTerms: true,
    roots: Buffer.from(roots).toString("base64"),
    eab: { keyId: "kid-1", key: sealTo(await vault.receiver(), typed(EAB_KEY)) },
    ...more,
  });

async function order(issuer: { id: number }, names: readonly string[], more: Partial<OrderDeps> = {}) {
  const told: OrderState[] = [];
  const answer: NonNullable<OrderDeps["challenges"]>["answer"] = async (challenge) => {
    const { undo } = await answerAtPebble(pebble)(challenge);
    const undoAll = async () => undo().then(() => ({ kind: "undone" as const }));
    return { kind: "ready", undo: undoAll, note: null };
  };
  const ordered = await issuers.order(issuer.id, requestFor(...names).csr, {
    signal: new AbortController().signal,
    replaces: null,
    orderUrl: null,
    days: null,
    challenges: { type: "http-01", answer },
    onState: (state) => told.push(state),
    ...more,
  });
  return { ordered, told };
}

test("a directory is tried, which makes the account, and the second time it is there", async () => {
  const { name } = await addTo(pebble);
  const made = await client.test({ name });
  const account = (await client.known()).find((one) => one.name === name);
  expect(made).toEqual({
    isSound: true,
    lines: [
      `${new URL(pebble.directory).host} has an ACME directory`,
      "it says when certificates are to be renewed",
      `an account was made: ${account?.kind === "acme" ? account.account : ""}`,
    ],
  });
  expect((await client.test({ name })).lines.at(-1)).toContain("the account is there: ");
});

test("what a directory does not take is told by its test, and makes no account", async () => {
  const unagreed = await addTo(pebble, { agreesToTerms: false });
  const unbound = await addTo(pebble, { eab: null });
  const profiled = await addTo(pebble, { profile: "shortlived" });
  const stranger = await addTo({ ...pebble, roots: await pebble.issuingRoot() });
  const lastOf = async ({ name }: { name: string }) => (await client.test({ name })).lines.at(-1);
  expect(await lastOf(unagreed)).toContain("have to be agreed to");
  expect(await lastOf(unbound)).toContain("external account binding");
  expect(await lastOf(profiled)).toBe("it has no profile shortlived");
  expect(await lastOf(stranger)).toContain("no root that is trusted here stands behind its certificate");
  const accounts = (await client.known()).flatMap((one) => (one.kind === "acme" ? [one] : []));
  for (const { id } of [unagreed, unbound, profiled, stranger])
    expect(accounts.find((one) => one.id === id)?.account).toBeNull();
});

test("a certificate is ordered with a key that nobody but the vault has", async () => {
  const issuer = await addTo(pebble);
  const { ordered, told } = await order(issuer, ["www.a.example"]);
  if (ordered.kind !== "issued") throw new Error(JSON.stringify(ordered));
  expect(new X509Certificate(Buffer.from(ordered.chain[0] ?? [])).subjectAltName).toBe("DNS:www.a.example");
  expect(told.at(-1)).toEqual({ kind: "finalizing" });
  for (const path of [databasePath, `${databasePath}-wal`])
    expect((await readFile(path)).toString("latin1")).not.toContain(EAB_KEY.slice(4));
});

test("a certificate that was seen somewhere is revoked by its hash, and its directory says when to renew it", async () => {
  const issuer = await addTo(pebble);
  const { ordered } = await order(issuer, ["www.d.example"]);
  const [der = Buffer.alloc(0)] = ordered.kind === "issued" ? ordered.chain : [];
  const certificate = readCertificate(der);
  if (!certificate) throw new Error(JSON.stringify(ordered));
  const wish = { name: issuer.name, certificate: certificate.sha256 };
  await expect(client.revoke(wish)).rejects.toThrow("was seen anywhere");
  const seen = { ...makeCertificate("d", certificate), der: Uint8Array.from(der) };
  visitEndpoint(store, "edge", { presented: { chain: [seen] } });
  const { window } = await client.renewal(wish);
  expect([window?.from, window?.to].toSorted()).toEqual([window?.from, window?.to]);
  expect(await client.revoke({ ...wish, reason: "superseded" })).toMatchObject({
    sha256: certificate.sha256,
    names: ["DNS:www.d.example"],
    reason: "superseded",
  });
  expect(await pebble.statusOf(certificate.serial)).toBe("Revoked");
});

test("who is no ACME directory says nothing of renewal", async () => {
  await client.addCsr({ name: "pki" });
  await expect(client.renewal({ name: "pki", certificate: "00" })).rejects.toThrow(
    "pki is no ACME directory (csr)",
  );
});

test("a locked vault signs no order", async () => {
  const issuer = await addTo(pebble);
  await vault.lock();
  await expect(order(issuer, ["www.b.example"])).rejects.toMatchObject({ code: "locked" });
  await vault.unlock(typed("the passphrase"));
  expect((await order(issuer, ["www.b.example"])).ordered.kind).toBe("issued");
});

test("a chain is handed on as it came: in whatever order, and for whatever key, whoever asked judges it", async () => {
  const other = await makeWithOpenssl(folder.path, "other", { extensions: ["subjectAltName=DNS:a.example"] });
  await using scripted = await startScriptedAcme({
    "POST /order/1": orderIn("valid", { certificate: "BASE/certificate" }),
    "POST /certificate": { body: other.pem },
  });
  const issuer = await addTo(scripted);
  expect((await order(issuer, ["a.example"])).ordered).toEqual({
    kind: "issued",
    chain: [expect.anything()],
  });
});

test("names that ACME cannot show are refused before the directory is asked", async () => {
  const issuer = await addTo({ directory: "https://127.0.0.1:1/dir", roots: pebble.roots });
  expect((await order(issuer, [])).ordered).toEqual({
    kind: "refused",
    message: "the request asks for no name",
  });
});

test("a directory that is down is told of in one sentence", async () => {
  const issuer = await addTo({ directory: "https://127.0.0.1:1/dir", roots: pebble.roots });
  expect((await order(issuer, ["a.example"])).ordered).toEqual({
    kind: "refused",
    message: "127.0.0.1:1 cannot be asked: the connection was refused: nothing listens on port 1",
  });
});

test("a directory that was set up anew gets the account once more", async () => {
  const issuer = await addTo(pebble);
  store.issuers.acme.setAccount(issuer.id, new URL("/my-account/of-old", pebble.directory).href);
  expect((await order(issuer, ["www.c.example"])).ordered.kind).toBe("issued");
});
