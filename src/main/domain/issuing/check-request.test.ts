import fc from "fast-check";
import { expect, test } from "vitest";
import { commonName, der, extension, oid, sequence, text } from "#testing/tls/build-certificate.ts";
import { dnsName, ipName, makeKey, makeRequest } from "#testing/tls/make-request.ts";
import { isAuthority } from "#testing/tls/sign-certificate.ts";
import { checkRequest, type RequestRules } from "./check-request.ts";
import { readPermitted } from "./names.ts";

const RULES: RequestRules = {
  permitted: [".corp.example", "10.0.0.0/8", "fd00::/8"].map(readPermitted),
  ownKeys: [],
};
const KEY = makeKey();

const codesOf = (csr: Uint8Array, rules = RULES): string[] => {
  const answer = checkRequest(csr, rules);
  return answer.kind === "sound" ? [] : answer.faults.map(({ code }) => code);
};
const sentenceOf = (csr: Uint8Array): string => {
  const answer = checkRequest(csr, RULES);
  return answer.kind === "sound" ? "" : answer.faults.map(({ sentence }) => sentence).join("\n");
};
const purposes = (...oids: string[]) => extension("2.5.29.37", sequence(...oids.map(oid)));

test("of a request its key, names and purposes are taken, each name once and in lower case", () => {
  const names = ["WWW.Corp.Example", "www.corp.example", "*.corp.example", ipName(10, 1, 2, 3)];
  const csr = makeRequest({
    key: KEY,
    names,
    extensions: [purposes("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2")],
  });
  expect(checkRequest(csr, RULES)).toEqual({
    kind: "sound",
    request: {
      spki: KEY.spki,
      isRsa: false,
      names: [
        { kind: "dns", text: "www.corp.example" },
        { kind: "dns", text: "*.corp.example" },
        { kind: "ip", text: "10.1.2.3", bytes: [10, 1, 2, 3] },
      ],
      purposes: ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"],
    },
  });
});

test("a request without alternative names asks for its common name, and is for servers", () => {
  const answer = checkRequest(makeRequest({ key: KEY, subject: commonName("old.corp.example") }), RULES);
  expect(answer).toMatchObject({
    request: { names: [{ kind: "dns", text: "old.corp.example" }], purposes: ["1.3.6.1.5.5.7.3.1"] },
  });
});

test("a request that another key has signed is refused", () => {
  expect(codesOf(makeRequest({ key: KEY, signedBy: makeKey(), names: ["a.corp.example"] }))).toEqual([
    "signature-invalid",
  ]);
});

test("a request in which any bit was changed is refused", () => {
  const csr = makeRequest({ key: KEY, names: ["a.corp.example"] });
  fc.assert(
    fc.property(fc.nat(csr.length * 8 - 1), (bit) => {
      const changed = Buffer.from(csr);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(checkRequest(changed, RULES)).toMatchObject({ kind: "faulty" });
    }),
    { numRuns: 150 },
  );
});

test("a name outside of what is permitted is refused, and said with what is permitted", () => {
  expect(sentenceOf(makeRequest({ key: KEY, names: ["a.corp.example", "bank.example"] }))).toBe(
    "the request asks for bank.example, where this authority may sign for corp.example, 10.0.0.0/8, fd00::/8 and what is below alone",
  );
});

test.each([
  ["evilcorp.example"],
  ["corp.example.evil"],
  ["*.example"],
  ["*"],
  [ipName(11, 0, 0, 1)],
  [ipName(0xfc, ...Array<number>(15).fill(1))],
])("%s is not below corp.example or 10.0.0.0/8", (name) => {
  expect(codesOf(makeRequest({ key: KEY, names: [name] }))).toSatisfy(
    (codes: string[]) => codes.length === 1 && /^name-(not-permitted|malformed)$/.test(codes[0] ?? ""),
  );
});

test.each([
  ["a NUL", dnsName("a.corp.example\0.evil.example")],
  ["a line feed", dnsName("a\n.corp.example")],
  ["a space", dnsName("a b.corp.example")],
  ["bytes beyond ASCII", dnsName("münchen.corp.example")],
  ["bytes that are no text", dnsName(Buffer.from([0xff, 0xfe, 0x2e, 0x63]))],
  ["an empty label", dnsName("a..corp.example")],
  ["a wildcard within", dnsName("a.*.corp.example")],
  ["a wildcard as a part of a label", dnsName("a*.corp.example")],
  ["two wildcards", dnsName("*.*.corp.example")],
  ["a label of 64 letters", dnsName(`${"a".repeat(64)}.corp.example`)],
  ["254 letters", dnsName(`${"a.".repeat(121)}corp.example`)],
  ["an address as a name", dnsName("10.1.2.3")],
  ["an address of three bytes", ipName(10, 1, 2)],
  ["a mail address", text(0x81, "root@corp.example")],
  ["a URI", text(0x86, "https://corp.example/")],
])("a name with %s is refused", (_, name) => {
  expect(codesOf(makeRequest({ key: KEY, names: [name] }))).toContain(
    name[0] === 0x87 ? "malformed" : "name-malformed",
  );
});

test("ten thousand names are refused at once", () => {
  const many = Array.from({ length: 10_000 }, (_, at) => `${at.toString(36)}.a`);
  expect(sentenceOf(makeRequest({ key: KEY, names: many }))).toMatch(
    /^the request has [\d,]+ bytes|10,000 names/,
  );
  expect(codesOf(makeRequest({ key: KEY, names: many.slice(0, 3_000) }))).toContain("too-many-names");
});

test("keys that are weak, of another kind, or the authority's own are refused", () => {
  const names = ["a.corp.example"];
  expect(codesOf(makeRequest({ key: makeKey("rsa-1024"), names }))).toEqual(["key-weak"]);
  expect(codesOf(makeRequest({ key: makeKey("rsa-2048"), names }))).toEqual([]);
  expect(codesOf(makeRequest({ key: makeKey("ed25519"), names }))).toEqual([]);
  expect(codesOf(makeRequest({ key: KEY, names }), { ...RULES, ownKeys: [KEY.spki] })).toEqual([
    "key-of-authority",
  ]);
});

test("a key whose point is not on its curve is refused", () => {
  const spki = Buffer.from(KEY.spki);
  spki[spki.length - 1] = (spki[spki.length - 1] ?? 0) ^ 1;
  expect(codesOf(makeRequest({ key: { ...KEY, spki }, names: ["a.corp.example"] }))).toContain(
    "key-unsupported",
  );
});

test("who asks to be an authority, or for other purposes than TLS, is refused", () => {
  const extensions = [isAuthority(), purposes("1.3.6.1.5.5.7.3.3", "1.2.3")];
  expect(sentenceOf(makeRequest({ key: KEY, names: ["a.corp.example"], extensions }))).toBe(
    "the request asks to be for signing code, the purpose 1.2.3; TLS servers and clients are signed for alone\nthe request asks to be an authority itself",
  );
});

test("who asks for no name is told where names belong", () => {
  expect(codesOf(makeRequest({ key: KEY, subject: sequence() }))).toEqual(["no-names"]);
});

test("extensions that are broken, or asked for twice, are refused", () => {
  const key = KEY;
  expect(
    codesOf(makeRequest({ key, names: ["a.corp.example"], extensions: [der(0x30, [1, 2, 3])] })),
  ).toContain("malformed");
  const twice = extension("2.5.29.17", sequence(dnsName("b.corp.example")));
  expect(codesOf(makeRequest({ key, names: ["a.corp.example"], extensions: [twice] }))).toContain(
    "malformed",
  );
});

test("whatever bytes come, they are answered", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(codesOf(bytes)).not.toEqual([]);
    }),
  );
});

test.each([
  [".corp.example", "corp.example"],
  ["*.Corp.Example", "corp.example"],
  ["10.0.0.0/8", "10.0.0.0/8"],
  ["10.1.2.3", "10.1.2.3/32"],
  ["fd00::/8", "fd00::/8"],
])("%s permits %s", (written, text) => {
  expect(readPermitted(written).text).toBe(text);
});

test.each([
  ["10.1.0.0/8", "10.1.0.0/8 is not where its range begins; say 10.0.0.0/8"],
  ["0.0.0.0/0", "0.0.0.0/0 is every address there is; permit the ranges that are yours"],
  ["10.0.0.0/33", "10.0.0.0/33 is no range of addresses; say 10.0.0.0/8 or fd00::/8"],
  ["010.0.0.0/8", "010.0.0.0/8 is no range of addresses; say 10.0.0.0/8 or fd00::/8"],
  [
    "",
    " is neither a name nor a range of addresses; say .corp.example or 10.0.0.0/8, a name beyond ASCII as xn--...",
  ],
])("%s permits nothing, and why is said", (written, message) => {
  expect(() => readPermitted(written)).toThrow(message);
});
