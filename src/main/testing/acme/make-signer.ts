import { createPublicKey, generateKeyPairSync, sign } from "node:crypto";

/** An account's key as a vault has it: its public half, and signatures by the other. */
export function makeSigner() {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { x = "", y = "" } = createPublicKey(publicKey.export({ format: "pem", type: "spki" })).export({
    format: "jwk",
  });
  return {
    jwk: { kty: "EC", crv: "P-256", x, y } as const,
    spki: publicKey.export({ format: "der", type: "spki" }),
    sign: async (data: Uint8Array): Promise<Uint8Array> =>
      sign("sha256", data, { key: privateKey, dsaEncoding: "ieee-p1363" }),
  };
}
