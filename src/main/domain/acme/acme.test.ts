import { createPublicKey, hash, verify } from "node:crypto";
import { expect, test } from "vitest";
import { makeSigner } from "#testing/acme/acme-account.ts";
import { buildCertificate, der, extension, sequence } from "#testing/tls/build-certificate.ts";
import { challengeOf, openBinding, openJws, readAccountKey, thumbprintOf } from "./account-key.ts";
import { readRetryAfter } from "./directory.ts";
import { readProblem } from "./fault.ts";
import { isSameNames, nextOfOrder } from "./order.ts";
import { certificateIdOf, readRenewalInfo } from "./renewal-info.ts";

const decode = (text: string) => JSON.parse(Buffer.from(text, "base64url").toString());

test("a request is signed over its head and its payload, and anybody can check it by the key in the head", async () => {
  const { jwk, spki, sign } = makeSigner();
  expect(readAccountKey(spki)).toEqual(jwk);
  const { data, seal } = openJws({ alg: "ES256", url: "https://ca.example/x", nonce: "n", jwk }, { a: 1 });
  const sealed = seal(await sign(data));
  expect(decode(sealed.protected)).toEqual({ alg: "ES256", url: "https://ca.example/x", nonce: "n", jwk });
  expect(decode(sealed.payload)).toEqual({ a: 1 });
  const key = { key: createPublicKey({ key: jwk, format: "jwk" }), dsaEncoding: "ieee-p1363" as const };
  const signed = Buffer.from(`${sealed.protected}.${sealed.payload}`);
  expect(verify("sha256", signed, key, Buffer.from(sealed.signature, "base64url"))).toBe(true);
});

test("a POST-as-GET has no payload at all", () => {
  expect(openJws({ alg: "ES256", url: "u", nonce: "n", kid: "k" }, null).seal(new Uint8Array()).payload).toBe(
    "",
  );
});

test("a binding is about the account's key, and has no nonce", () => {
  const { jwk } = makeSigner();
  const { protected: head, payload } = openBinding("kid-1", "https://ca.example/account", jwk).seal(
    new Uint8Array(),
  );
  expect(decode(head)).toEqual({ alg: "HS256", kid: "kid-1", url: "https://ca.example/account" });
  expect(decode(payload)).toEqual(jwk);
});

test("a key of another kind is no account's", () => {
  expect(
    readAccountKey(Buffer.from("MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=", "base64")),
  ).toBeNull();
  expect(readAccountKey(new Uint8Array([1, 2, 3]))).toBeNull();
});

test("what answers a challenge is its token and the thumbprint of the key, or the hash of both", () => {
  const { jwk } = makeSigner();
  const thumbprint = thumbprintOf(jwk);
  const keyAuthorization = `token.${thumbprint}`;
  const of = (type: "http-01" | "dns-01" | "tls-alpn-01") =>
    challengeOf("a.example", { type, token: "token" }, thumbprint);
  expect(of("http-01")).toEqual({ type: "http-01", name: "a.example", token: "token", keyAuthorization });
  expect(of("dns-01")).toMatchObject({ txt: hash("sha256", keyAuthorization, "base64url") });
  expect(of("tls-alpn-01")).toMatchObject({ digest: hash("sha256", keyAuthorization, "buffer") });
});

test("a certificate is known by what RFC 9773 says of its example", () => {
  const key = Buffer.from("69885B6B87464041E1B37B847BA0AE2CDE01C8D4", "hex");
  const authorityKey = extension("2.5.29.35", sequence(der(0x80, key)));
  const certificate = buildCertificate({
    serial: Buffer.from("0087654321", "hex"),
    extensions: [authorityKey],
  });
  expect(certificateIdOf(certificate)).toBe("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
  expect(certificateIdOf(buildCertificate({}))).toBeNull();
  expect(certificateIdOf(new Uint8Array([0x30]))).toBeNull();
});

test("what comes next of an order goes by its state", () => {
  const order = {
    identifiers: [],
    authorizations: [],
    finalize: "f",
    problem: null,
    certificate: "https://ca.example/c",
  };
  const next = (status: "pending" | "ready" | "processing" | "valid" | "invalid", isAuthorized = false) =>
    nextOfOrder({ ...order, status }, isAuthorized).kind;
  expect(next("pending")).toBe("authorize");
  expect(next("pending", true)).toBe("wait");
  expect(next("ready")).toBe("finalize");
  expect(next("processing")).toBe("wait");
  expect(next("valid")).toBe("download");
  expect(next("invalid")).toBe("over");
});

test("names are the same in any order, and not of another kind", () => {
  const a = { type: "dns" as const, value: "a" };
  const b = { type: "dns" as const, value: "b" };
  expect(isSameNames([a, b], [b, a, a])).toBe(true);
  expect(isSameNames([a, b], [a])).toBe(false);
  expect(isSameNames([a], [{ ...a, type: "ip" }])).toBe(false);
});

test("it is waited for seconds or until a date, and for no more than a month", () => {
  const now = new Date("2026-11-26T12:00:00Z");
  const cases = [
    "7",
    "Thu, 26 Nov 2026 12:00:09 GMT",
    "Wed, 25 Nov 2026 12:00:00 GMT",
    "999999999",
    "-1",
    "soon",
    "",
  ];
  expect(cases.map((text) => readRetryAfter(text, now))).toEqual([7, 9, 0, 2_678_400, null, null, null]);
});

test("a refusal is told in the authority's words, also what it says of single names", () => {
  const body = {
    type: "urn:ietf:params:acme:error:malformed",
    detail: "Some of the identifiers",
    subproblems: [
      {
        type: "urn:ietf:params:acme:error:caa",
        detail: "CAA forbids",
        identifier: { type: "dns", value: "a.example" },
      },
      { detail: "of nobody" },
    ],
  };
  expect(readProblem(400, Buffer.from(JSON.stringify(body)))).toEqual({
    type: "malformed",
    detail: "Some of the identifiers",
    parts: [{ name: "a.example", detail: "CAA forbids" }],
  });
  expect(readProblem(502, Buffer.from("<html>"))).toMatchObject({
    detail: "it answers 502 and says no reason",
  });
});

test("a window of renewal has its beginning before its end, and a page only by https", () => {
  const read = (start: string, end: string, explanationURL = "javascript:alert(1)") =>
    readRenewalInfo(Buffer.from(JSON.stringify({ suggestedWindow: { start, end }, explanationURL })));
  expect(read("2026-01-01T00:00:00Z", "2026-01-02T01:02:03.5+01:00")).toEqual({
    from: "2026-01-01T00:00:00Z",
    to: "2026-01-02T00:02:03Z",
    explanation: null,
  });
  expect(read("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "https://ca.example/why")).toMatchObject({
    explanation: "https://ca.example/why",
  });
  expect(read("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z")).toMatchObject({ kind: "broken" });
  expect(read("1", "2")).toMatchObject({ kind: "broken" });
});
