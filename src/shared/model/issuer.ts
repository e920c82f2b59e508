import { z } from "zod";
import { Sha256 } from "./certificate.ts";
import { ChallengeWay } from "./challenge-way.ts";
import { Instant } from "./instant.ts";

/** Who signs certificates for us: an authority of our own, an ACME directory, or a person who is handed the request. */
export const IssuerKind = z.enum(["local", "acme", "csr"]);
export type IssuerKind = z.infer<typeof IssuerKind>;

export const IssuerId = z.int().positive();
export type IssuerId = z.infer<typeof IssuerId>;

/** One word: it is named on command lines. */
export const IssuerName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/i, "a name has letters, digits, dots and dashes, 63 at most");
export type IssuerName = z.infer<typeof IssuerName>;

/** What a local authority may sign for: a DNS name and all below it (`.corp.example`), or a range of addresses (`10.0.0.0/8`). */
export const PermittedName = z.string().trim().min(1).max(255);
export type PermittedName = z.infer<typeof PermittedName>;

/** Certificates of a local authority, unless they are asked to live for less. */
export const DEFAULT_DAYS_VALID = 90;
/** What clients take at most of an authority that was added by hand. */
export const MOST_DAYS_VALID = 825;

/** A certificate of a local authority itself. */
const OwnCertificate = z.object({ sha256: Sha256, subject: z.string(), notAfter: Instant });

const Common = { id: IssuerId, name: IssuerName, createdAt: Instant };

/** Its public settings. What is secret of it is in the vault. */
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
    /** The public half of an external account binding. */
    eabKeyId: z.string().nullable(),
    /** What kind of certificate is asked for, by the directory's own word. */
    profile: z.string().nullable(),
    /** Its directory is known by roots that were given, and not by those of the system. */
    hasRoots: z.boolean(),
    /** How its challenges are answered where nothing else is said. */
    challenge: ChallengeWay.nullable(),
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

/** What an issuer made of a request. */
export type Ordered =
  /** DER, the leaf first, without the root. */
  | { kind: "issued"; chain: Uint8Array[] }
  /** Somebody has to do something first; a sentence. */
  | { kind: "waits"; what: string }
  /** A sentence. */
  | { kind: "refused"; message: string };

/** How far an order is; announced as it goes on. */
export type OrderState =
  /** `url` is where it goes on after this process has ended. */
  | { kind: "ordered"; url: string }
  | {
      kind: "challenge";
      /** With the `*.` of a wildcard. */
      name: string;
      type: string;
      state: "answering" | "answered" | "valid" | "invalid";
      /** What the authority says against it, in its own words. */
      reason: string | null;
    }
  | { kind: "finalizing" };
