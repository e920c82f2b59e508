import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { printPem } from "#codec/pem.ts";
import { buildCertificate, commonName, der, oid, sequence, text } from "#testing/tls/build-certificate.ts";

import { contentOf, isNamed } from "#testing/tls/sign-certificate.ts";

export type KeyFamily = "RSA" | "ECDSA";

/**
 * A certificate in three files: `BASE.pem` has its key and then itself, the order that Postfix requires; `BASE.crt` and
 * `BASE.key` one each.
 */
export type MadeCertificate = {
  base: string;
  names: readonly string[];
  family: KeyFamily;
  sha256: string;
  /** YYMMDDHHMMSSZ. */
  notBefore: string;
  commonName: string;
};

/** Makes hundreds of certificates: all of one family have the same key, and are self-signed. */
export type CertificateMaker = (
  base: string,
  names: readonly string[],
  family: KeyFamily,
  more?: { notBefore?: string; commonName?: string; isOfOtherKey?: boolean },
) => Promise<MadeCertificate>;

type Keys = {
  [family in KeyFamily]: { key: KeyObject; spki: Buffer; pem: string };
};

export function createCertificateMaker(): CertificateMaker {
  const usual = makeKeys();
  let other: Keys | null = null;
  let serial = 0x10_00_00;

  /** Writes the three files; the first name is the common name as well, unless another is given. */
  return async (base, names, family, more = {}) => {
    serial++;
    const {
      notBefore = "260101000000Z",
      commonName: called = names[0] ?? "none",
      isOfOtherKey = false,
    } = more;
    if (isOfOtherKey) other ??= makeKeys();
    const own = (isOfOtherKey && other ? other : usual)[family];
    const subject = commonName(called);
    const content = contentOf(
      buildCertificate({
        serial: [serial >> 16, (serial >> 8) & 0xff, serial & 0xff],
        subject,
        issuer: subject,
        algorithm: ALGORITHMS[family],
        spki: own.spki,
        notBefore: text(0x17, notBefore),
        extensions: [isNamed(...names)],
      }),
    );
    const signature = sign("sha256", content, own.key);
    const bytes = sequence(content, ALGORITHMS[family], der(0x03, [0], signature));
    const pem = printPem(bytes);
    // Synchronously: waiting for each of so many files costs more than writing them.
    mkdirSync(dirname(base), { recursive: true });
    writeFileSync(`${base}.pem`, own.pem + pem);
    writeFileSync(`${base}.crt`, pem);
    writeFileSync(`${base}.key`, own.pem);
    return {
      base,
      names,
      family,
      notBefore,
      commonName: called,
      sha256: createHash("sha256").update(bytes).digest("hex"),
    };
  };
}

const ALGORITHMS: { [family in KeyFamily]: Buffer } = {
  RSA: sequence(oid("1.2.840.113549.1.1.11"), der(0x05)),
  ECDSA: sequence(oid("1.2.840.10045.4.3.2")),
};

function makeKeys(): Keys {
  const toKey = (key: KeyObject) => ({
    key,
    spki: publicKeyOf(key),
    pem: String(key.export({ type: "pkcs8", format: "pem" })),
  });
  return {
    RSA: toKey(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey),
    ECDSA: toKey(generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey),
  };
}

const publicKeyOf = (key: KeyObject): Buffer =>
  createPublicKey(key).export({ format: "der", type: "spki" }) as Buffer;
