import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { type Authority, type AuthorityKeyKind, HASH_OF, type Signer } from "#domain/issuing/authority.ts";
import { checkRequest, type SoundRequest } from "#domain/issuing/check-request.ts";
import { makeIntermediate, makeLeaf, makeRoot } from "#domain/issuing/make-certificate.ts";
import { readPermitted } from "#domain/issuing/names.ts";

/** When it was made, by default. */
export const MADE_AT = new Date("2026-06-01T00:00:00Z");

type Wish = { name?: string; permitted?: readonly string[]; now?: Date };

/** A local authority as the program makes it, with its keys in this process. */
export async function makeOwnAuthority({
  name = "corp",
  permitted = [".corp.example", "10.0.0.0/8"],
  now = MADE_AT,
}: Wish = {}) {
  const own = { name, permitted: permitted.map(readPermitted), now };
  const rootKey = makeSigner("p384");
  const { signer } = rootKey;
  const rootDer = await makeRoot({ ...own, spki: rootKey.spki, serial: randomBytes(16) }, signer);
  const root: Authority = { der: rootDer, signer };
  const key = makeSigner("p256");
  const der = await makeIntermediate({ ...own, spki: key.spki, serial: randomBytes(16) }, root);
  const intermediate: Authority = { der, signer: key.signer };

  /** Signs whatever it is given, including what the program's own check would refuse. */
  const signBlindly = (request: SoundRequest, days = 90, at = now): Promise<Uint8Array> =>
    makeLeaf({ request, days, now: at, serial: randomBytes(16) }, intermediate);

  async function signRequest(csr: Uint8Array, days = 90, at = now): Promise<Uint8Array> {
    const checked = checkRequest(csr, { permitted: own.permitted, ownKeys: [rootKey.spki, key.spki] });
    if (checked.kind === "faulty") throw new Error(checked.faults.map(({ sentence }) => sentence).join("; "));
    return signBlindly(checked.request, days, at);
  }
  return { root, intermediate, sign: signRequest, signBlindly };
}

function makeSigner(kind: AuthorityKeyKind): { signer: Signer; spki: Uint8Array } {
  const namedCurve = kind === "p256" ? "P-256" : "P-384";
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve });
  const hash = HASH_OF[kind].replace("-", "");
  const signer: Signer = {
    kind,
    sign: async (data, dsaEncoding) => sign(hash, data, { key: privateKey, dsaEncoding }),
  };
  return { signer, spki: publicKey.export({ format: "der", type: "spki" }) };
}
