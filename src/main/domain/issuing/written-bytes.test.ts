import { hash } from "node:crypto";
import { expect, test } from "vitest";
import type { Authority, Signer } from "./authority.ts";
import { makeIntermediate, makeLeaf, makeRequest, makeRoot } from "./make-certificate.ts";
import { readPermitted } from "./names.ts";

/** The point is the curve's base point: any key would do. */
const SPKI = Buffer.from(
  "3059301306072a8648ce3d020106082a8648ce3d030107034200046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296" +
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
  "hex",
);

/** A signature whose first number begins with zeros, and whose second one needs a zero before it. */
const SIGNATURE = Buffer.concat([Buffer.alloc(2), Buffer.alloc(30, 0x51), Buffer.alloc(32, 0xf0)]);
const signer: Signer = { kind: "p256", sign: async () => SIGNATURE };
const OWN = {
  name: "Bücher & Söhne, #1",
  permitted: [".corp.example", "10.0.0.0/8"].map(readPermitted),
  now: new Date("2026-06-01T00:00:00.137Z"),
  serial: Buffer.alloc(16, 0x99),
  spki: SPKI,
};
const MAPPED = {
  kind: "ip",
  text: "::ffff:1.2.3.4",
  bytes: [...Buffer.alloc(10), 255, 255, 1, 2, 3, 4],
} as const;

const sha256 = (der: Uint8Array): string => hash("sha256", der);

/**
 * The hashes are of what was written before a library did it: an update of the library that writes anything else fails
 * here.
 */
test("a root, an intermediate, a leaf and a request have the bytes that they have always had", async () => {
  const root: Authority = { der: await makeRoot(OWN, signer), signer };
  const intermediate: Authority = { der: await makeIntermediate(OWN, root), signer };
  const request = {
    names: [{ kind: "dns", text: "*.corp.example" } as const, MAPPED],
    purposes: ["1.3.6.1.5.5.7.3.1"],
    spki: SPKI,
    isRsa: false,
  };
  const leaf = await makeLeaf({ request, days: 90, now: OWN.now, serial: OWN.serial }, intermediate);
  const bare = { ...request, names: [MAPPED] };
  const nameless = await makeLeaf(
    { request: bare, days: 90, now: OWN.now, serial: OWN.serial },
    intermediate,
  );
  const wish = { spki: SPKI, names: ["a.corp.example", MAPPED.text], forClients: true };
  const asked = await makeRequest({ ...wish, key: "p256" }, async () => SIGNATURE);
  const askedByEd25519 = await makeRequest({ ...wish, key: "ed25519" }, async () => SIGNATURE);
  expect([root.der, intermediate.der, leaf, nameless, asked, askedByEd25519].map(sha256)).toEqual(EXPECTED);
});

const EXPECTED = [
  "7748e42b3060682b22f8947eff70a68ab3dd41d2a0399ec9b229f101271e52c0",
  "433b534cbab7b34c841055bcb3ab9a1a8ed3d5d9572992bc3cfa4638e18ca9a7",
  "58bf56b98f4bbd782e1f7ea930a4bb9ef073fa00cf0b02aa7ba75e8f4835c26d",
  "d49c7314a5aa6df6fc295c56726ad52e4269b4e3aa18054c24ac94b52e7827b8",
  "3df68550cf167d4d385da67c1107202289435df3438b0c87016226ad4c4f92dc",
  "19ebbace781d442f6330ab84135eb27c3fc21be60cfba38fba1b7600a63c1abb",
];
