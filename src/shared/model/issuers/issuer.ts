import { z } from "zod";
import { Sha256 } from "../certificates/certificate.ts";
import { Instant } from "../instant.ts";
import { localFile } from "../local-file.ts";

const PORT = z.int().min(1).max(65_535);
const PATH = z.string().startsWith("/").max(4_096);
/** Absolute, here: on Windows as well. */
const PROGRAM = z
  .string()
  .regex(/^(?:\/|[A-Za-z]:[\\/])[^\0]*$/)
  .max(4_096);
const DNS_NAME = z
  .string()
  .regex(/^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.?$/i)
  .max(254);

/** Of a key that signs updates of a zone (TSIG). */
export const TSIG_ALGORITHMS = ["hmac-sha256", "hmac-sha384", "hmac-sha512"] as const;
export type TsigAlgorithm = (typeof TSIG_ALGORITHMS)[number];

/** How we show a certificate authority that a name is ours. */
export const ChallengeMethod = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("webroot"),
    path: PATH,
    /** What the folder answers for: `/` of the site, or `/.well-known/acme-challenge/` alone (an alias). */
    of: z.enum(["site", "challenges"]),
  }),
  /** A program that the host has (such as python3) serves the file, while the order is pending. */
  z.object({ kind: z.literal("served-on-host"), port: PORT }),
  z.object({ kind: z.literal("tls-alpn"), port: PORT }),
  /** A program on this computer: `PROGRAM present|cleanup RECORD TXT`, as lego's exec provider calls it. */
  z.object({ kind: z.literal("dns-hook"), program: localFile("program", PROGRAM) }),
  z.object({
    kind: z.literal("rfc2136"),
    /** An address, or a name. */
    server: z.string().min(1).max(255),
    port: PORT,
    zone: DNS_NAME,
    keyName: DNS_NAME,
    algorithm: z.enum(TSIG_ALGORITHMS),
    /** Where its secret is in the vault. */
    secretId: z.string().min(1).max(64),
  }),
]);
export type ChallengeMethod = z.infer<typeof ChallengeMethod>;

/** Who signs certificates for us: an authority of our own, an ACME directory, or a person who gets the request. */
export const IssuerKind = z.enum(["local", "acme", "csr"]);
export type IssuerKind = z.infer<typeof IssuerKind>;

export const IssuerId = z.int().positive();
export type IssuerId = z.infer<typeof IssuerId>;

/** One word: it is named on command lines. */
export const IssuerName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/i, "a name has letters, digits, dots and dashes, 63 at most");
export type IssuerName = z.infer<typeof IssuerName>;

/**
 * What a local authority may sign for: a DNS name and all below it (`.corp.example`), or a range of addresses
 * (`10.0.0.0/8`).
 */
export const PermittedName = z.string().trim().min(1).max(255);
export type PermittedName = z.infer<typeof PermittedName>;

/** How long certificates of a local authority live, unless less is requested. */
export const DEFAULT_DAYS_VALID = 90;
/** The most that clients accept of an authority that was added by hand. */
export const MOST_DAYS_VALID = 825;

/** A certificate of a local authority itself. */
const OwnCertificate = z.object({ sha256: Sha256, subject: z.string(), notAfter: Instant });

const Common = { id: IssuerId, name: IssuerName, createdAt: Instant };

/** Its public settings. Its secrets are in the vault. */
export const Issuer = z.discriminatedUnion("kind", [
  z.object({
    ...Common,
    kind: z.literal("local"),
    /** Of host names and addresses alike: what is not in here is never signed. */
    permitted: z.array(PermittedName),
    daysValid: z.int(),
    root: OwnCertificate,
    intermediate: OwnCertificate,
    /** Certificates that it has signed, and those of them that were revoked. */
    issued: z.int(),
    revoked: z.int(),
  }),
  z.object({
    ...Common,
    kind: z.literal("acme"),
    directory: z.string(),
    /** Null until an account was made or found there. */
    account: z.string().nullable(),
    contacts: z.array(z.string()),
    agreesToTerms: z.boolean(),
    /** The key identifier of an external account binding. */
    eabKeyId: z.string().nullable(),
    /** The kind of certificate that is requested, by the directory's own word. */
    profile: z.string().nullable(),
    /** Its directory is trusted by roots that were provided, and not by those of the system. */
    hasRoots: z.boolean(),
    /** The default method for its challenges. */
    challenge: ChallengeMethod.nullable(),
  }),
  z.object({
    ...Common,
    kind: z.literal("csr"),
    /** To whom a request goes, and how: in the user's words. */
    note: z.string(),
  }),
]);
export type Issuer = z.infer<typeof Issuer>;

export const RevocationReason = z.enum(["unspecified", "key-compromise", "superseded", "no-longer-used"]);
export type RevocationReason = z.infer<typeof RevocationReason>;

/** A certificate that a local authority has signed. */
export const IssuedCertificate = z.object({
  /** Upper-case hex. */
  serial: z.string(),
  sha256: Sha256,
  names: z.array(z.string()),
  issuedAt: Instant,
  notAfter: Instant,
  /** Null: it was not revoked. */
  revokedAt: Instant.nullable(),
  reason: RevocationReason.nullable(),
});
export type IssuedCertificate = z.infer<typeof IssuedCertificate>;

/** The result of a request to an issuer. */
export type Ordered =
  /** DER, the leaf first, without the root. */
  | { kind: "issued"; chain: Uint8Array[] }
  /** Somebody has to do something first; a sentence. */
  | { kind: "waits"; what: string }
  /** A sentence. */
  | { kind: "refused"; message: string };

/** The progress of an order, announced with each change. */
export type OrderState =
  /** `url`: where a later process continues the order. */
  | { kind: "ordered"; url: string }
  | {
      kind: "challenge";
      /** With the `*.` of a wildcard. */
      name: string;
      type: string;
      state: "answering" | "answered" | "valid" | "invalid";
      /** The authority's objection, in its own words. */
      reason: string | null;
    }
  | { kind: "finalizing" };

/** A name that a certificate is requested for: a DNS name, also with `*.` before it, or an IP address. */
export type AcmeIdentifier = { type: "dns" | "ip"; value: string };

/** How an authority verifies that a name is ours (RFC 8555, section 8; RFC 8737 for tls-alpn-01). */
export type ChallengeType = "http-01" | "dns-01" | "tls-alpn-01";

/** What an authority has to find. `name` is without `*.`. Nothing of it is a secret: it is fetched in plain text. */
export type AcmeChallenge =
  | { type: "http-01"; name: string; token: string; keyAuthorization: string }
  /** The text of a TXT record at `_acme-challenge.NAME`, beside others that are there. */
  | { type: "dns-01"; name: string; txt: string }
  /** SHA-256 of the key authorization. */
  | { type: "tls-alpn-01"; name: string; digest: Uint8Array };

/** What the issuer of a certificate does now, or why there is no certificate. `said`: its words. */
export const OrderNote = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("ordered") }),
  z.object({ kind: z.literal("challenge"), type: z.string(), name: z.string(), said: z.string() }),
  z.object({ kind: z.literal("finalizing") }),
  z.object({ kind: z.literal("waits"), said: z.string() }),
  z.object({ kind: z.literal("refused"), said: z.string() }),
  /** The chain that it has sent cannot be used. */
  z.object({ kind: z.literal("faulty"), faults: z.string() }),
]);
export type OrderNote = z.infer<typeof OrderNote>;
