import { createPrivateKey, generateKeyPairSync, type KeyPairKeyObjectResult, sign } from "node:crypto";
import { assertNever } from "#shared/model/assert-never.ts";
import type { KeyKind } from "#shared/model/issuers/vault.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { SignHow } from "./vault.ts";

/** Both halves as DER. */
export function makePair(kind: KeyKind): { privateKey: Buffer; spki: Buffer } {
  const { privateKey, publicKey } = generate(kind);
  return {
    privateKey: privateKey.export({ type: "pkcs8", format: "der" }),
    spki: publicKey.export({ type: "spki", format: "der" }),
  };
}

function generate(kind: KeyKind): KeyPairKeyObjectResult {
  switch (kind) {
    case "p256":
      return generateKeyPairSync("ec", { namedCurve: "P-256" });
    case "p384":
      return generateKeyPairSync("ec", { namedCurve: "P-384" });
    case "rsa-2048":
      return generateKeyPairSync("rsa", { modulusLength: 2_048 });
    case "rsa-3072":
      return generateKeyPairSync("rsa", { modulusLength: 3_072 });
    case "rsa-4096":
      return generateKeyPairSync("rsa", { modulusLength: 4_096 });
    case "ed25519":
      return generateKeyPairSync("ed25519");
    default:
      return assertNever(kind);
  }
}

/** RSA signs as PKCS#1 v1.5 has it. */
export function signWith(pkcs8: Buffer, kind: KeyKind, data: Uint8Array, { hash, ecdsa }: SignHow): Buffer {
  if ((hash === null) !== (kind === "ed25519"))
    throw new Refusal(
      "invalid-input",
      `a signature by a key of kind ${kind} is not made with ${hash ?? "no hash"}`,
    );
  const key = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
  return sign(hash, data, { key, dsaEncoding: ecdsa });
}
