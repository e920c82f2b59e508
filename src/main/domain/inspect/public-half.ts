import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { blobOfJwk } from "#codec/ssh-key.ts";
import { hashSpki } from "#domain/keystores/private-half.ts";
import { type PublicKey, readKeyBlob } from "#domain/ssh/key-blob.ts";

/** A public key, as SSH knows it where SSH has its kind. `spkiSha256`: by which certificates know it. */
export type PublicHalf = Pick<PublicKey, "keyType" | "keyBits"> & {
  fingerprint: string | null;
  spkiSha256: string | null;
};

/** The public half of a key that is not encrypted, by PEM or DER; null where this runtime cannot read it. */
export function readPublicHalf(key: Parameters<typeof createPublicKey>[0]): PublicHalf | null {
  try {
    return toPublicHalf(createPublicKey(key));
  } catch {
    return null;
  }
}

/** A key in DER: SubjectPublicKeyInfo, or the public half of a PKCS#8 that is not encrypted; null for neither. */
export function readDerKey(der: Buffer): { what: "public-key" | "private-key"; key: PublicHalf } | null {
  const open = readPublicHalf({ key: der, format: "der", type: "spki" });
  if (open) return { what: "public-key", key: open };
  try {
    return { what: "private-key", key: toPublicHalf(createPublicKey(readPrivate(der))) };
  } catch {
    return null;
  }
}

/** In DER a key has no label that says how it is written: PKCS#8, or RSA's or EC's own way. */
function readPrivate(der: Buffer): KeyObject {
  for (const type of ["pkcs8", "pkcs1", "sec1"] as const) {
    try {
      return createPrivateKey({ key: der, format: "der", type });
    } catch {
      // The next one.
    }
  }
  throw new Error("this is no private key");
}

export function toPublicHalf(key: KeyObject): PublicHalf {
  const blob = toBlob(key);
  const known = blob && readKeyBlob(blob);
  const spkiSha256 = hashSpki(key);
  if (known) return { ...known, spkiSha256 };
  const { modulusLength = null, namedCurve } = key.asymmetricKeyDetails ?? {};
  const keyType = [key.asymmetricKeyType, namedCurve].filter((word) => word !== undefined).join(" ");
  return { keyType: keyType || "unknown", keyBits: modulusLength, fingerprint: null, spkiSha256 };
}

/** The blob of a kind that both node:crypto and SSH know; null for any other. */
function toBlob(key: KeyObject): Buffer | null {
  try {
    return blobOfJwk(key.export({ format: "jwk" }));
  } catch {
    // Kinds and curves that JSON Web Keys do not know are refused there.
    return null;
  }
}
