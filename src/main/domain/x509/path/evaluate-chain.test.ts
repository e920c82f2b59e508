import { expect, test } from "vitest";
import { codesOf, judge } from "#domain/x509/path/testing/judge.ts";
import { der, extension, oid, sequence, text } from "#testing/tls/build-certificate.ts";
import {
  constrains,
  isAuthority,
  isMeantFor,
  isNamed,
  mayBeUsedFor,
  signCertificate,
} from "#testing/tls/sign-certificate.ts";

const root = signCertificate({ subject: "root", extensions: [isAuthority()] });
const middle = signCertificate({ subject: "middle", issuer: root, extensions: [isAuthority()] });
const leaf = signCertificate({ subject: "leaf", issuer: middle, extensions: [isNamed("shop.example")] });

test("a path is told from the certificate to the root, whatever order its parts are given in", () => {
  const stray = signCertificate({ subject: "stray", extensions: [isAuthority()] });
  expect(judge(leaf.der, { roots: [root], pool: [stray, root, middle, leaf] })).toMatchObject({
    profile: "clients",
    state: "valid",
    reasons: [],
    path: [leaf.sha256, middle.sha256, root.sha256],
  });
});

test("where nothing leads to a root, it is said where the way ends and why", () => {
  expect(judge(leaf.der, { roots: [root] })).toMatchObject({
    state: "invalid",
    reasons: [
      { code: "no-path", sentence: "leaf has an issuer that is neither in the chain nor among the roots" },
    ],
    path: [leaf.sha256],
  });
  const other = signCertificate({ subject: "other" });
  expect(judge(leaf.der, { roots: [other], pool: [middle, root] })).toMatchObject({
    reasons: [{ code: "untrusted-root", sha256: root.sha256 }],
    path: [leaf.sha256, middle.sha256, root.sha256],
  });
  expect(codesOf(judge(other.der, { roots: [root] }))).toEqual(["self-signed"]);
  expect(judge(other.der, { roots: [other] })).toMatchObject({ state: "valid", path: [other.sha256] });
  expect(codesOf(judge(Buffer.from("no certificate"), { roots: [root] }))).toEqual(["not-a-certificate"]);
});

test("a certificate that only has the name of the issuer is told from the one that signed", () => {
  const namesake = signCertificate({ subject: "middle", issuer: root, extensions: [isAuthority()] });
  expect(codesOf(judge(leaf.der, { roots: [root], pool: [namesake] }))).toEqual(["signature-invalid"]);
  expect(judge(leaf.der, { roots: [root], pool: [namesake, middle] }).state).toBe("valid");
});

test("dates are those of a chosen time, of every certificate, and both ends count", () => {
  const short = signCertificate({ subject: "short", issuer: root, notAfter: "260601000000Z" });
  const at = (time: string) => ({ roots: [root], wish: { at: Date.parse(time) } });
  expect(judge(short.der, at("2026-06-01T00:00:00Z")).state).toBe("valid");
  expect(judge(short.der, at("2026-06-01T00:00:01Z"))).toMatchObject({
    state: "invalid",
    reasons: [{ code: "expired", sentence: "short expired on 2026-06-01T00:00:00Z", sha256: short.sha256 }],
  });
  expect(codesOf(judge(short.der, at("2025-12-31T23:59:59Z")))).toEqual(["not-yet-valid", "not-yet-valid"]);
});

test("of two paths the one that is sound counts, however many are not", () => {
  const old = signCertificate({
    subject: "middle",
    issuer: root,
    extensions: [isAuthority()],
    keyOf: middle,
    notAfter: "260201000000Z",
  });
  const crossed = signCertificate({ subject: "root", extensions: [isAuthority()] });
  const byCrossed = signCertificate({
    subject: "middle",
    issuer: crossed,
    extensions: [isAuthority()],
    keyOf: middle,
  });
  expect(judge(leaf.der, { roots: [root], pool: [old, byCrossed, middle] }).path).toContain(middle.sha256);
  expect(codesOf(judge(leaf.der, { roots: [root], pool: [old] }))).toEqual(["expired"]);
});

test("only an authority signs others, only as deep as it may, and only if its key usage lets it", () => {
  const below = (...extensions: Buffer[]) => {
    const issuer = signCertificate({ subject: "issuer", issuer: root, extensions });
    return codesOf(judge(signCertificate({ subject: "x", issuer }).der, { roots: [root], pool: [issuer] }));
  };
  expect(below()).toEqual(["not-an-authority"]);
  expect(below(isAuthority())).toEqual([]);
  expect(below(isAuthority(), mayBeUsedFor(0x8000))).toEqual(["may-not-sign"]);
  const shallow = signCertificate({ subject: "shallow", issuer: root, extensions: [isAuthority(0)] });
  const deep = signCertificate({ subject: "deep", issuer: shallow, extensions: [isAuthority()] });
  const end = signCertificate({ subject: "end", issuer: deep });
  expect(codesOf(judge(end.der, { roots: [root], pool: [shallow, deep] }))).toEqual(["path-too-long"]);
});

const SERVER = "1.3.6.1.5.5.7.3.1";
const CLIENT = "1.3.6.1.5.5.7.3.2";

test("a purpose has to be let by every certificate that names any", () => {
  const forServers = signCertificate({
    subject: "ca",
    issuer: root,
    extensions: [isAuthority(), isMeantFor(SERVER)],
  });
  const both = signCertificate({
    subject: "x",
    issuer: forServers,
    extensions: [isMeantFor(SERVER, CLIENT)],
  });
  const asked = (purpose: "server" | "client") =>
    judge(both.der, { roots: [root], pool: [forServers], wish: { purpose } });
  expect(asked("server").state).toBe("valid");
  expect(asked("client")).toMatchObject({ reasons: [{ code: "wrong-purpose", sha256: forServers.sha256 }] });
  const any = signCertificate({ subject: "any", issuer: root, extensions: [isMeantFor("2.5.29.37.0")] });
  expect(judge(any.der, { roots: [root], wish: { purpose: "client" } }).state).toBe("valid");
  const signs = signCertificate({ subject: "signs", issuer: root, extensions: [mayBeUsedFor(0x0400)] });
  expect(codesOf(judge(signs.der, { roots: [root], wish: { purpose: "server" } }))).toEqual(["wrong-usage"]);
});

test("a server is named by its alternative names, never by its common name", () => {
  const named = (name: string) => ({ roots: [root], pool: [middle], wish: { name } });
  expect(judge(leaf.der, named("shop.example")).state).toBe("valid");
  expect(judge(leaf.der, named("leaf"))).toMatchObject({
    reasons: [{ code: "name-mismatch", sentence: "leaf is for DNS:shop.example, and not for leaf" }],
  });
  const bare = signCertificate({ subject: "shop.example", issuer: root });
  expect(codesOf(judge(bare.der, { roots: [root], wish: { name: "shop.example" } }))).toEqual(["no-names"]);
});

test("a critical extension that is not known is refused, one that is not critical is passed over", () => {
  const strange = (isCritical: boolean) =>
    signCertificate({
      subject: "x",
      issuer: root,
      extensions: [extension("1.2.3.4", [0x05, 0x00], isCritical)],
    });
  expect(judge(strange(true).der, { roots: [root] })).toMatchObject({
    state: "invalid",
    reasons: [{ code: "critical-unknown" }],
  });
  expect(judge(strange(false).der, { roots: [root] }).state).toBe("valid");
});

test("an extension that is broken or stands there twice makes the certificate invalid", () => {
  const broken = signCertificate({
    subject: "x",
    issuer: root,
    extensions: [extension("2.5.29.15", [0x05, 0x00])],
  });
  expect(codesOf(judge(broken.der, { roots: [root] }))).toEqual(["malformed"]);
  const twice = signCertificate({ subject: "x", issuer: root, extensions: [isNamed("a"), isNamed("b")] });
  expect(codesOf(judge(twice.der, { roots: [root] }))).toEqual(["malformed"]);
});

test.each([
  [{ permitted: ["example"] }, "shop.example", []],
  [{ permitted: ["other.example"] }, "shop.example", ["name-not-permitted"]],
  [{ excluded: ["shop.example"] }, "a.shop.example", ["name-excluded"]],
  [{ excluded: ["pay.shop.example"] }, "*.shop.example", ["name-excluded"]],
  [{ permitted: ["pay.shop.example"] }, "*.shop.example", ["name-not-permitted"]],
  [{ excluded: ["example"] }, "shop.test", []],
])("below an authority with %j, the name %s is judged %j", (constraints, name, codes) => {
  const [[side, names = []] = ["permitted"]] = Object.entries(constraints);
  const bases = (names as string[]).map((each) => text(0x82, each));
  const issuer = signCertificate({
    subject: "ca",
    issuer: root,
    extensions: [isAuthority(), constrains({ [side]: bases })],
  });
  const below = signCertificate({ subject: "x", issuer, extensions: [isNamed(name)] });
  expect(codesOf(judge(below.der, { roots: [root], pool: [issuer] }))).toEqual(codes);
});

test("a name of a form that is not compared cannot be told to be permitted, which is not invalid", () => {
  const other = der(0xa0, oid("1.2.3"), der(0xa0, text(0x0c, "x")));
  const issuer = signCertificate({
    subject: "ca",
    issuer: root,
    extensions: [isAuthority(), constrains({ permitted: [other] })],
  });
  const below = signCertificate({
    subject: "x",
    issuer,
    extensions: [extension("2.5.29.17", sequence(other))],
  });
  expect(judge(below.der, { roots: [root], pool: [issuer] })).toMatchObject({
    state: "unsupported",
    reasons: [{ code: "name-not-evaluated" }],
  });
});

test("no way to write a name leads around what an authority above excludes", () => {
  const address = text(0x87, [10, 0, 0, 0, 255, 0, 0, 0]);
  const excluded = [text(0x82, "bank.example"), address];
  const above = signCertificate({
    subject: "constrained",
    issuer: root,
    extensions: [isAuthority(), constrains({ excluded })],
  });
  const mapped = [...new Array<number>(10).fill(0), 0xff, 0xff, 10, 0, 0, 1];
  const cases: [wanted: string, name: Buffer][] = [
    ["bank.example", text(0x82, "BANK.example.")],
    // Characters that resolvers take for a dot and for letters, in UTF-8 where only ASCII is allowed.
    ["bank.example", text(0x82, "bank\u3002example")],
    ["bank.example", text(0x82, "\uff42ank.example")],
    ["10.0.0.1", text(0x87, mapped)],
    ["10.0.0.1", text(0x82, "10.0.0.1")],
  ];
  for (const [name, written] of cases) {
    const names = extension("2.5.29.17", sequence(written, text(0x82, "other.example")));
    const below = signCertificate({ subject: "below", issuer: above, extensions: [names] });
    expect(judge(below.der, { roots: [root], pool: [above], wish: { name } }).state, name).toBe("invalid");
  }
});
