import fc from "fast-check";
import { expect, test } from "vitest";
import { BUNDLE, FINGERPRINT, SIGNATURE } from "#domain/bundle/testdata/signed-bundle.ts";
import { checkSignature } from "./ssh-signature.ts";

test("what ssh-keygen has signed is good, for these bytes alone", () => {
  expect(checkSignature(SIGNATURE, BUNDLE)).toMatchObject({
    kind: "good",
    key: { fingerprint: FINGERPRINT },
  });
  expect(checkSignature(SIGNATURE, BUNDLE.subarray(1))).toEqual({
    kind: "bad",
    why: "the signature is not of this file: it, or the file, was changed after it was signed",
  });
});

test("a signature with any byte changed, or cut anywhere, is not good", () => {
  const blob = Buffer.from(SIGNATURE.replace(/-----[^-]*-----/g, ""), "base64");
  expect(checkSignature(wrap(blob), BUNDLE).kind).toBe("good");
  for (let at = 0; at < blob.length; at++) {
    const changed = Buffer.from(blob);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(checkSignature(wrap(changed), BUNDLE).kind, `byte ${at}`).not.toBe("good");
    expect(checkSignature(wrap(blob.subarray(0, at)), BUNDLE).kind, `cut at ${at}`).not.toBe("good");
  }
});

test("no bytes are a signature by chance, and none throw", () => {
  const begun = Buffer.from("SSHSIG\0\0\0\x01", "latin1");
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.uint8Array(), (blob, bytes) => {
      expect(checkSignature(wrap(blob), bytes).kind).not.toBe("good");
      expect(checkSignature(wrap(Buffer.concat([begun, blob])), bytes).kind).not.toBe("good");
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(checkSignature(text, BUNDLE).kind).toBe("bad");
    }),
  );
});

const wrap = (blob: Uint8Array): string =>
  `-----BEGIN SSH SIGNATURE-----\n${Buffer.from(blob).toString("base64")}\n-----END SSH SIGNATURE-----\n`;
