import { TAG } from "#codec/der.ts";
import { bits, encodeDer, objectId, sequence } from "#codec/encode-der.ts";

/** Keys of authorities. */
export type AuthorityKeyKind = "p256" | "p384";

/** Who signs: the private key is elsewhere. */
export type Signer = {
  kind: AuthorityKeyKind;
  /** ECDSA with the hash of the kind, as DER. */
  sign(data: Uint8Array): Promise<Uint8Array>;
};

export const HASH_OF = { p256: "SHA-256", p384: "SHA-384" } as const;

const ALGORITHM_OF = { p256: "1.2.840.10045.4.3.2", p384: "1.2.840.10045.4.3.3" } as const;

/** The AlgorithmIdentifier, which stands in what is signed and once more beside it. */
export const algorithmOf = ({ kind }: Signer): Buffer => sequence(objectId(ALGORITHM_OF[kind]));

/** What is signed, with its signature: a certificate, or a revocation list. */
export async function signContent(content: Uint8Array, signer: Signer): Promise<Uint8Array> {
  const signature = await signer.sign(content);
  return encodeDer(TAG.sequence, content, algorithmOf(signer), bits(signature));
}
