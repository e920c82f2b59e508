import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { identifiersOf } from "#domain/acme/order.ts";
import { openCertificate } from "#domain/x509/path/path-certificate.ts";
import { createAcmeSender } from "#net/acme/send-acme-request.ts";
import {
  answerAtPebble,
  countWaits,
  makeSigner,
  NEVER,
  openAccount,
  requestFor,
} from "#testing/acme/acme-account.ts";
import { startAlpnServer } from "#testing/acme/start-alpn-server.ts";
import { type Pebble, startPebble } from "#testing/servers/pebble.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { type AcmeClient, createAcmeClient } from "./client.ts";

let folder: Awaited<ReturnType<typeof makeTemporaryFolder>>;
let alpn: Awaited<ReturnType<typeof startAlpnServer>>;
let pebble: Pebble;
let client: AcmeClient;

beforeAll(async () => {
  folder = await makeTemporaryFolder();
  alpn = await startAlpnServer();
  pebble = await startPebble({ folder: folder.path, tlsPort: alpn.port, blocked: ["blocked.example"] });
  client = await openClient(pebble);
});
afterAll(async () => {
  await pebble[Symbol.asyncDispose]();
  await alpn[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const openClient = async ({ directory, roots }: Pick<Pebble, "directory" | "roots">) => {
  const send = await createAcmeSender({ roots });
  return createAcmeClient({ url: directory, send, now: () => new Date(), wait: countWaits().wait });
};

const by = (type: "http-01" | "dns-01") => ({ type, answer: answerAtPebble(pebble) });

/** The chain of an order that went well. */
function chainOf(ordered: object): Uint8Array[] {
  if (!("chain" in ordered)) throw new Error(JSON.stringify(ordered));
  return ordered.chain as Uint8Array[];
}

const namesOf = (chain: Uint8Array[]) =>
  new X509Certificate(Buffer.from(chain[0] ?? [])).subjectAltName
    ?.split(", ")
    .map((name) => name.replace(/^.*:/, ""))
    .sort();

test("several names are shown by http-01, and the certificate is for the request's key", async () => {
  const { order, told } = await openAccount(client);
  const request = requestFor("a.example", "B.example");
  const chain = chainOf(await order(request, by("http-01")));
  expect(identifiersOf(request.csr)).toEqual(request.names);
  expect(namesOf(chain)).toEqual(["B.example", "a.example"]);
  expect(openCertificate(chain[0] ?? request.csr)?.spki).toEqual(request.spki);
  expect(chain).toHaveLength(2);
  const of = (name: string) =>
    told.flatMap((state) => (state.kind === "challenge" && state.name === name ? [state.state] : []));
  expect([told.at(0)?.kind, told.at(-1)?.kind]).toEqual(["ordered", "finalizing"]);
  for (const name of ["a.example", "b.example"]) expect(of(name)).toEqual(["answering", "answered", "valid"]);
});

test("a wildcard and its own name are shown by dns-01, one after the other", async () => {
  const { order } = await openAccount(client);
  const request = requestFor("*.wild.example", "wild.example");
  const chain = chainOf(await order(request, by("dns-01")));
  expect(namesOf(chain)).toEqual(["*.wild.example", "wild.example"]);
});

test("a name is shown by tls-alpn-01", async () => {
  const { order } = await openAccount(client);
  await pebble.tell("add-a", { host: "tls.example", addresses: [alpn.host] });
  const request = requestFor("tls.example");
  expect(namesOf(chainOf(await order(request, { type: "tls-alpn-01", answer: alpn.answer })))).toEqual([
    "tls.example",
  ]);
});

test("an address is shown by http-01", async () => {
  const { order } = await openAccount(client);
  const request = requestFor(pebble.challengeAddress);
  expect(namesOf(chainOf(await order(request, by("http-01"))))).toEqual([pebble.challengeAddress]);
});

test("what the authority sees at a name that does not answer is its reason, and what was put there is gone", async () => {
  const { order, told } = await openAccount(client);
  const request = requestFor("silent.example");
  let undone = 0;
  const answer = async () => ({ kind: "ready" as const, undo: async () => void undone++ });
  const ordered = await order(request, { type: "http-01", answer });
  expect(ordered).toMatchObject({ kind: "refused", problem: { type: "unauthorized" } });
  expect(JSON.stringify(ordered)).toContain("silent.example: ");
  expect(told.at(-1)).toMatchObject({ state: "invalid", reason: expect.stringContaining("did not match") });
  expect(undone).toBe(1);
});

test("a name that the authority issues nothing for is refused in its own words", async () => {
  const { order } = await openAccount(client);
  const request = requestFor("www.blocked.example");
  expect(await order(request, by("http-01"))).toMatchObject({
    kind: "refused",
    problem: { type: "rejectedIdentifier" },
  });
});

test("a way that is not offered for a wildcard is told of before anything is answered", async () => {
  const { order } = await openAccount(client);
  const request = requestFor("*.a.example");
  expect(await order(request, by("http-01"))).toEqual({
    kind: "unready",
    message: `${new URL(pebble.directory).hostname} does not take http-01 for *.a.example; it takes dns-01`,
  });
});

test("a profile that the directory does not have is not asked for", async () => {
  const { order } = await openAccount(client);
  const request = requestFor("a.example");
  expect(await order(request, by("http-01"), { profile: "shortlived" })).toMatchObject({ kind: "unready" });
});

test("an order that was begun goes on by its address with the same request, and is done once", async () => {
  const { order, told } = await openAccount(client);
  const request = requestFor("resumed.example");
  const stopped = {
    type: "http-01" as const,
    answer: async () => ({ kind: "failed" as const, message: "x" }),
  };
  expect(await order(request, stopped)).toEqual({ kind: "unready", message: "x" });
  const first = told[0];
  const orderUrl = first?.kind === "ordered" ? first.url : "";
  const chain = chainOf(await order(request, by("http-01"), { orderUrl }));
  const again = chainOf(await order(request, stopped, { orderUrl }));
  expect(again).toEqual(chain);
  const urls = told.flatMap((state) => (state.kind === "ordered" ? [state.url] : []));
  expect(new Set(urls)).toEqual(new Set([orderUrl]));
});

test("an order that the authority does not know any more is begun anew", async () => {
  const { order, told } = await openAccount(client);
  const request = requestFor("lost.example");
  const orderUrl = new URL("/my-order/lost", pebble.directory).href;
  expect(namesOf(chainOf(await order(request, by("http-01"), { orderUrl })))).toEqual(["lost.example"]);
  expect(told[0]).not.toMatchObject({ url: orderUrl });
});

test("the authority says when a certificate is to be renewed, and is told which one the next takes the place of", async () => {
  const { order } = await openAccount(client);
  const request = requestFor("renewed.example");
  const [leaf = request.csr] = chainOf(await order(request, by("http-01")));
  const before = await client.renewalInfo(leaf, NEVER);
  expect(before).toEqual({ from: expect.any(String), to: expect.any(String), explanation: null });
  chainOf(await order(request, by("http-01"), { replaces: leaf }));
  // No order may replace a certificate that was replaced before; this one goes on without that.
  chainOf(await order(request, by("http-01"), { replaces: leaf }));
});

test("a certificate is revoked by its account, once or twice, and by no other", async () => {
  const { order, signer, account } = await openAccount(client);
  const other = await openAccount(client);
  const request = requestFor("revoked.example");
  const [leaf = request.csr] = chainOf(await order(request, by("http-01")));
  const serial = openCertificate(leaf)?.serial ?? "";
  const what = { der: leaf, reason: 4 };
  expect(await client.revoke(other, what, NEVER)).toMatchObject({ kind: "refused" });
  expect(await pebble.statusOf(serial)).toBe("Valid");
  expect(await client.revoke({ signer, account }, what, NEVER)).toEqual({ kind: "revoked" });
  expect(await client.revoke({ signer, account }, what, NEVER)).toEqual({ kind: "revoked" });
  expect(await pebble.statusOf(serial)).toBe("Revoked");
});

test("a key has one account, and a key without one is told so", async () => {
  const { signer, account } = await openAccount(client);
  expect(await client.find(signer, NEVER)).toEqual({ kind: "account", url: account });
  expect(await client.find(makeSigner(), NEVER)).toMatchObject({
    kind: "refused",
    problem: { type: "accountDoesNotExist" },
  });
});

test("terms are agreed to by whoever makes an account, and by nobody else", async () => {
  const wish = { contacts: ["a@b.example"], agreesToTerms: false, binding: null };
  expect(await client.register(makeSigner(), wish, NEVER)).toMatchObject({
    kind: "unready",
    message: expect.stringContaining("terms"),
  });
  expect(await client.register(makeSigner(), { ...wish, agreesToTerms: true }, NEVER)).toMatchObject({
    kind: "account",
  });
});

test("a directory behind roots that are not trusted here is not spoken to", async () => {
  const stranger = await openClient({ ...pebble, roots: await pebble.issuingRoot() });
  expect(await stranger.directory(NEVER)).toMatchObject({
    kind: "unanswered",
    message: expect.stringContaining("no root that is trusted here"),
  });
});
