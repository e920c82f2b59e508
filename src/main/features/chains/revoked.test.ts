import { createServer } from "node:http";
import { createRouterClient } from "@orpc/server";
import { expect, test } from "vitest";
import { NOTHING_BESIDE } from "#net/tls/server-flight-reader.ts";
import { Sha256 } from "#shared/model/certificates/certificate.ts";
import type { Finding } from "#shared/model/finding.ts";
import { ScanId } from "#shared/model/hosts/scan.ts";
import { openStore } from "#store/store.ts";
import { listFindings } from "#store/testing/ask.ts";
import { beginScan, START } from "#store/testing/make-visit.ts";
import { listen } from "#testing/servers.ts";
import { der, extension, oid, sequence, text } from "#testing/tls/build-certificate.ts";
import { isAuthority, type Signed, signCertificate } from "#testing/tls/sign-certificate.ts";
import { signAnswer, signList } from "#testing/tls/sign-revocation.ts";
import { createReader } from "../scans/describe-probe.ts";
import { createProbeWriter } from "../scans/recording/batches.ts";
import { createChains } from "./index.ts";

const root = signCertificate({ subject: "root", extensions: [isAuthority()] });
const middle = signCertificate({ subject: "middle", issuer: root, extensions: [isAuthority()] });
const stranger = signCertificate({ subject: "middle", extensions: [isAuthority()] });
const shop = signCertificate({ subject: "shop", issuer: middle, serial: 7 });
const mail = signCertificate({ subject: "mail", issuer: middle, serial: 8 });
const from = "20260501000000Z";
const until = "20290101000000Z";

/** A program whose clock shows `now.at`, and endpoints that are probed. */
function open() {
  const now = { at: START };
  const store = openStore({ path: ":memory:", access: "write", now: () => new Date(now.at) });
  const announced: string[] = [];
  const announce = ({ kind }: { kind: string }) => announced.push(kind);
  const write = createProbeWriter({
    store,
    read: createReader(store),
    post: (told) => {
      throw new Error(JSON.stringify(told));
    },
  });
  const visit = (host: string, leaf: Signed, staple: Uint8Array | null = null) => {
    const target = { kind: "tls" as const, host, port: 443, serverName: null, protocol: "tls" as const };
    const beside = {
      wire: { ...NOTHING_BESIDE, staple },
      capabilities: null,
      others: [],
      addresses: null,
      facts: {},
    };
    const identity = { scanId: ScanId.parse(beginScan(store)), at: now.at, tookMs: 1, target };
    write([{ kind: "chain", identity, chain: [leaf.der, middle.der, root.der], ...beside }], () => false);
  };
  const revoked = (): Finding[] =>
    listFindings(store, { rule: "certificate-revoked", now: new Date(now.at) }).rows;
  const chains = createRouterClient(
    createChains({ store, announce, now: () => new Date(now.at) }).procedures,
  );
  const give = (list: Buffer) =>
    chains.trust({ kind: "crl", name: "a.crl", base64: list.toString("base64") });
  return { now, store, announced, visit, chains, give, revoked };
}

const labels = (findings: readonly Finding[]) => findings.map(({ label }) => label);
const idOf = ({ sha256 }: Signed) => ({ sha256: Sha256.parse(sha256) });

test("a list that is given makes a finding of each certificate that it names, and of no other", async () => {
  const { visit, give, revoked, announced, chains, store } = open();
  visit("shop", shop);
  visit("mail", mail);
  expect(revoked()).toEqual([]);
  await give(signList({ issuer: middle, from, until, serials: [7] }));
  expect(revoked()).toMatchObject([
    {
      severity: "high",
      label: "CN=shop",
      host: "shop",
      firstSeen: START,
      sentence: "its authority has revoked it: clients that ask refuse it",
      evidence: [
        "the revocation lists that were given: it was revoked on 2026-05-01T00:00:00Z for a reason that is not given",
        "shop",
      ],
      reference: expect.stringContaining("RFC 5280"),
    },
  ]);
  expect(announced).toEqual(["trust-changed", "findings-changed"]);
  const [list] = await chains.trusted();
  await chains.distrust({ sha256: list?.sha256 ?? "" });
  expect(revoked()).toEqual([]);
  expect(store.revoked.of(shop.sha256)).toBeNull();
});

test("one that is seen after its list was given is found by the visit", async () => {
  const { visit, give, revoked } = open();
  await give(signList({ issuer: middle, from, until, serials: [7] }));
  visit("shop", shop);
  visit("mail", mail);
  expect(labels(revoked())).toEqual(["CN=shop"]);
});

test("what a list of a stranger under the same name says is believed by nobody", async () => {
  const { visit, give, revoked } = open();
  visit("shop", shop);
  await give(signList({ issuer: stranger, from, until, serials: [7] }));
  visit("shop", shop);
  expect(revoked()).toEqual([]);
});

test("a stapled answer makes a finding, and no other one that may be older takes it back", () => {
  const { visit, revoked } = open();
  const says = (state: "good" | "revoked") => signAnswer({ issuer: middle, serial: 7, state, from, until });
  visit("shop", shop, says("good"));
  expect(revoked()).toEqual([]);
  visit("shop", shop, says("revoked"));
  expect(revoked()[0]?.evidence[0]).toMatch(/^the answer that shop:443 staples: revoked on 2026-05-01/);
  visit("mail", shop, says("good"));
  visit("shop", shop);
  visit("shop", shop, says("good"));
  expect(labels(revoked())).toEqual(["CN=shop"]);
});

test("a newer list that does not name it any more takes back what an older one has said", async () => {
  const { visit, give, revoked } = open();
  visit("shop", shop);
  await give(signList({ issuer: middle, from, until, serials: [7] }));
  expect(labels(revoked())).toEqual(["CN=shop"]);
  await give(signList({ issuer: middle, from: "20260515000000Z", until }));
  expect(revoked()).toEqual([]);
});

test("an answer that cannot be believed, or no answer, makes no finding", () => {
  const { visit, revoked } = open();
  visit(
    "a",
    shop,
    signAnswer({ issuer: middle, responder: stranger, serial: 7, state: "revoked", from, until }),
  );
  visit("b", shop, Buffer.from("nothing"));
  visit("c", shop);
  expect(revoked()).toEqual([]);
});

test("what a responder answers when it is asked is kept where it says that a certificate is revoked", async () => {
  const answer = signAnswer({ issuer: middle, serial: 7, state: "revoked", from, until });
  await using server = await listen(createServer((_, response) => response.end(answer)));
  const address = `http://${server.endpoint.host}:${server.endpoint.port}/`;
  const place = sequence(oid("1.3.6.1.5.5.7.48.1"), text(0x86, address));
  const access = extension("1.3.6.1.5.5.7.1.1", sequence(place));
  const asking = signCertificate({ subject: "asking", issuer: middle, serial: 7, extensions: [access] });
  const { visit, chains, revoked, announced } = open();
  visit("shop", asking);
  await chains.queryResponders({ ...idOf(asking), hosts: ["127.0.0.1"] });
  expect(revoked()[0]?.evidence[0]).toContain(`the responder ${address}: revoked on 2026-05-01`);
  expect(announced).toEqual(["findings-changed"]);
  const { views } = await chains.revocation(idOf(asking));
  expect(views.map(({ state, by }) => `${state} by ${by}`)).toEqual([
    `revoked by the responder ${address}, before`,
    "not-checked by the revocation lists that were given",
  ]);
});

test("a list that was fetched goes a month after it was to be renewed, and what it has said stays", async () => {
  const lists = [
    signList({ issuer: middle, from, until: "20260701000000Z", serials: [7] }),
    signList({ issuer: root, from: "20260901000000Z", until }),
  ];
  let asked = 0;
  await using server = await listen(createServer((_, response) => response.end(lists[asked++])));
  const address = `http://${server.endpoint.host}:${server.endpoint.port}/list.crl`;
  const point = sequence(der(0xa0, der(0xa0, text(0x86, address))));
  const named = signCertificate({
    subject: "named",
    issuer: middle,
    serial: 7,
    extensions: [extension("2.5.29.31", sequence(point))],
  });
  const { visit, chains, give, revoked, now } = open();
  visit("shop", named);
  await give(signList({ issuer: root, from, until: "20260601000001Z" }));
  await chains.fetchLists({ ...idOf(named), hosts: ["127.0.0.1"] });
  expect(labels(revoked())).toEqual(["CN=named"]);
  expect((await chains.trusted()).map(({ source }) => source)).toEqual(["a.crl", address]);
  now.at = "2026-09-02T00:00:00Z";
  await chains.fetchLists({ ...idOf(named), hosts: ["127.0.0.1"] });
  expect((await chains.trusted()).map(({ label, source }) => [label, source])).toEqual([
    ["root", "a.crl"],
    ["root", address],
  ]);
  expect(labels(revoked())).toEqual(["CN=named"]);
});
