import { expect, test } from "vitest";
import { findReloadConcerns } from "./explain-difference.ts";
import type { Held } from "./host-map.ts";

const AT = Date.parse("2026-06-01T00:00:00Z") / 1_000;

const held = (issuer: string, more: Partial<Held> = {}): Held => ({
  sha256: issuer,
  names: ["DNS:shop"],
  keyType: "EC",
  subject: "CN=shop",
  issuer,
  notBefore: "2026-05-01T00:00:00Z",
  notAfter: "2026-08-01T00:00:00Z",
  ...more,
});

const PUBLIC = "CN=R10,O=Let's Encrypt,C=US";

const find = (now: Held, served: Held | null = held(PUBLIC)) => findReloadConcerns({ served, now, at: AT });

test("one that is not valid yet, and one that has expired, are told with their dates", () => {
  expect(find(held(PUBLIC))).toEqual([]);
  const from = "2026-06-02T00:00:00Z";
  expect(find(held(PUBLIC, { notBefore: from }))).toEqual([{ kind: "not-yet-valid", from }]);
  const since = "2026-05-31T00:00:00Z";
  expect(find(held(PUBLIC, { notAfter: since }))).toEqual([{ kind: "expired", since }]);
  expect(find(held(PUBLIC, { notBefore: null }))).toEqual([]);
});

test("one that names itself as its issuer and one of a staging authority are of another issuer, and one of the same authority's next is not", () => {
  const told = (issuer: string, served = PUBLIC) => find(held(issuer), held(served)).map(({ kind }) => kind);
  expect(find(held("CN=shop"))).toEqual([
    { kind: "other-issuer", issuer: "CN=shop", served: PUBLIC, isOwn: true },
  ]);
  expect(find(held("CN=(STAGING) E1,O=(STAGING) Let's Encrypt,C=US"))).toMatchObject([
    { kind: "other-issuer", isOwn: false },
  ]);
  expect(told("CN=R11,O=Let's Encrypt,C=US")).toEqual([]);
  expect(told("CN=shop", "CN=shop")).toEqual([]);
  expect(told("CN=An authority", "CN=Another authority")).toEqual(["other-issuer"]);
  // An organization may sign one certificate by its authority and let the other sign itself.
  const own = held("O=Shop,CN=shop", { subject: "O=Shop,CN=shop" });
  expect(find(own, held("O=Shop,CN=Authority", { subject: "O=Shop,CN=shop" }))).toHaveLength(1);
});

test("of one that is served for another use, and of one whose issuer was not kept, the issuer is no concern", () => {
  expect(find(held("CN=shop"), null)).toEqual([]);
  const { issuer: _, ...unknown } = held(PUBLIC);
  expect(find(unknown)).toEqual([]);
  expect(find(held(PUBLIC), unknown)).toEqual([]);
});
