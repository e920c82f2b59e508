import { createHash, createPublicKey, generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { spkiOfBlob } from "./ssh-key.ts";
import { toField } from "./ssh-wire.ts";

const spki = (pair: ReturnType<typeof make>) => pair.publicKey.export({ type: "spki", format: "der" });
const jwk = (pair: ReturnType<typeof make>, name: "n" | "e" | "x" | "y") =>
  Buffer.from(pair.publicKey.export({ format: "jwk" })[name] ?? "", "base64url");

const make = (curve: "P-256" | "P-384" | "P-521") => generateKeyPairSync("ec", { namedCurve: curve });
const blob = (...fields: Buffer[]) => Buffer.concat(fields.map((field) => toField(field)));
/** SSH's numbers are signed, and so a high first bit has a zero before it. */
const number = (bytes: Buffer) =>
  (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;

test("a key of SSH is the key that certificates know it as", () => {
  for (const [name, curve] of [
    ["nistp256", "P-256"],
    ["nistp384", "P-384"],
    ["nistp521", "P-521"],
  ] as const) {
    const pair = make(curve);
    const point = Buffer.concat([Buffer.from([4]), jwk(pair, "x"), jwk(pair, "y")]);
    const fields = [Buffer.from(`ecdsa-sha2-${name}`), Buffer.from(name), point];
    expect(Buffer.from(spkiOfBlob(blob(...fields)) ?? [])).toEqual(spki(pair));
  }
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  const fields = [Buffer.from("ssh-rsa"), number(jwk(rsa, "e")), number(jwk(rsa, "n"))];
  expect(Buffer.from(spkiOfBlob(blob(...fields)) ?? [])).toEqual(spki(rsa));
  const ed25519 = generateKeyPairSync("ed25519");
  const der = spkiOfBlob(blob(Buffer.from("ssh-ed25519"), jwk(ed25519, "x"))) ?? new Uint8Array();
  expect(createHash("sha256").update(der).digest()).toEqual(
    createHash("sha256").update(spki(ed25519)).digest(),
  );
});

test("what is no such key has none, whatever its bytes", () => {
  expect(spkiOfBlob(blob(Buffer.from("ssh-dss"), Buffer.alloc(8, 1)))).toBe(null);
  expect(
    spkiOfBlob(blob(Buffer.from("ecdsa-sha2-nistp256"), Buffer.from("nistp256"), Buffer.alloc(65, 4))),
  ).toBe(null);
  fc.assert(
    fc.property(
      fc.constantFrom("ssh-rsa", "ssh-ed25519", "ecdsa-sha2-nistp256"),
      fc.uint8Array({ maxLength: 200 }),
      (type, rest) => {
        const der = spkiOfBlob(Buffer.concat([toField(Buffer.from(type)), rest]));
        if (der) createPublicKey({ key: Buffer.from(der), format: "der", type: "spki" });
      },
    ),
  );
});
