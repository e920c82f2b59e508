import { EXPLICIT_CURVE } from "#domain/x509/keys.ts";
import { signatureHashOf } from "#domain/x509/path/verify-signature.ts";
import { BOTH, NEITHER, OPENSSL_ALONE, type ProfileRule, type RuleSubject } from "./profile-rule.ts";

const PERMITTED_CURVES = new Set(["P-256", "P-384", "P-521"]);
/** The only other curve that Go's crypto/x509 reads. */
const P224 = "secp224r1";
const PERMITTED_TYPES = new Set(["RSA", "EC"]);
const RSA_TYPES = new Set(["RSA", "RSA-PSS"]);
const LEAST_RSA_BITS = 2_048;

/** A curve without an OpenSSL name is given by its identifier. */
const isUnnamed = (curve: string | null): boolean => curve !== null && /^\d+\./.test(curve);

/** Which keys and signatures are allowed. */
export const KEY_RULES: readonly ProfileRule[] = [
  {
    profile: "rfc5280",
    section: "RFC 5480, 2.1.1",
    code: "key-curve-explicit",
    sentence: "has a key whose curve is written out in parameters, and not named",
    acceptedBy: NEITHER,
    isBroken: ({ key }) => key.curve === EXPLICIT_CURVE,
  },
  {
    profile: "webpki",
    section: "BR 6.1.5",
    code: "key-not-permitted",
    sentence: "has an EC key on a curve other than P-256, P-384 and P-521",
    acceptedBy: BOTH,
    isBroken: ({ key: { keyType, curve } }) => keyType === "EC" && curve === P224 && { by: "P-224" },
  },
  {
    profile: "webpki",
    section: "BR 6.1.5",
    code: "key-not-permitted",
    sentence: "has an EC key on a curve other than P-256, P-384 and P-521",
    acceptedBy: OPENSSL_ALONE,
    isBroken: ({ key: { keyType, curve } }) =>
      keyType === "EC" &&
      curve !== EXPLICIT_CURVE &&
      curve !== P224 &&
      !isUnnamed(curve) &&
      !PERMITTED_CURVES.has(curve ?? "") && { by: curve ?? "an unknown curve" },
  },
  {
    profile: "webpki",
    section: "BR 6.1.5",
    code: "key-not-permitted",
    sentence: "has an EC key on a curve that nobody knows",
    acceptedBy: NEITHER,
    isBroken: ({ key: { keyType, curve } }) =>
      keyType === "EC" && isUnnamed(curve) && { by: curve ?? "none" },
  },
  {
    profile: "webpki",
    section: "BR 7.1.3.1",
    code: "key-not-permitted",
    sentence: "has a key that is neither RSA nor EC",
    acceptedBy: BOTH,
    isBroken: ({ key: { keyType }, position }) =>
      !PERMITTED_TYPES.has(keyType) && (position.isLeaf || keyType === "Ed25519") && { by: keyType },
  },
  {
    profile: "webpki",
    section: "BR 7.1.3.1",
    code: "key-not-permitted",
    sentence: "signs with a key that is neither RSA nor EC",
    acceptedBy: OPENSSL_ALONE,
    isBroken: ({ key: { keyType }, position }) =>
      !PERMITTED_TYPES.has(keyType) && !position.isLeaf && keyType !== "Ed25519" && { by: keyType },
  },
  {
    profile: "webpki",
    section: "BR 6.1.5",
    code: "key-too-short",
    sentence: "has an RSA key of less than 2,048 bits",
    acceptedBy: BOTH,
    isBroken: ({ key: { keyType, keyBits } }) =>
      RSA_TYPES.has(keyType) && keyBits !== null && keyBits < LEAST_RSA_BITS && { by: `${keyBits} bits` },
  },
  {
    profile: "webpki",
    section: "BR 6.1.5",
    code: "key-not-permitted",
    sentence: "has an RSA key whose size in bits is no multiple of 8",
    acceptedBy: BOTH,
    isBroken: ({ key: { keyType, keyBits } }) =>
      RSA_TYPES.has(keyType) && keyBits !== null && keyBits % 8 !== 0 && { by: `${keyBits} bits` },
  },
  {
    // RFC 5280 allows the algorithms of RFC 3279, SHA-1 among them; TLS recommends refusing such signatures.
    profile: "rfc5280",
    section: "RFC 8446, 4.4.2.4",
    code: "signature-not-permitted",
    sentence: "is signed with SHA-1",
    acceptedBy: OPENSSL_ALONE,
    isNotOf: "webpki",
    isBroken: isSignedWithSha1,
  },
  {
    profile: "webpki",
    section: "BR 7.1.3.2",
    code: "signature-not-permitted",
    sentence: "is signed with SHA-1",
    acceptedBy: OPENSSL_ALONE,
    isNotOf: "clients",
    isBroken: isSignedWithSha1,
  },
];

/** The signature of a trusted certificate is not checked. */
function isSignedWithSha1({ certificate, position }: RuleSubject): boolean {
  return !position.isTop && signatureHashOf(certificate.signed) === "sha1";
}
