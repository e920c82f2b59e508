import { expect, test } from "vitest";
import { ANY_POLICY_WILL_DO, evaluateChain } from "#domain/x509/path/evaluate-chain.ts";
import { indexCertificates } from "#domain/x509/path/path-certificate.ts";
import { AT, codesOf, judge } from "#domain/x509/path/testing/judge.ts";
import { readCrl } from "#domain/x509/revocation/read-crl.ts";
import type { Profile } from "#shared/model/certificates/chain.ts";
import { der, extension, oid, sequence, text } from "#testing/tls/build-certificate.ts";
import { makeChain } from "#testing/tls/conforming-chain.ts";
import { constrains, isMeantFor, signCertificate } from "#testing/tls/sign-certificate.ts";
import { signList } from "#testing/tls/sign-revocation.ts";

const REQUIRES_POLICY = extension("2.5.29.36", sequence(der(0x80, [0])), true);
const HAS_POLICY = extension("2.5.29.32", sequence(sequence(oid("2.23.140.1.2.1"))));

test("the policy constraints of a root bind what stands below it, which clients do not ask for", () => {
  const evaluateBelow = (policies: Buffer | null, profile: Profile) => {
    const below = { extensions: policies ? { "2.5.29.32": policies } : {} };
    const root = { extensions: { "2.5.29.36": REQUIRES_POLICY } };
    const chain = makeChain({ root, middle: below, leaf: below });
    return judge(chain.leaf.der, { roots: [chain.root], pool: [chain.middle], profile });
  };
  expect(evaluateBelow(null, "rfc5280")).toMatchObject({
    state: "valid-for-clients",
    reasons: [{ code: "policy-missing", rule: { section: "RFC 5937, 3" }, acceptedBy: ["openssl", "go"] }],
  });
  expect(evaluateBelow(null, "clients")).toMatchObject({
    state: "valid",
    notes: [{ code: "policy-missing" }],
  });
  expect(evaluateBelow(HAS_POLICY, "rfc5280").state).toBe("valid");
});

test("what stands below a root stands under its policies, too, which clients do not ask for", () => {
  const evaluateBelow = (policy: string, profile: Profile) => {
    const under = (type: string) => extension("2.5.29.32", sequence(sequence(oid(type))));
    const middle = { extensions: { "2.5.29.32": under(policy), "2.5.29.36": REQUIRES_POLICY } };
    const chain = makeChain({
      root: { extensions: { "2.5.29.32": under("2.23.140.1.2.1") } },
      middle,
      leaf: { extensions: { "2.5.29.32": under(policy) } },
    });
    return judge(chain.leaf.der, { roots: [chain.root], pool: [chain.middle], profile });
  };
  expect(evaluateBelow("2.23.140.1.2.1", "rfc5280").state).toBe("valid");
  expect(evaluateBelow("2.23.140.1.2.2", "rfc5280")).toMatchObject({
    state: "valid-for-clients",
    reasons: [{ code: "policy-missing", rule: { section: "RFC 5937, 3" } }],
  });
  expect(evaluateBelow("2.23.140.1.2.2", "clients")).toMatchObject({
    state: "valid",
    notes: [{ code: "policy-missing" }],
  });
});

test("a revocation list has a number, and one that is not critical", () => {
  const { root, middle, leaf } = makeChain();
  const evaluateBy = (...extensions: Buffer[]) => {
    const made = { from: "20260501000000Z", until: "20260701000000Z" };
    const number = extension("2.5.29.20", der(0x02, [1]));
    const lists = [
      signList({ issuer: root, extensions: [number], ...made }),
      signList({ issuer: middle, extensions, ...made }),
    ];
    return evaluateChain({
      leaf: leaf.der,
      pool: indexCertificates([middle.der]),
      roots: indexCertificates([root.der]),
      options: { at: AT, purpose: null, name: null, policy: ANY_POLICY_WILL_DO, mostIntermediates: null },
      profile: "rfc5280",
      revocationLists: lists.flatMap((list) => readCrl(list) ?? []),
    });
  };
  expect(evaluateBy(extension("2.5.29.20", der(0x02, [1])))).toMatchObject({ state: "valid", reasons: [] });
  expect(evaluateBy()).toMatchObject({
    state: "valid-for-clients",
    reasons: [{ code: "list-number", rule: { section: "RFC 5280, 5.2.3" }, acceptedBy: ["openssl"] }],
  });
  expect(evaluateBy(extension("2.5.29.20", der(0x02, [1]), true))).toMatchObject({
    state: "invalid",
    reasons: [{ code: "list-number", acceptedBy: [] }],
  });
});

test("a malformed name under constraints is not taken for one that is permitted", () => {
  const evaluateNamed = (permitted: Buffer, ...names: Buffer[]) => {
    const middle = { extensions: { "2.5.29.30": constrains({ permitted: [permitted] }) } };
    const leaf = { extensions: { "2.5.29.17": extension("2.5.29.17", sequence(...names)) } };
    const chain = makeChain({ middle, leaf });
    return judge(chain.leaf.der, { roots: [chain.root], pool: [chain.middle], profile: "rfc5280" });
  };
  const host = text(0x82, "example.com");
  expect(evaluateNamed(host, text(0x82, "www.example.com")).state).toBe("valid");
  expect(evaluateNamed(host, text(0x82, ".example.com"))).toMatchObject({
    state: "valid-for-clients",
    acceptedBy: ["openssl"],
  });
  const mail = evaluateNamed(text(0x81, "example.com"), text(0x81, "example.com"));
  expect(mail.state).toBe("invalid");
  expect(codesOf(mail)).toContain("name-malformed");
});

test("names of kinds that are not read are told by their kind, under a constraint and where a server is asked for", () => {
  const principal = der(0xa0, oid("1.3.6.1.4.1.311.20.2.3"), der(0xa0, text(0x0c, "x")));
  const names = extension("2.5.29.17", sequence(principal, der(0x88, [0x2a, 0x03]), der(0xa3)));
  const { root, middle, leaf } = makeChain({
    middle: { extensions: { "2.5.29.30": constrains({ excluded: [principal] }) } },
    leaf: { extensions: { "2.5.29.17": names } },
  });
  const asked = { roots: [root], pool: [middle], wish: { name: "www.example.com" } };
  const sentences = judge(leaf.der, asked).reasons.map(({ sentence }) => sentence);
  expect(sentences).toEqual([
    "www.example.com names no server among its subject alternative names, which are of the kind otherName 1.3.6.1.4.1.311.20.2.3, registeredID 1.2.3, x400Address; a common name does not count",
    "www.example.com has a name of the kind otherName 1.3.6.1.4.1.311.20.2.3 under a constraint that this program cannot compare",
  ]);
});

test("name constraints of thousands of names of all kinds are read, and what they do not name is valid below them", () => {
  const kinds = (at: number) => [
    text(0x81, `user${at}@other.example`),
    text(0x82, `host${at}.other.example`),
    text(0x86, `host${at}.other.example`),
    text(0x87, [10, at >> 8, at & 0xff, 0, 255, 255, 255, 0]),
    der(0x88, [0x2a, at & 0x7f]),
  ];
  const excluded = Array.from({ length: 500 }, (_, at) => kinds(at)).flat();
  const { root, middle, leaf } = makeChain({
    middle: { extensions: { "2.5.29.30": constrains({ excluded }) } },
  });
  expect(judge(leaf.der, { roots: [root], pool: [middle], profile: "rfc5280" }).state).toBe("valid");
});

test("a responder's certificate may say as a critical extension that its revocation is not checked", () => {
  const noCheck = extension("1.3.6.1.5.5.7.48.1.5", der(0x05), true);
  const { root, middle, leaf } = makeChain({
    leaf: {
      extensions: { "1.3.6.1.5.5.7.48.1.5": noCheck, "2.5.29.37": isMeantFor("1.3.6.1.5.5.7.3.9") },
    },
  });
  expect(judge(leaf.der, { roots: [root], pool: [middle], profile: "rfc5280" }).state).toBe("valid");
});

test("a root that is trusted may have the serial number zero, as public ones do", () => {
  const { root, middle, leaf } = makeChain({ root: { serialBytes: [0] } });
  expect(judge(leaf.der, { roots: [root], pool: [middle], profile: "webpki" }).state).toBe("valid");
});

test("a root with neither basic constraints nor key usage is accepted by no client", () => {
  const { root, middle, leaf } = makeChain({
    root: { extensions: { "2.5.29.19": null, "2.5.29.15": null } },
  });
  expect(judge(leaf.der, { roots: [root], pool: [middle], profile: "rfc5280" })).toMatchObject({
    state: "invalid",
    reasons: [
      { code: "extension-missing", acceptedBy: [], rule: { section: "RFC 5280, 4.2.1.9" } },
      { code: "extension-missing", acceptedBy: ["openssl", "go"], rule: { section: "RFC 5280, 4.2.1.3" } },
    ],
  });
});

test("a certificate of version 1 is none for a public server", () => {
  const { root, middle } = makeChain();
  const old = signCertificate({ subject: "www.example.com", issuer: middle, version: 1 });
  const { reasons } = judge(old.der, { roots: [root], pool: [middle], profile: "webpki" });
  expect(reasons.map(({ rule }) => rule?.section)).toContain("BR 7.1.1");
});
