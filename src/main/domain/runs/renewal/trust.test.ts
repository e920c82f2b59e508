import { expect, test } from "vitest";
import { indexCertificates } from "#domain/x509/path/path-certificate.ts";
import type { TrustStore } from "#shared/model/certificates/chain.ts";
import { formatKnownChain, formatNextChain, formatTrust } from "#shared/text/runs/renewal-trust.ts";
import {
  isAuthority,
  isNamed,
  mayBeUsedFor,
  type Signed,
  signCertificate,
} from "#testing/tls/sign-certificate.ts";
import { type ChainFacts, compareTrust, coversTrust, type NextChain, needsAcknowledgement } from "./trust.ts";

const NOW = new Date("2026-06-01T00:00:00Z");
const SIGNS_CERTIFICATES = 0x0600;

type Signing = Parameters<typeof signCertificate>[0];

const signAuthority = (subject: string, more: Partial<Signing> = {}): Signed =>
  signCertificate({
    subject,
    extensions: [isAuthority(), mayBeUsedFor(SIGNS_CERTIFICATES)],
    ...more,
  });

const signLeaf = (issuer: Signed | null, more: Partial<Signing> = {}): Signed =>
  signCertificate({
    subject: "web.example",
    extensions: [isNamed("web.example")],
    ...(issuer && { issuer }),
    ...more,
  });

/** Two public authorities, and one that nobody knows. */
const A = signAuthority("Root A");
const UNDER_A = signAuthority("Issuing A", { issuer: A });
const B = signAuthority("Root B");
const UNDER_B = signAuthority("Issuing B", { issuer: B });
const PRIVATE = signAuthority("Private root");
const UNDER_PRIVATE = signAuthority("Private issuing", { issuer: PRIVATE });
/** Root A's key and name, signed by Root B: who trusts B alone accepts what is below A. */
const A_BY_B = signAuthority("Root A", { issuer: B, keyOf: A });

type Roots = Partial<Record<TrustStore, readonly Signed[]>>;
const MOZILLA_AND_SYSTEM: Roots = { mozilla: [A, B], system: [A] };

const toStores = (roots: Roots) =>
  (["mozilla", "system", "yours"] as const).map((store) => ({
    store,
    roots: indexCertificates((roots[store] ?? []).map(({ der }) => der)),
  }));

const toChain = (leaf: Signed, ...above: Signed[]): ChainFacts => ({
  leaf: leaf.der,
  above: above.map(({ der }) => der),
  beside: [],
});
const issued = (leaf: Signed, ...above: Signed[]): NextChain => ({
  ...toChain(leaf, ...above),
  isLeaf: true,
  by: "issued",
});
const authority = (leaf: Signed, ...above: Signed[]): NextChain => ({
  ...toChain(leaf, ...above),
  isLeaf: false,
  by: "authority",
});

const compare = (
  old: ChainFacts | null,
  next: NextChain | null,
  roots: Roots = MOZILLA_AND_SYSTEM,
  now = NOW,
) => compareTrust({ old, next, stores: toStores(roots), now });

test("a new certificate under the root of the old one needs no acknowledgement", () => {
  const trust = compare(toChain(signLeaf(UNDER_A), UNDER_A), issued(signLeaf(UNDER_A), UNDER_A));
  expect(trust).toMatchObject({ root: "same", lost: [], kept: ["mozilla", "system"], unsure: [] });
  expect(trust.next?.trustedBy).toEqual(["mozilla", "system"]);
  expect(needsAcknowledgement(trust)).toBe(false);
  expect(formatTrust(trust)).toMatchInlineSnapshot(
    `"both lead to Root A; clients that trust Mozilla's roots or this computer's roots trust both"`,
  );
});

test("where the root changes, the clients of a store that does not have the new one are named, and so are those that trust both", () => {
  const trust = compare(toChain(signLeaf(UNDER_A), UNDER_A), issued(signLeaf(UNDER_B), UNDER_B));
  expect(trust).toMatchObject({ root: "other", lost: ["system"], kept: ["mozilla"], unsure: [] });
  expect(needsAcknowledgement(trust)).toBe(true);
  expect(formatTrust(trust)).toMatchInlineSnapshot(
    `"the root changes from Root A to Root B; clients that trust this computer's roots trust the old one and will refuse the new one; clients that were given only Root A will refuse the new one; clients that trust Mozilla's roots trust both"`,
  );
  expect([formatKnownChain(trust.old), formatNextChain(trust)]).toMatchInlineSnapshot(`
    [
      "CN=Issuing A; root Root A",
      "CN=Issuing B; root Root B",
    ]
  `);
});

test("a public certificate that an authority of our own replaces is trusted by none of the stores that trusted the old one", () => {
  const roots = { ...MOZILLA_AND_SYSTEM, yours: [PRIVATE] };
  const trust = compare(toChain(signLeaf(UNDER_A), UNDER_A), authority(UNDER_PRIVATE, PRIVATE), roots);
  expect(trust).toMatchObject({ root: "other", lost: ["mozilla", "system"], kept: [] });
  expect(trust.next).toMatchObject({
    issuer: "CN=Private issuing",
    root: "Private root",
    trustedBy: ["yours"],
  });
  expect(formatTrust(trust)).toMatchInlineSnapshot(
    `"the root changes from Root A to Private root; clients that trust Mozilla's roots or this computer's roots trust the old one and will refuse the new one; clients that were given only Root A will refuse the new one"`,
  );
});

test("a cross-signed chain leads to the old root for those who have it, and to the other one for the rest", () => {
  const onlyB = { mozilla: [B], system: [A] };
  const old = toChain(signLeaf(UNDER_A), UNDER_A);
  const crossed = compare(old, issued(signLeaf(UNDER_A), UNDER_A, A_BY_B), onlyB);
  expect(crossed).toMatchObject({ root: "same", lost: [], kept: ["system"] });
  expect(needsAcknowledgement(crossed)).toBe(false);
  const oldCrossed = toChain(signLeaf(UNDER_A), UNDER_A, A_BY_B);
  const plain = compare(oldCrossed, issued(signLeaf(UNDER_A), UNDER_A), onlyB);
  expect(plain).toMatchObject({ root: "same", lost: ["mozilla"], kept: ["system"] });
  const elsewhere = compare(oldCrossed, issued(signLeaf(UNDER_B), UNDER_B), onlyB);
  expect(elsewhere).toMatchObject({ root: "same", lost: ["system"], kept: ["mozilla"] });
  expect(needsAcknowledgement(elsewhere)).toBe(true);
});

test("a certificate that signs itself is trusted by whoever was given it: any other one has to be acknowledged, also before it is issued", () => {
  const old = toChain(signLeaf(null));
  const trust = compare(old, authority(UNDER_PRIVATE, PRIVATE), { yours: [PRIVATE] });
  expect(trust).toMatchObject({
    root: "other",
    lost: [],
    kept: [],
    old: { isSelfSigned: true, trustedBy: [] },
  });
  expect(needsAcknowledgement(trust)).toBe(true);
  expect(formatTrust(trust)).toMatchInlineSnapshot(
    `"the old one is signed by itself, and the new one leads to Private root; clients that were given the old one will refuse the new one"`,
  );
  const unissued = compare(old, null);
  expect(needsAcknowledgement(unissued)).toBe(true);
  expect(formatTrust(unissued)).toMatchInlineSnapshot(
    `"the old one is signed by itself: clients that were given it will refuse the new one, whose root is unknown until it is issued"`,
  );
  expect(formatNextChain(unissued)).toBe("unknown until it is issued");
});

test("what is not known is said to be unknown: of the new chain before it is issued, and of an old one whose root nobody has", () => {
  const unissued = compare(toChain(signLeaf(UNDER_A), UNDER_A), null);
  expect(unissued).toMatchObject({ root: "unknown", next: null, by: null, lost: [] });
  expect(needsAcknowledgement(unissued)).toBe(false);
  expect(formatTrust(unissued)).toMatchInlineSnapshot(
    `"which root the new one leads to is unknown until it is issued, where the old one has Root A; the run stops before it is installed if clients that trust the old one would refuse it"`,
  );
  const rootless = toChain(signLeaf(UNDER_PRIVATE), UNDER_PRIVATE);
  const unknown = compare(rootless, issued(signLeaf(UNDER_B), UNDER_B));
  expect(unknown).toMatchObject({ root: "unknown", lost: [], old: { root: null } });
  expect(needsAcknowledgement(unknown)).toBe(true);
  expect(formatTrust(unknown)).toMatchInlineSnapshot(
    `"whether the root changes is unknown: the old one leads to a root that is not known here, the new one to Root B; which of the clients that were given the old root will fail is unknown"`,
  );
  expect(formatKnownChain(unknown.old)).toBe("CN=Private issuing; its root is not known here");
  expect(compare(null, issued(signLeaf(UNDER_B), UNDER_B))).toMatchObject({ root: "unknown", old: null });
  expect(compare({ leaf: Buffer.from("no certificate"), above: [], beside: [] }, null)).toMatchObject({
    old: null,
  });
});

test("what the same authority signs again is under the same root, though nobody has that root here", () => {
  const old = toChain(signLeaf(UNDER_PRIVATE));
  const trust = compare(old, issued(signLeaf(UNDER_PRIVATE), UNDER_PRIVATE));
  expect(trust).toMatchObject({ root: "same", old: { root: null }, next: { root: null } });
  expect(needsAcknowledgement(trust)).toBe(false);
});

test("who trusted an expired certificate while it was valid counts", () => {
  const expired = signLeaf(UNDER_A, { notAfter: "260301000000Z" });
  const trust = compare(toChain(expired, UNDER_A), authority(UNDER_PRIVATE, PRIVATE));
  expect(trust).toMatchObject({ root: "other", lost: ["mozilla", "system"] });
});

test("a chain that only has the old root's name leads to another one", () => {
  const impostor = signAuthority("Private root");
  const underImpostor = signAuthority("Private issuing", { issuer: impostor });
  const old = toChain(signLeaf(UNDER_PRIVATE), UNDER_PRIVATE, PRIVATE);
  for (const next of [
    issued(signLeaf(underImpostor), underImpostor),
    issued(signLeaf(underImpostor), underImpostor, PRIVATE),
    issued(signLeaf(UNDER_PRIVATE, { isForged: true }), UNDER_PRIVATE, PRIVATE),
  ]) {
    const trust = compare(old, next);
    expect(trust.root).toBe("other");
    expect(needsAcknowledgement(trust)).toBe(true);
  }
});

test("somebody who signs the key of the old root makes nobody's clients trust their own root", () => {
  const evil = signAuthority("Evil root");
  const planted = signAuthority("Private root", { issuer: evil, keyOf: PRIVATE });
  const old = {
    ...toChain(signLeaf(UNDER_PRIVATE), UNDER_PRIVATE, PRIVATE),
    beside: [planted.der, evil.der],
  };
  const underEvil = signAuthority("Private issuing", { issuer: evil });
  const trust = compare(old, issued(signLeaf(underEvil), underEvil));
  expect(trust.root).toBe("other");
  expect(needsAcknowledgement(trust)).toBe(true);
  expect(trust.old?.root?.split(" or ").toSorted()).toEqual(["Evil root", "Private root"]);
  const many = Array.from({ length: 9 }, (_, nth) => {
    const root = signAuthority(`Evil root ${nth}`);
    return [root, signAuthority("Private root", { issuer: root, keyOf: PRIVATE })];
  }).flat();
  const hidden = { ...old, beside: many.map(({ der }) => der) };
  const unknown = compare(hidden, issued(signLeaf(UNDER_PRIVATE), UNDER_PRIVATE));
  expect(unknown).toMatchObject({ root: "unknown", old: { root: null } });
  expect(needsAcknowledgement(unknown)).toBe(true);
});

test("what was acknowledged covers the very root that was shown, the stores that were named, and what is no worse", () => {
  const old = toChain(signLeaf(UNDER_A), UNDER_A);
  const roots = { ...MOZILLA_AND_SYSTEM, yours: [PRIVATE] };
  const planned = compare(old, authority(UNDER_PRIVATE, PRIVATE), roots);
  const as = (next: NextChain, from = roots) => coversTrust(planned, compare(old, next, from));
  expect(as(issued(signLeaf(UNDER_PRIVATE), UNDER_PRIVATE))).toBe(true);
  expect(as(issued(signLeaf(UNDER_A), UNDER_A))).toBe(true);
  expect(as(issued(signLeaf(UNDER_B), UNDER_B))).toBe(false);
  const stranger = signAuthority("Private root");
  expect(as(issued(signLeaf(signAuthority("Private issuing", { issuer: stranger })), stranger))).toBe(false);
  const nothing = compare(old, issued(signLeaf(UNDER_A), UNDER_A));
  expect(coversTrust(nothing, planned)).toBe(false);
  const less = compare(old, issued(signLeaf(UNDER_B), UNDER_B));
  const more = compare(old, issued(signLeaf(UNDER_B), UNDER_B), { mozilla: [A], system: [A, B] });
  expect(coversTrust(less, more)).toBe(false);
  const unissued = compare(toChain(signLeaf(null)), null);
  expect(coversTrust(unissued, compare(toChain(signLeaf(null)), issued(signLeaf(UNDER_B), UNDER_B)))).toBe(
    true,
  );
  expect(coversTrust(compare(old, null), compare(old, issued(signLeaf(UNDER_B), UNDER_B)))).toBe(false);
});
