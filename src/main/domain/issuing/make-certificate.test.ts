import { expect, test } from "vitest";
import { ANY_POLICY_WILL_DO, evaluateChain } from "#domain/x509/path/evaluate-chain.ts";
import { indexCertificates, openCertificate } from "#domain/x509/path/path-certificate.ts";
import { readCertificate } from "#domain/x509/read-certificate.ts";
import { readCrl } from "#domain/x509/revocation/read-crl.ts";
import { ipName, makeKey, makeRequest } from "#testing/tls/make-request.ts";
import { makeRevocationList } from "./authority.ts";
import { MADE_AT, makeOwnAuthority } from "./testing/make-own-authority.ts";

const authority = await makeOwnAuthority();
const { root, intermediate } = authority;
const KEY = makeKey();

const ANYTHING = { policy: ANY_POLICY_WILL_DO, mostIntermediates: null };

type Question = { name?: string; at?: Date; lists?: readonly Uint8Array[] };

const judge = (leaf: Uint8Array, { name, at = MADE_AT, lists }: Question = {}) =>
  evaluateChain({
    leaf,
    pool: indexCertificates([intermediate.der]),
    roots: indexCertificates([root.der]),
    options: { at: at.getTime(), purpose: "server", name: name ?? null, ...ANYTHING },
    profile: "rfc5280",
    revocationLists: lists ? lists.flatMap((der) => readCrl(der) ?? []) : null,
  });
const codes = (evaluation: ReturnType<typeof judge>) => evaluation.reasons.map(({ code }) => code);

test("a certificate that was signed is valid for its names, from an hour before", async () => {
  const leaf = await authority.sign(
    makeRequest({ key: KEY, names: ["*.corp.example", ipName(10, 1, 2, 3)] }),
  );
  for (const name of ["www.corp.example", "10.1.2.3"]) expect(codes(judge(leaf, { name }))).toEqual([]);
  expect(codes(judge(leaf, { name: "corp.example" }))).toEqual(["name-mismatch"]);
  expect(readCertificate(leaf)).toMatchObject({
    subject: "CN=*.corp.example",
    notBefore: "2026-05-31T23:00:00Z",
    notAfter: "2026-08-30T00:00:00Z",
    malformed: [],
    isCa: false,
  });
});

test("a certificate of addresses alone has no subject, and its names are critical", async () => {
  const leaf = readCertificate(await authority.sign(makeRequest({ key: KEY, names: [ipName(10, 0, 0, 1)] })));
  expect(leaf).toMatchObject({ subject: "", names: ["IP:10.0.0.1"] });
  expect(leaf?.extensions.find(({ oid }) => oid === "2.5.29.17")).toMatchObject({ isCritical: true });
});

test("no two serial numbers are the same, and each has 16 bytes", async () => {
  const csr = makeRequest({ key: KEY, names: ["a.corp.example"] });
  const serials = [];
  for (let n = 0; n < 20; n++) serials.push(readCertificate(await authority.sign(csr))?.serial ?? "");
  expect(new Set(serials).size).toBe(20);
  for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/);
});

test("nothing outlives its issuer", async () => {
  const csr = makeRequest({ key: KEY, names: ["a.corp.example"] });
  const late = new Date("2031-05-01T00:00:00Z");
  const leaf = readCertificate(await authority.sign(csr, 825, late));
  expect(leaf?.notAfter).toBe(readCertificate(intermediate.der)?.notAfter);
});

test("what neither root nor intermediate permit is invalid below them, whoever signed it", async () => {
  const ask = { spki: KEY.spki, isRsa: false, purposes: ["1.3.6.1.5.5.7.3.1"] };
  for (const names of [
    [{ kind: "dns" as const, text: "bank.example" }],
    [{ kind: "ip" as const, text: "11.0.0.1", bytes: [11, 0, 0, 1] }],
    [{ kind: "ip" as const, text: "fd00::1", bytes: [0xfd, ...Array<number>(14).fill(0), 1] }],
  ])
    expect(codes(judge(await authority.signBlindly({ ...ask, names })))).toEqual(["name-not-permitted"]);
});

test.each([
  ["names", [".corp.example"], { kind: "ip" as const, text: "10.0.0.1", bytes: [10, 0, 0, 1] }],
  ["addresses", ["10.0.0.0/8"], { kind: "dns" as const, text: "a.corp.example" }],
])("where %s alone are permitted, the other form is excluded", async (_, permitted, name) => {
  const other = await makeOwnAuthority({ permitted });
  const request = { spki: KEY.spki, isRsa: false, purposes: ["1.3.6.1.5.5.7.3.1"], names: [name] };
  const evaluation = evaluateChain({
    leaf: await other.signBlindly(request),
    pool: indexCertificates([other.intermediate.der]),
    roots: indexCertificates([other.root.der]),
    options: { at: MADE_AT.getTime(), purpose: "server", name: null, ...ANYTHING },
    profile: "rfc5280",
    revocationLists: null,
  });
  expect(evaluation.reasons.map(({ code }) => code)).toEqual(["name-excluded"]);
});

test("root and intermediate are for TLS alone, so that no mail or code can be signed below either", () => {
  for (const { der } of [root, intermediate])
    expect(openCertificate(der)?.extensions.purposes).toEqual(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
});

test("two authorities of one name have other names in their certificates", async () => {
  const other = await makeOwnAuthority();
  expect(readCertificate(other.root.der)?.subject).toMatch(/^CN=corp root [0-9a-f]{8}$/);
  expect(readCertificate(other.root.der)?.subject).not.toBe(readCertificate(root.der)?.subject);
});

test("what is on the list of its authority is revoked, and what is not is valid", async () => {
  const csr = makeRequest({ key: KEY, names: ["a.corp.example"] });
  const [good, bad] = [await authority.sign(csr), await authority.sign(csr)];
  const serial = readCertificate(bad)?.serial ?? "";
  const revoked = [{ serial, at: "2026-05-31T23:30:00Z", reason: "key-compromise" as const }];
  const lists = [
    await makeRevocationList({ number: 300, revoked, now: MADE_AT, days: 7 }, intermediate),
    await makeRevocationList({ number: 1, revoked: [], now: MADE_AT, days: 7 }, root),
  ];
  expect(readCrl(lists[0] ?? new Uint8Array())).toMatchObject({
    number: 300n,
    nextUpdate: Date.parse("2026-06-08T00:00:00Z"),
    malformed: null,
    criticalUnknown: [],
  });
  expect(codes(judge(good, { lists }))).toEqual([]);
  // By a clock that is behind.
  expect(codes(judge(good, { lists, at: new Date(MADE_AT.getTime() - 120_000) }))).toEqual([]);
  expect(codes(judge(bad, { lists }))).toEqual(["revoked"]);
});

test("dates from 2050 on are written with all four digits of their year", async () => {
  const late = new Date("2045-06-01T00:00:00Z");
  const other = await makeOwnAuthority({ now: late });
  expect(readCertificate(other.root.der)).toMatchObject({ notAfter: "2055-05-30T00:00:00Z", malformed: [] });
});
