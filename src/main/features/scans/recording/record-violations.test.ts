import { expect, test } from "vitest";
import { createSharedWork } from "#domain/x509/path/build-paths.ts";
import { indexCertificates } from "#domain/x509/path/path-certificate.ts";
import { readCertificate } from "#domain/x509/read-certificate.ts";
import { NOTHING_BESIDE } from "#net/tls/server-flight-reader.ts";
import { ScanId } from "#shared/model/hosts/scan.ts";
import type { EndpointProbe, HostProbe } from "#store/probe-record.ts";
import { openStore, type Store } from "#store/store.ts";
import { listCertificates, listFindings } from "#store/testing/ask.ts";
import { beginScan, START, visitEndpoint, visitHost } from "#store/testing/make-visit.ts";
import { extension, sequence } from "#testing/tls/build-certificate.ts";
import { CONSTRAINED_CHAINS, identifiesKey, makeChain, makeEcKeys } from "#testing/tls/conforming-chain.ts";
import {
  isAuthority,
  isMeantFor,
  mayBeUsedFor,
  type Signed,
  signCertificate,
} from "#testing/tls/sign-certificate.ts";
import { toSeen } from "../describe-parts.ts";
import { createReader } from "../describe-probe.ts";
import { createProbeWriter } from "./batches.ts";
import { createPublicNoter, MOST_STEPS_OF_PROBE } from "./note-certificates.ts";
import { createViolationRecorder } from "./record-violations.ts";

const NOW = new Date(START);
const WITHOUT_ISSUER_KEY = { extensions: { "2.5.29.35": null } };
const SERVER_AND_CODE = { extensions: { "2.5.29.37": isMeantFor("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.3") } };

const unreadable = (oid: string): Buffer => extension(oid, Buffer.from([0x30, 0x05, 0x82, 0x01]));
const twice = (oid: string): Buffer =>
  Buffer.concat([extension(oid, sequence()), extension(oid, sequence())]);

/** A program that scans endpoints, each of which sends the chain that a test sets. */
function open() {
  const store = openStore({ path: ":memory:", access: "write", now: () => NOW });
  const write = createProbeWriter({
    store,
    read: createReader(store),
    post: (told) => {
      throw new Error(JSON.stringify(told));
    },
  });
  return {
    store,
    visit(host: string, ...chain: Signed[]) {
      const target = { kind: "tls" as const, host, port: 443, serverName: null, protocol: "tls" as const };
      const identity = { scanId: ScanId.parse(beginScan(store)), at: START, tookMs: 1, target };
      const beside = { wire: NOTHING_BESIDE, capabilities: null, others: [], addresses: null, facts: {} };
      write([{ kind: "chain", identity, chain: chain.map(({ der }) => der), ...beside }], () => false);
    },
    violations: () => violationsIn(store),
  };
}

const violationsIn = (store: Store) =>
  listFindings(store, { now: NOW }).rows.filter(({ brokenRules }) => brokenRules.length > 0);

const seen = ({ der }: Signed) => {
  const certificate = readCertificate(der);
  if (!certificate) throw new Error("it cannot be read");
  return toSeen(certificate, der);
};

/** The same with a test's root that counts as public, and a count of evaluations. */
function openPublic(root: Signed) {
  const store = openStore({ path: ":memory:", access: "write", now: () => NOW });
  const work = createSharedWork();
  const options = { readRoots: () => indexCertificates([root.der]), work };
  const count = { evaluated: 0 };
  const note: Store["violations"]["note"] = (...noted) => {
    count.evaluated++;
    store.violations.note(...noted);
  };
  const violations = { ...store.violations, note };
  const recorder = () => ({
    note: createPublicNoter(store.chains, options),
    record: createViolationRecorder({ chains: store.chains, trust: store.trust, violations }, options),
  });
  const record = (visit: unknown, { note: notePublic, record: recordViolations } = recorder()) =>
    store.atomically(() => {
      notePublic(visit as HostProbe | EndpointProbe);
      recordViolations(visit as HostProbe | EndpointProbe);
    });
  return {
    store,
    count,
    work,
    violations: () => violationsIn(store),
    send(host: string, ...sent: Signed[]) {
      const presented = { chain: sent.map(seen), others: [], addresses: null };
      visitEndpoint(store, host, {
        at: START,
        scanId: beginScan(store),
        presented: { chain: presented.chain },
      });
      record({ at: START, target: { kind: "tls", host }, presented });
    },
    read(host: string, ...held: Signed[]) {
      const certificateFiles = held.map((one) => ({ path: `/etc/${one.sha256}`, certificates: [seen(one)] }));
      visitHost(store, host, { collected: { certificateFiles } });
      record({ at: START, target: { kind: "ssh", host }, collected: { certificateFiles } });
    },
  };
}

test("a certificate that breaks a rule of its profile is a finding that names the rule with its section", () => {
  const { visit, violations } = open();
  const { leaf, middle, root } = makeChain({ leaf: WITHOUT_ISSUER_KEY });
  visit("www.example.com", leaf, middle, root);
  expect(violations()).toMatchObject([
    {
      rule: "issuer-against-profile",
      severity: "low",
      profile: "rfc5280",
      brokenRules: [
        {
          code: "extension-missing",
          rule: { profile: "rfc5280", section: "RFC 5280, 4.2.1.1" },
          acceptedBy: ["openssl", "go"],
        },
      ],
      label: "CN=Example Issuing",
      host: "www.example.com",
      sentence:
        "1 certificate that it has issued is accepted by OpenSSL and Go as far as these rules go, against RFC 5280: a required extension is missing: authority key identifier",
    },
  ]);
});

test("a chain that breaks no rule is no finding, whether it is sent with its root or without", () => {
  const { visit, violations } = open();
  const { leaf, middle, root } = makeChain();
  visit("one", leaf, middle);
  visit("two", leaf, middle, root);
  expect(violations()).toEqual([]);
});

test("of all certificates that an issuer issues alike there is one finding, which is of each of them as well", () => {
  const { store, visit, violations } = open();
  const all = ["one", "two", "three"].map((name) =>
    makeChain({ leaf: { ...WITHOUT_ISSUER_KEY, subject: name, keys: makeEcKeys() } }),
  );
  for (const { leaf, middle, root } of all) visit("host", leaf, middle, root);
  for (const [at, { leaf, middle, root }] of all.entries()) visit(`host${at}`, leaf, middle, root);
  const [finding, ...more] = violations();
  expect(more).toEqual([]);
  expect(finding?.sentence).toMatch(
    /^3 certificates that it has issued are accepted by OpenSSL and Go as far as these rules go/,
  );
  const id = finding?.object.kind === "profile-violation" ? finding.object.id : 0;
  expect(
    listCertificates(store, { violation: id })
      .rows.map(({ subject }) => subject)
      .toSorted(),
  ).toEqual(["CN=one", "CN=three", "CN=two"]);
  for (const { leaf } of all)
    expect(store.findings.about({ kind: "certificate", sha256: leaf.sha256 }, NOW)).toContainEqual(finding);
});

test("what one client refuses is a finding of the certificate itself, and what all refuse is one of severity high", () => {
  const { visit, violations } = open();
  const negative = makeChain({ leaf: { serialBytes: [0x80] } });
  const critical = makeChain({
    leaf: { extensions: { "2.5.29.14": identifiesKey(makeEcKeys().spki, true) }, subject: "critical" },
  });
  visit("negative", negative.leaf, negative.middle, negative.root);
  visit("critical", critical.leaf, critical.middle, critical.root);
  expect(violations()).toMatchObject([
    {
      rule: "certificate-invalid",
      severity: "high",
      profile: "clients",
      object: { kind: "certificate", sha256: critical.leaf.sha256 },
      brokenRules: [{ code: "extension-critical", rule: { section: "RFC 5280, 4.2.1.2" }, acceptedBy: [] }],
      sentence:
        "it is refused by OpenSSL and Go: an extension is critical that must not be: subject key identifier",
    },
    {
      rule: "certificate-against-profile",
      severity: "medium",
      profile: "rfc5280",
      object: { kind: "certificate", sha256: negative.leaf.sha256 },
      brokenRules: [{ code: "serial-not-positive", acceptedBy: ["openssl"] }],
      sentence:
        "it is accepted by OpenSSL and refused by Go as far as these rules go, against RFC 5280: its serial number is not positive",
    },
  ]);
});

test("a server's certificate whose chain no client takes is invalid, whoever trusts the root", () => {
  const { visit, violations } = open();
  const chain = makeChain({ leaf: { extensions: { "2.5.29.37": isMeantFor("1.3.6.1.5.5.7.3.2") } } });
  visit("mail", chain.leaf, chain.middle, chain.root);
  expect(violations()).toMatchObject([
    {
      rule: "certificate-invalid",
      severity: "high",
      profile: "clients",
      brokenRules: [{ code: "wrong-purpose", rule: null, acceptedBy: [] }],
    },
  ]);
});

test.each([
  ["a key usage that TLS servers have no use for", { "2.5.29.15": mayBeUsedFor(0x0200) }, "medium", ["go"]],
  [
    "certificate policies that cannot be read",
    { "2.5.29.32": unreadable("2.5.29.32") },
    "medium",
    ["openssl"],
  ],
  ["names that cannot be read", { "2.5.29.17": unreadable("2.5.29.17") }, "high", []],
  ["an unknown extension that stands there twice", { "1.2.3": twice("1.2.3") }, "medium", ["openssl"]],
  ["an extended key usage that stands there twice", { "1.2.3": isMeantFor("1.3.6.1.5.5.7.3.1") }, "high", []],
])("%s is refused by whoever refuses it", (_, extensions, severity, acceptedBy) => {
  const { visit, violations } = open();
  const { leaf, middle, root } = makeChain({ leaf: { extensions } });
  visit("www", leaf, middle, root);
  expect(violations()).toMatchObject([{ severity }]);
  const broken = violations().flatMap(({ brokenRules }) => brokenRules);
  expect(broken.filter(({ rule }) => rule === null)).toMatchObject([{ acceptedBy }]);
});

test.each(CONSTRAINED_CHAINS)(
  "$what is a finding that says who accepts it",
  ({ changes, code, acceptedBy }) => {
    const { visit, violations } = open();
    const { leaf, middle, root } = makeChain(changes());
    visit("www", leaf, middle, root);
    const broken = violations().flatMap(({ brokenRules }) => brokenRules);
    expect(broken.filter((one) => one.code === code)).toMatchObject([{ rule: null, acceptedBy }]);
  },
);

test("a rule that an authority breaks is told of the authority, and of none that it has issued", () => {
  const { visit, violations } = open();
  const { leaf, middle, root } = makeChain({
    middle: { extensions: { "2.5.29.19": extension("2.5.29.19", sequence(Buffer.from([1, 1, 0xff]))) } },
  });
  visit("www", leaf, middle, root);
  expect(violations()).toMatchObject([
    {
      rule: "issuer-against-profile",
      label: "CN=Example Root",
      brokenRules: [{ code: "extension-not-critical", rule: { section: "RFC 5280, 4.2.1.9" } }],
      evidence: expect.arrayContaining([expect.stringContaining("CN=Example Issuing")]),
    },
  ]);
});

test("below a public root a server's certificate is held to the Baseline Requirements, and below a private one it is not", () => {
  const { leaf, middle, root } = makeChain({ leaf: SERVER_AND_CODE });
  const ofPublic = openPublic(root);
  ofPublic.send("www", leaf, middle);
  expect(ofPublic.violations()).toMatchObject([
    {
      rule: "issuer-against-profile",
      profile: "webpki",
      brokenRules: [{ rule: { profile: "webpki", section: "BR 7.1.2.7.10" } }],
    },
  ]);
  const ofPrivate = openPublic(makeChain({ root: { keys: makeEcKeys() } }).root);
  ofPrivate.send("www", leaf, middle, root);
  expect(ofPrivate.violations()).toEqual([]);
});

test("a public certificate in a file that is for code alone owes the requirements of servers nothing", () => {
  const code = { "2.5.29.37": isMeantFor("1.3.6.1.5.5.7.3.3"), "2.5.29.17": null };
  const { leaf, middle, root } = makeChain({ leaf: { extensions: code } });
  const { read, violations } = openPublic(root);
  read("build", leaf, middle);
  expect(violations()).toEqual([]);
});

test("nothing is told of public roots, nor of what clients pass over in a server's certificate that signed itself", () => {
  const root = makeChain({ root: { extensions: { "2.5.29.14": null } } }).root;
  const { read, send, violations } = openPublic(root);
  const own = signCertificate({ subject: "own", extensions: [isAuthority()] });
  read("web", root);
  send("own", own);
  expect(violations()).toEqual([]);
});

test("of an authority's certificate that signed itself and has issued nothing nothing is told, until something is seen that it has issued", () => {
  const own = signCertificate({ subject: "own", extensions: [isAuthority()] });
  const another = signCertificate({ subject: "own", extensions: [isAuthority()] });
  const { read, violations } = openPublic(makeChain().root);
  read("web", own, another);
  expect(violations()).toEqual([]);
  read("mail", signCertificate({ subject: "www", issuer: own }));
  read("web", own, another);
  const labels = violations().map(({ rule, label }) => [rule, label]);
  expect(labels).toContainEqual(["issuer-against-profile", "CN=own"]);
});

test("an issuer is told of for as long as one of the certificates has not expired", () => {
  const { store, visit } = open();
  const until = (subject: string, notAfter: string) =>
    makeChain({ leaf: { ...WITHOUT_ISSUER_KEY, subject, notAfter } });
  const first = until("one", "260901000000Z");
  const second = until("two", "261001000000Z");
  visit("one", first.leaf, first.middle, first.root);
  visit("two", second.leaf, second.middle, second.root);
  const countOn = (day: string) =>
    listFindings(store, { now: new Date(day) }).rows.filter(({ rule }) => rule === "issuer-against-profile")
      .length;
  expect([countOn("2026-08-01"), countOn("2026-09-15"), countOn("2026-10-15")]).toEqual([1, 1, 0]);
});

test("a certificate is evaluated once, whoever looks again, and anew when what stands above it becomes known", () => {
  const { leaf, middle, root } = makeChain({
    leaf: { extensions: { "2.5.29.35": null, ...SERVER_AND_CODE.extensions } },
  });
  const { read, count, violations } = openPublic(root);
  read("web", leaf);
  read("web", leaf);
  expect([count.evaluated, violations().map(({ profile }) => profile)]).toEqual([1, ["rfc5280"]]);
  read("ca", middle);
  expect(count.evaluated).toBe(2);
  read("web", leaf);
  expect([count.evaluated, violations().map(({ profile }) => profile)]).toEqual([3, ["webpki"]]);
  read("web", leaf);
  expect(count.evaluated).toBe(3);
});

test("a violation goes with the last certificate that has it, and its acceptance covers those that come", async () => {
  const { store, visit, violations } = open();
  const chain = makeChain({ leaf: WITHOUT_ISSUER_KEY });
  const other = makeChain({ leaf: { ...WITHOUT_ISSUER_KEY, subject: "other", keys: makeEcKeys() } });
  const sound = makeChain();
  visit("one", chain.leaf, chain.middle, chain.root);
  const [finding] = violations();
  if (!finding) throw new Error("there is none");
  store.atomically(() =>
    store.acceptances.accept(finding.rule, finding.object, {
      reason: "an old template",
      until: "2027-01-01",
      acceptedAt: START,
    }),
  );
  visit("two", other.leaf, other.middle, other.root);
  expect(violations()).toEqual([]);
  expect(store.findings.find(finding.id, NOW)).toMatchObject({ acceptance: { reason: "an old template" } });
  visit("one", sound.leaf, sound.middle, sound.root);
  visit("two", sound.leaf, sound.middle, sound.root);
  expect(store.findings.find(finding.id, NOW)).toBeNull();
});

test("authorities that are made to keep a validator busy cost no more than a visit may, and the rest is evaluated later", () => {
  const keys = [0, 1, 2, 3].map(() => makeEcKeys());
  const all: Signed[] = [];
  for (const [level, own] of keys.entries()) {
    const issuer = all.at(-1);
    for (let serial = 1; serial <= 20; serial++)
      all.push(
        signCertificate({
          subject: `level ${level}`,
          keys: own,
          serial,
          extensions: [isAuthority()],
          ...(issuer ? { issuer } : {}),
        }),
      );
  }
  const issuer = all.at(-1);
  if (!issuer) throw new Error("there is none");
  const leaves = Array.from({ length: 40 }, (_, serial) =>
    signCertificate({ subject: `leaf ${serial}`, issuer }),
  );
  const { read, count, work } = openPublic(makeChain().root);
  read("host", ...all, ...leaves);
  expect(work.steps).toBeLessThan(4 * MOST_STEPS_OF_PROBE);
  const first = count.evaluated;
  read("host", ...all, ...leaves);
  expect(count.evaluated).toBeGreaterThan(first);
});
