import { z } from "zod";
import { FindingBrief } from "../finding.ts";
import { Protocol } from "../hosts/target.ts";
import { Instant } from "../instant.ts";

/** The kinds of keys that certificates usually have; another kind is named as OpenSSL names it. */
export const KEY_TYPES = [
  "RSA",
  "RSA-PSS",
  "EC",
  "Ed25519",
  "Ed448",
  "DSA",
  "ML-DSA-44",
  "ML-DSA-65",
  "ML-DSA-87",
  "unknown",
] as const;

/** A SHA-256 over the exact DER, lower-case hex. The identity of a certificate everywhere. */
export const Sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .brand<"Sha256">();
export type Sha256 = z.infer<typeof Sha256>;

/** One extension, read on its own: one that is broken has an error, and the others are read all the same. */
export const Extension = z.object({
  oid: z.string(),
  /** OpenSSL's long name, or the OID again where it has none. */
  name: z.string(),
  isCritical: z.boolean(),
  /** Its content in words; null where this program does not know the extension. */
  value: z.string().nullable(),
  /** Why it could not be read; null when it could, or is not known. */
  malformed: z.string().nullable(),
});
export type Extension = z.infer<typeof Extension>;

/** A certificate's own facts. They never change, since its identity is its bytes. */
export const Certificate = z.object({
  sha256: Sha256,
  /** As `openssl x509 -nameopt RFC2253,utf8,-esc_msb` prints it. */
  subject: z.string(),
  issuer: z.string(),
  /** The last common name of the subject, decoded, for people; null if there is none. */
  commonName: z.string().nullable(),
  /** Upper-case hex, as `openssl x509 -serial`; a negative one has a leading "-". */
  serial: z.string(),
  /** Null where the date could not be read; `malformed` then says why. */
  notBefore: Instant.nullable(),
  notAfter: Instant.nullable(),
  /**
   * Every subject alternative name behind its kind (`DNS:`, `IP:`, `email:`, `URI:`, `DirName:`, `othername:`, ...), in
   * their order.
   */
  names: z.array(z.string()),
  /** RSA, RSA-PSS, DSA, EC, Ed25519, Ed448, ML-DSA-65, SLH-DSA-SHA2-128s, ...; the OID where unknown. */
  keyType: z.string(),
  /** The size in bits of modulus or curve; null where the algorithm has no such number. */
  keyBits: z.int().nullable(),
  /** The curve of an EC key (P-256, P-384, P-521, brainpoolP256r1, secp256k1, ...); null for others. */
  curve: z.string().nullable(),
  /** SHA-256 of the DER of SubjectPublicKeyInfo: the key's own identity, lower-case hex. */
  spkiSha256: z.string(),
  /** The signature algorithm by OpenSSL's long name; the OID where it has none. */
  signature: z.string(),
  isCa: z.boolean(),
  /** Subject and issuer are the same bytes. Whether it is signed by its own key is not checked here. */
  isSelfIssued: z.boolean(),
  extensions: z.array(Extension),
  /** What could not be read in it; empty for a well-formed one. */
  malformed: z.array(z.string()),
  sizeBytes: z.int(),
});
export type Certificate = z.infer<typeof Certificate>;

/** Where a certificate is seen, from one scan to another. */
export const CertificateLocation = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("endpoint"),
    host: z.string(),
    port: z.int(),
    serverName: z.string().nullable(),
    protocol: Protocol,
    /** Its position in the chain as sent: 0 is the leaf. */
    position: z.int(),
    firstSeen: Instant,
    lastSeen: Instant,
  }),
  z.object({
    kind: z.literal("file"),
    host: z.string(),
    path: z.string(),
    /** Which certificate of the file: 0 is the first. */
    position: z.int(),
    firstSeen: Instant,
    lastSeen: Instant,
  }),
]);
export type CertificateLocation = z.infer<typeof CertificateLocation>;

/** A certificate as lists show it. `locations` may be cut short; `locationCount` is all of them. */
export const CertificateRow = Certificate.omit({ extensions: true }).extend({
  locations: z.array(CertificateLocation),
  locationCount: z.int(),
  /**
   * Whether a server serves it in place of a later one at each endpoint that shows it, and the user's own words lead to
   * each of their hosts: what a host says of its names and addresses does not count.
   */
  isServedStale: z.boolean(),
  findings: z.array(FindingBrief),
});
export type CertificateRow = z.infer<typeof CertificateRow>;

/** Everything about one certificate. */
export const CertificateDetail = CertificateRow.extend({
  extensions: z.array(Extension),
  /**
   * Whether it was evaluated against its profile; one that an earlier version has recorded is evaluated at the next
   * scan.
   */
  isEvaluated: z.boolean(),
  pem: z.string(),
});
export type CertificateDetail = z.infer<typeof CertificateDetail>;

/** One element of ASN.1, by its position in the bytes. */
export const Asn1Node = z.object({
  /** Where its header begins, from 0; a query names it by this to get the elements in it. */
  offset: z.int(),
  headerBytes: z.int(),
  contentBytes: z.int(),
  /** Its standard name, or `[0]` for one whose meaning depends on its position. */
  tag: z.string(),
  /** Its content in words; empty for one that holds others. May be cut short: the bytes are complete. */
  value: z.string(),
  /** Whether it has elements in it. */
  isOpenable: z.boolean(),
  /** It is a string of bits or octets by its tag, and DER by its content. */
  isWrapping: z.boolean(),
});
export type Asn1Node = z.infer<typeof Asn1Node>;

/** The elements in one element, as far as they were requested. */
export const Asn1Level = z.object({
  nodes: z.array(Asn1Node),
  /** How many to skip for those that follow; null where these were the last. */
  next: z.int().nullable(),
  /** The offset from which it is not DER, and how many bytes are left; null where it is DER to its end. */
  broken: z.object({ offset: z.int(), bytes: z.int() }).nullable(),
});
export type Asn1Level = z.infer<typeof Asn1Level>;
