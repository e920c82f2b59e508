import fc from "fast-check";
import { expect, test } from "vitest";
import { indexCertificates, openCertificate } from "#domain/x509/path/path-certificate.ts";
import { extension, oid, sequence } from "#testing/tls/build-certificate.ts";
import { ipName, makeKey, makeRequest } from "#testing/tls/make-request.ts";
import {
  isAuthority,
  isMeantFor,
  isNamed,
  mayBeUsedFor,
  type Signed,
  signCertificate,
} from "#testing/tls/sign-certificate.ts";
import { checkIssued, type IssuedQuery } from "./check-issued.ts";
import { checkSignatures } from "./issued-checks.ts";
import { MADE_AT, makeOwnAuthority } from "./testing/make-own-authority.ts";

const authority = await makeOwnAuthority();
const KEY = makeKey();
const CSR = makeRequest({ key: KEY, names: ["a.corp.example", ipName(10, 0, 0, 1)] });
const LEAF = await authority.sign(CSR);
const BEFORE = await authority.sign(makeRequest({ names: ["A.corp.example"] }));
const INTERMEDIATE = authority.intermediate.der;
const ROOT = authority.root.der;
const KNOWN = indexCertificates([ROOT]);
const NONE = indexCertificates([]);
const SERVER = "1.3.6.1.5.5.7.3.1";
const CLIENT = "1.3.6.1.5.5.7.3.2";

const ask = (question: Partial<IssuedQuery>) =>
  checkIssued({
    came: [LEAF, INTERMEDIATE],
    csr: CSR,
    before: BEFORE,
    roots: KNOWN,
    clocks: [{ whose: "this computer", now: MADE_AT.getTime() }],
    ...question,
  });
const codesOf = (question: Partial<IssuedQuery>): string[] => {
  const answer = ask(question);
  return answer.kind === "sound" ? [] : answer.faults.map(({ code }) => code);
};
const saidOf = (question: Partial<IssuedQuery>): string => {
  const answer = ask(question);
  return [
    ...(answer.kind === "sound" ? [] : answer.faults.map(({ sentence }) => sentence)),
    ...answer.notes,
  ].join("\n");
};

/** Chains of another authority, whose certificates tests define as they like. */
const their = (() => {
  const root = signCertificate({ subject: "their root", extensions: [isAuthority(), mayBeUsedFor(0x0600)] });
  const extensions = [isAuthority(0), mayBeUsedFor(0x0600)];
  const intermediate = signCertificate({ subject: "their intermediate", issuer: root, extensions });
  const key = signCertificate({ subject: "key" });
  const csr = makeRequest({ key, names: ["shop.example"] });
  const sign = (wish: Partial<Parameters<typeof signCertificate>[0]> = {}): Signed =>
    signCertificate({
      subject: "shop.example",
      issuer: intermediate,
      keyOf: key,
      extensions: [isNamed("shop.example"), isMeantFor(SERVER)],
      ...wish,
    });
  return { root, intermediate, csr, sign, known: indexCertificates([root.der]) };
})();

const askTheirs = (leaf: Signed, question: Partial<IssuedQuery> = {}) => ({
  csr: their.csr,
  came: [leaf.der, their.intermediate.der],
  before: null,
  roots: their.known,
  ...question,
});

test("a chain as it should be is sound, and is told as it came", () => {
  expect(ask({})).toEqual({
    kind: "sound",
    chain: [LEAF, INTERMEDIATE].map((der) => Buffer.from(der)),
    notes: [],
  });
});

test("in whatever order a chain comes, with its root and with strangers, it is put right, and that is said", () => {
  const stranger = their.root.der;
  fc.assert(
    fc.property(fc.shuffledSubarray([LEAF, INTERMEDIATE, ROOT, stranger], { minLength: 4 }), (came) => {
      expect(ask({ came })).toMatchObject({
        kind: "sound",
        chain: [LEAF, INTERMEDIATE].map((der) => Buffer.from(der)),
        notes: expect.arrayContaining([expect.stringMatching(/is no part of the chain/)]),
      });
    }),
    { numRuns: 24 },
  );
  expect(saidOf({ came: [INTERMEDIATE, LEAF] })).toBe(
    "the chain came in another order than servers send it in, and was put right",
  );
});

test("a certificate of another key is refused", () => {
  expect(codesOf({ csr: makeRequest({ names: ["a.corp.example"] }) })).toEqual(["other-key"]);
});

test("the certificate that is served already is no new one", () => {
  expect(codesOf({ before: LEAF })).toEqual(["same-as-before"]);
});

test("two certificates of our key are not guessed between", async () => {
  expect(codesOf({ came: [LEAF, await authority.sign(CSR), INTERMEDIATE] })).toEqual(["several"]);
});

test("a name that was asked for, or that is served now, is missed", async () => {
  const leaf = await authority.sign(makeRequest({ key: KEY, names: ["a.corp.example"] }));
  const before = await authority.sign(makeRequest({ names: ["b.corp.example", "a.corp.example"] }));
  expect(saidOf({ came: [leaf, INTERMEDIATE], before })).toBe(
    "a.corp.example is not for 10.0.0.1, which was asked for\na.corp.example is not for b.corp.example, which the one that is served now is for",
  );
});

test("a wildcard stands for the names of one label below it, and for no others", async () => {
  const csr = makeRequest({ key: KEY, names: ["*.corp.example"] });
  const came = [await authority.sign(csr), INTERMEDIATE];
  const before = (...names: string[]) => authority.sign(makeRequest({ names }));
  expect(codesOf({ csr, came, before: await before("a.corp.example", "*.corp.example") })).toEqual([]);
  expect(codesOf({ csr, came, before: await before("a.b.corp.example") })).toEqual(["names-fewer"]);
  expect(codesOf({ csr, came, before: await before("corp.example") })).toEqual(["names-fewer"]);
});

test("more names than were asked for are told, and keep nothing back", async () => {
  const csr = makeRequest({ key: KEY, names: ["a.corp.example"] });
  expect(saidOf({ csr })).toBe("a.corp.example is for 10.0.0.1 as well, which nobody asked for");
  expect(codesOf({ csr })).toEqual([]);
});

test("a certificate for less than the one before is refused, unless that was agreed to", () => {
  const leaf = their.sign();
  const before = their.sign({ extensions: [isNamed("shop.example"), isMeantFor(SERVER, CLIENT)] }).der;
  expect(saidOf(askTheirs(leaf, { before }))).toBe(
    "shop.example is not for TLS clients, which the one that is served now is for",
  );
  const accepted = new Set(["purpose-narrower" as const]);
  expect(ask(askTheirs(leaf, { before, accepted }))).toMatchObject({
    kind: "sound",
    notes: [expect.stringMatching(/acknowledged$/)],
  });
});

test("a certificate whose key may not be used for TLS is refused", () => {
  const extensions = (bits: number) => [isNamed("shop.example"), isMeantFor(SERVER), mayBeUsedFor(bits)];
  const codes = (bits: number) => codesOf(askTheirs(their.sign({ extensions: extensions(bits) })));
  expect(codes(0x4000)).toEqual(["usage-missing"]);
  expect(codes(0x2000)).toEqual(["usage-missing"]);
  expect(codes(0x8000)).toEqual([]);
});

test("a signature over SHA-1 is refused, and that of a root is not looked at", () => {
  const leaf = openCertificate(their.sign().der);
  const sha1 = sequence(oid("1.2.840.113549.1.1.5"));
  const weak = leaf && { ...leaf, signed: { ...leaf.signed, algorithm: sha1 } };
  if (!weak) throw new Error("a certificate of a test can be read");
  expect(checkSignatures([weak], their.known)).toEqual([
    { code: "weak-signature", sentence: "shop.example is signed over sha1, which clients refuse" },
  ]);
  expect(checkSignatures([weak], indexCertificates([leaf.der]))).toEqual([]);
  expect(checkSignatures([leaf], NONE)).toEqual([]);
});

test("what ends sooner than the one before, or is for less where that was for anything, is told", () => {
  const before = their.sign({ extensions: [isNamed("shop.example")], notAfter: "360101000000Z" }).der;
  const leaf = their.sign({ notAfter: "260701000000Z" });
  expect(codesOf(askTheirs(leaf, { before }))).toEqual([]);
  expect(saidOf(askTheirs(leaf, { before }))).toBe(
    "shop.example ends on 2026-07-01T00:00:00Z, before the one that is served now\nshop.example is for TLS servers alone, where the one that is served now is for anything",
  );
});

test("what is no certificate of a server is refused", () => {
  const names = isNamed("shop.example");
  expect(codesOf(askTheirs(their.sign({ extensions: [names, isMeantFor(CLIENT)] })))).toEqual([
    "purpose-missing",
  ]);
  expect(codesOf(askTheirs(their.sign({ extensions: [names, isAuthority()] })))).toEqual(["is-authority"]);
});

test.each([
  [-59, "not-yet-valid", "that clock is behind, or the issuer's is ahead; set it right and try again"],
  [-60 * 24 * 30, "not-yet-valid", ""],
  [60 * 24 * 365 * 11, "expired", "that clock is ahead, or this is an old certificate"],
])("%d minutes from its beginning a certificate is %s", (minutes, code, why) => {
  const from = Date.parse("2026-01-01T00:00:00Z");
  const question = askTheirs(their.sign(), {
    roots: indexCertificates([their.intermediate.der]),
    clocks: [{ whose: "this computer", now: from + minutes * 60_000 }],
  });
  expect(codesOf(question)).toContain(code);
  expect(saidOf(question)).toContain(why);
});

test("a host whose clock is an hour off is named, whether or not its certificate is valid there", () => {
  const now = MADE_AT.getTime();
  const clocks = (host: number): IssuedQuery["clocks"] => [
    { whose: "this computer", now },
    { whose: "web1", now: now + host * 60_000 },
  ];
  expect(saidOf({ clocks: clocks(-90) })).toBe(
    "a.corp.example is valid from 2026-05-31T23:00:00Z on only, in 30 minutes by the clock of web1: that clock is behind, or the issuer's is ahead; set it right and try again\nthe clock of web1 is 90 minutes behind that of this computer",
  );
  expect(codesOf({ clocks: clocks(-90) })).toEqual(["not-yet-valid"]);
  expect(codesOf({ clocks: clocks(59) })).toEqual([]);
  expect(saidOf({ clocks: clocks(59) })).toBe(
    "the clock of web1 is 59 minutes ahead of that of this computer",
  );
});

test("a certificate without its intermediate is refused, and what to add is said", () => {
  expect(saidOf({ came: [LEAF] })).toMatch(
    /^a.corp.example came without CN=corp intermediate [0-9a-f]{8}, which signed it/,
  );
  expect(codesOf({ came: [LEAF, ROOT] })).toEqual(["chain-incomplete"]);
});

test("a chain whose root is not known is judged as far as it goes, and that is said", () => {
  expect(ask({ roots: NONE })).toMatchObject({
    kind: "sound",
    notes: [expect.stringMatching(/^the root above corp intermediate .* is not known here/)],
  });
  expect(saidOf({ roots: NONE, came: [LEAF, INTERMEDIATE, ROOT] })).toMatch(/trust it in Settings/);
});

test("a chain that its own authority does not allow is refused, whether its root is known or not", async () => {
  const names = [{ kind: "dns" as const, text: "bank.example" }];
  const leaf = await authority.signBlindly({ spki: KEY.spki, isRsa: false, purposes: [SERVER], names });
  const question = {
    csr: makeRequest({ key: KEY, names: ["bank.example"] }),
    came: [leaf, INTERMEDIATE, ROOT],
    before: null,
  };
  expect(codesOf(question)).toEqual(["chain-invalid"]);
  expect(codesOf({ ...question, roots: NONE })).toEqual(["chain-invalid"]);
});

test("a forged signature is refused", () => {
  const leaf = their.sign({ isForged: true });
  expect(codesOf(askTheirs(leaf))).toEqual(["chain-invalid"]);
  expect(codesOf(askTheirs(leaf, { roots: NONE }))).toEqual(["chain-invalid"]);
});

test("a certificate that is signed by itself has no issuer", () => {
  const alone = signCertificate({ subject: "shop.example", extensions: [isNamed("shop.example")] });
  const csr = makeRequest({ key: alone, names: ["shop.example"] });
  expect(codesOf({ csr, came: [alone.der], before: null })).toEqual(["self-signed"]);
});

test("an expired intermediate is told of, and by its own name", () => {
  const intermediate = signCertificate({
    subject: "their intermediate",
    issuer: their.root,
    keyOf: their.intermediate,
    notAfter: "260201000000Z",
    extensions: [isAuthority(0), mayBeUsedFor(0x0600)],
  });
  expect(saidOf(askTheirs(their.sign(), { came: [their.sign().der, intermediate.der] }))).toMatch(
    /^their intermediate expired on/,
  );
});

test("a broken extension, or one that is critical and unknown, is refused", () => {
  const names = isNamed("shop.example");
  expect(
    codesOf(askTheirs(their.sign({ extensions: [names, extension("2.5.29.37", oid("1.2.3"))] }))),
  ).toContain("malformed");
  expect(
    codesOf(askTheirs(their.sign({ extensions: [names, extension("1.2.3.4", sequence(), true)] }))),
  ).toEqual(["chain-invalid"]);
});

test("whatever comes is answered, however many", () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    fc.constantFrom(LEAF, INTERMEDIATE, ROOT, their.root.der),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), fc.boolean(), (came, isKnown) => {
      const answer = ask({ came, roots: isKnown ? KNOWN : NONE });
      const has = (der: Uint8Array) => came.slice(0, 32).some((each) => Buffer.compare(each, der) === 0);
      expect(answer.kind).toBe(has(LEAF) && has(INTERMEDIATE) ? "sound" : "faulty");
    }),
  );
});

test("a request that nobody can read, and an answer that holds nothing, are told apart", () => {
  expect(codesOf({ csr: new Uint8Array([1]) })).toEqual(["no-request"]);
  expect(codesOf({ came: [] })).toEqual(["no-certificate"]);
});
