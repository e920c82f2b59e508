import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { createRouterClient } from "@orpc/server";
import { expect, test } from "vitest";
import { NOTHING_BESIDE } from "#net/tls/server-flight-reader.ts";
import { Sha256 } from "#shared/model/certificates/certificate.ts";
import { ScanId } from "#shared/model/hosts/scan.ts";
import { openStore } from "#store/store.ts";
import { beginScan, START } from "#store/testing/make-visit.ts";
import { listen } from "#testing/servers.ts";
import { der, extension, oid, sequence, text } from "#testing/tls/build-certificate.ts";
import { readPkits } from "#testing/tls/read-vectors.ts";
import { isAuthority, isMeantFor, isNamed, signCertificate } from "#testing/tls/sign-certificate.ts";
import { signAnswer } from "#testing/tls/sign-revocation.ts";
import { createFindings } from "../findings/index.ts";
import { createReader } from "../scans/describe-probe.ts";
import { createProbeWriter } from "../scans/recording/batches.ts";
import { createChains } from "./index.ts";

/** Endpoints that were probed, each with the chain that it sends. */
function visit(endpoints: Record<string, readonly Uint8Array[]>) {
  const store = openStore({ path: ":memory:", access: "write" });
  const faults: unknown[] = [];
  const write = createProbeWriter({ store, read: createReader(store), post: (told) => faults.push(told) });
  const scanId = ScanId.parse(beginScan(store));
  for (const [host, chain] of Object.entries(endpoints)) {
    const target = { kind: "tls" as const, host, port: 443, serverName: null, protocol: "tls" as const };
    const beside = { wire: NOTHING_BESIDE, capabilities: null, others: [], addresses: null, facts: {} };
    write(
      [{ kind: "chain", identity: { scanId, at: START, tookMs: 1, target }, chain: [...chain], ...beside }],
      () => false,
    );
  }
  expect(faults).toEqual([]);
  const deps = { store, announce: () => undefined, now: () => new Date(START) };
  const { list } = createRouterClient(createFindings(deps));
  const findings = async () =>
    (await list({})).rows
      .map(({ rule, sentence }) => `${rule}: ${sentence}`)
      .filter((each) => each.startsWith("chain-"));
  return { store, chains: createRouterClient(createChains(deps).procedures), findings };
}

const root = signCertificate({ subject: "root", extensions: [isAuthority()] });
const middle = signCertificate({ subject: "middle", issuer: root, extensions: [isAuthority()] });
const leaf = signCertificate({ subject: "leaf", issuer: middle, extensions: [isNamed("shop.example")] });
const stray = signCertificate({ subject: "stray", extensions: [isAuthority()] });
const idOf = ({ sha256 }: { sha256: string }) => ({ sha256: Sha256.parse(sha256) });

test("a chain is shown as it was sent, and each store says what it makes of it", async () => {
  const { chains } = visit({ "shop.example": [leaf.der, stray.der, middle.der, root.der, middle.der] });
  const {
    chains: [chain],
    isPublic,
  } = await chains.read(idOf(leaf));
  expect(chain?.endpoint).toMatchObject({ host: "shop.example", port: 443, lastSeen: START });
  expect(chain?.links.map(({ label, role }) => `${label} ${role}`)).toEqual([
    "leaf leaf",
    "stray stray",
    "middle intermediate",
    "root root",
    "middle duplicate",
  ]);
  expect(isPublic).toBe(false);
  expect(chain?.verdicts).toMatchObject([
    {
      store: "mozilla",
      evaluation: { state: "invalid", reasons: [{ code: "untrusted-root", sha256: root.sha256 }] },
    },
    { store: "system" },
    { store: "yours", rootCount: 0, evaluation: null },
  ]);
  expect(chain?.verdicts[0]?.rootCount).toBeGreaterThan(100);
});

test("with its root given the same chain is valid, and no more when it is taken back", async () => {
  const { chains, store } = visit({ "shop.example": [leaf.der, middle.der] });
  const yours = async () => (await chains.read(idOf(leaf))).chains[0]?.verdicts[2]?.evaluation;
  const given = { kind: "root" as const, name: "root.der", base64: root.der.toString("base64") };
  expect(await chains.trust(given)).toEqual({ added: 1, known: 0 });
  expect(await chains.trust(given)).toEqual({ added: 0, known: 1 });
  const { verdicts = [] } = (await chains.read(idOf(leaf))).chains[0] ?? {};
  expect(verdicts.map(({ evaluation }) => evaluation?.profile)).toEqual(["webpki", "rfc5280", "rfc5280"]);
  expect(await yours()).toMatchObject({
    profile: "rfc5280",
    state: "valid-for-clients",
    acceptedBy: ["openssl", "go"],
    path: [leaf.sha256, middle.sha256, root.sha256],
  });
  expect(await chains.trusted()).toMatchObject([{ label: "root", source: "root.der", kind: "root" }]);
  await chains.distrust({ sha256: root.sha256 });
  expect(await yours()).toBeNull();
  await expect(chains.distrust({ sha256: root.sha256 })).rejects.toThrow("list them again");
  await expect(chains.trust({ ...given, base64: "AAAA" })).rejects.toThrow("root.der holds no certificate");
  expect(store.events.findBreak()).toBeNull();
});

test("what is wrong with a chain as sent is found by its order, its strays and its dates", async () => {
  const short = signCertificate({
    subject: "middle",
    issuer: root,
    extensions: [isAuthority()],
    keyOf: middle,
    notAfter: "300101000000Z",
  });
  const { findings } = visit({ "shop.example": [leaf.der, root.der, stray.der, short.der] });
  expect((await findings()).sort()).toMatchInlineSnapshot(`
    [
      "chain-expiring: an intermediate that shop.example on port 443 sends ends on 2030-01-01T00:00:00Z, before the certificate that it vouches for",
      "chain-extra: shop.example on port 443 sends certificates that have no part in its chain",
      "chain-misordered: shop.example on port 443 sends the certificates of its chain in an order in which they do not certify each other",
    ]
  `);
});

test("a missing intermediate is named only when it is known from elsewhere, and never a root", async () => {
  const found = (endpoints: Record<string, readonly Uint8Array[]>) => visit(endpoints).findings();
  expect(await found({ a: [leaf.der] })).toEqual([]);
  expect(await found({ whole: [leaf.der, middle.der], a: [leaf.der] })).toEqual([
    "chain-incomplete: a on port 443 does not send the intermediate CN=middle, without which clients may find no root",
  ]);
  // Below a private root nothing is missing: clients that trust the root have it.
  expect(await found({ whole: [leaf.der, middle.der, root.der], a: [leaf.der, middle.der] })).toEqual([]);
});

test("whether an authority is public is not said where its root was never seen", async () => {
  const { chains } = visit({ a: [leaf.der, middle.der] });
  expect((await chains.read(idOf(leaf))).isPublic).toBeNull();
});

test("a revocation list that was given tells what it tells; without one, nothing is checked", async () => {
  const { fileOf } = readPkits();
  const [revoked, good, authority] = [
    "InvalidRevokedEETest3EE.crt",
    "ValidCertificatePathTest1EE.crt",
    "GoodCACert.crt",
  ].map(fileOf);
  if (!revoked || !good || !authority) throw new Error("the suite is not whole");
  const { chains } = visit({ "revoked.example": [revoked, authority], "good.example": [good, authority] });
  const say = async (der: Uint8Array) => {
    const sha256 = Sha256.parse(createHash("sha256").update(der).digest("hex"));
    return (await chains.revocation({ sha256 })).views.map(({ state, sentence }) => `${state}: ${sentence}`);
  };
  expect(await say(good)).toEqual(["not-checked: no revocation list was given, and none is fetched"]);
  await chains.trust({ kind: "crl", name: "good.crl", base64: fileOf("GoodCACRL.crl").toString("base64") });
  expect(await say(good)).toEqual(["good: it is on none of the lists that speak for it"]);
  expect(await say(revoked)).toEqual([
    "revoked: it was revoked on 2010-01-01T08:30:01Z because its key was compromised",
  ]);
});

test("lists are fetched when that is asked for, from where the certificate says, and never else", async () => {
  const asked: string[] = [];
  const { fileOf } = readPkits();
  await using server = await listen(
    createServer((request, response) => {
      asked.push(request.url ?? "");
      response.end(request.url === "/list.crl" ? fileOf("GoodCACRL.crl") : "nothing");
    }),
  );
  const at = (path: string) => `http://${server.endpoint.host}:${server.endpoint.port}${path}`;
  const point = (path: string) => sequence(der(0xa0, der(0xa0, text(0x86, at(path)))));
  const points = extension("2.5.29.31", sequence(point("/list.crl"), point("/other")));
  const named = signCertificate({ subject: "named", issuer: middle, extensions: [points] });
  const { chains } = visit({ "shop.example": [named.der, middle.der] });
  expect(await chains.revocation(idOf(named))).toMatchObject({ lists: [at("/list.crl"), at("/other")] });
  expect(asked).toEqual([]);
  expect(await chains.fetchLists({ ...idOf(named), hosts: ["127.0.0.1"] })).toEqual({
    added: 1,
    known: 0,
    failed: [{ address: at("/other"), why: "what is there is no revocation list" }],
  });
  expect(asked).toEqual(["/list.crl", "/other"]);
  expect(await chains.trusted()).toMatchObject([{ kind: "crl", label: "Good CA", source: at("/list.crl") }]);
});

test("a responder is asked when that is asked for, and is believed where it may answer", async () => {
  const asked: string[] = [];
  const responder = signCertificate({
    subject: "responder",
    issuer: middle,
    extensions: [isMeantFor("1.3.6.1.5.5.7.3.9")],
  });
  const about = { issuer: middle, serial: 7, from: "20260501000000Z", until: "20290101000000Z" };
  const answers: Record<string, Buffer> = {
    "/revoked": signAnswer({ ...about, responder, state: "revoked" }),
    "/stranger": signAnswer({ ...about, responder: stray }),
    "/nonsense": Buffer.from("nothing"),
  };
  await using server = await listen(
    createServer(async (request, response) => {
      const body = Buffer.concat(await request.toArray());
      asked.push(
        `${request.method} ${request.url} ${request.headers["content-type"]} ${body.toString("hex")}`,
      );
      const answer = answers[request.url ?? ""];
      response.writeHead(answer ? 200 : 404).end(answer);
    }),
  );
  const at = (path: string) => `http://${server.endpoint.host}:${server.endpoint.port}${path}`;
  const place = (path: string) => sequence(oid("1.3.6.1.5.5.7.48.1"), text(0x86, at(path)));
  const paths = ["/revoked", "/stranger", "/nonsense", "/nothing", "/too-many"];
  const access = extension("1.3.6.1.5.5.7.1.1", sequence(...paths.map(place)));
  const named = signCertificate({ subject: "named", issuer: middle, serial: 7, extensions: [access] });
  const { chains, store } = visit({ "shop.example": [named.der, middle.der] });
  await chains.revocation(idOf(named));
  expect(asked).toEqual([]);
  const { views } = await chains.queryResponders({ ...idOf(named), hosts: ["127.0.0.1"] });
  expect(views.map(({ state, by, sentence }) => `${state}: ${by.replace(at(""), "")}: ${sentence}`)).toEqual([
    "revoked: the responder /revoked: revoked on 2026-05-01T00:00:00Z, as of 2026-05-01T00:00:00Z",
    "unknown: the responder /stranger: the answer is signed by nobody who may give it",
    "unknown: the responder /nonsense: the answer cannot be read",
    "not-checked: the responder /nothing: it could not be asked: the server answers 404",
  ]);
  const sha1 = (bytes: Uint8Array) => createHash("sha1").update(bytes).digest("hex");
  const id = `300906052b0e03021a05000414${sha1(middle.subject)}0414${sha1(middle.spki.subarray(-32))}020107`;
  expect(asked).toContain(`POST /nothing application/ocsp-request 30423040303e303c303a${id}`);
  expect(asked).toHaveLength(4);
  expect(store.trust.list()).toEqual([]);
});

test("nobody is asked about a certificate whose issuer is not known", async () => {
  const { chains } = visit({ "shop.example": [leaf.der] });
  await expect(chains.queryResponders(idOf(leaf))).rejects.toThrow("its issuer is not known");
});
