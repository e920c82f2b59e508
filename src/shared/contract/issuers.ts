import { z } from "zod";
import { Sha256 } from "../model/certificates/certificate.ts";
import { HostName } from "../model/hosts/target.ts";
import { Instant } from "../model/instant.ts";
import {
  ChallengeMethod,
  DEFAULT_DAYS_VALID,
  IssuedCertificate,
  Issuer,
  IssuerName,
  MOST_DAYS_VALID,
  PermittedName,
  RevocationReason,
} from "../model/issuers/issuer.ts";
import { Sealed } from "../model/issuers/vault.ts";
import { command, query } from "./procedure.ts";

const OfIssuer = z.object({ name: z.string().max(300) });

const Days = z.int().min(1).max(MOST_DAYS_VALID);

const [WEBROOT, SERVED, TLS_ALPN, HOOK, UPDATE] = ChallengeMethod.options;

/** A challenge method. The secret of a zone's key goes to the vault: base64, as `tsig-keygen` prints it. */
const ChallengeInput = z.discriminatedUnion("kind", [
  WEBROOT,
  SERVED,
  TLS_ALPN,
  HOOK,
  UPDATE.omit({ secretId: true }).extend({ secret: Sealed }),
]);
export type ChallengeInput = z.infer<typeof ChallengeInput>;

const Hex = z
  .string()
  .trim()
  .regex(/^[0-9a-f:]{2,200}$/i, "a serial number or a SHA-256 is hex");

/** A request of a hundred names has five kilobytes. */
const MOST_REQUEST_BASE64 = 256 * 1024;
const MOST_ROOTS_BASE64 = 1024 * 1024;

/** At most so many of the certificates that an issuer has signed are listed; its counts are of all. */
export const ISSUED_SHOWN = 500;

const Contacts = z.array(z.string().trim().min(1).max(300)).max(10);
const Profile = z.string().trim().min(1).max(200).nullable();
/**
 * A file of PEM or DER. The directory's TLS certificate is trusted by these roots alone; null: by those of the system.
 */
const Roots = z.base64().max(MOST_ROOTS_BASE64).nullable();
const Note = z.string().trim().max(500);

/**
 * What can be changed of an issuer: the days of a local authority, the note of a person, the rest of an ACME directory.
 */
const IssuerSettings = z.object({
  daysValid: Days.optional(),
  /** Only before there is an account: from then on, the directory has its contacts. */
  contacts: Contacts.optional(),
  profile: Profile.optional(),
  roots: Roots.optional(),
  note: Note.optional(),
});
export type IssuerSettings = z.infer<typeof IssuerSettings>;

/** An absolute URL that is dialled with TLS. */
const DirectoryUrl = z
  .url({ protocol: /^https$/, error: "a directory has a URL that begins with https://" })
  .max(2_000)
  .refine((url) => !/^https:\/\/[^/?#]*@/i.test(url), "a directory's URL has no name and no password in it");

/** The result of testing an issuer; each line is a sentence. Nothing of it is stored. */
export const TestedIssuer = z.object({ isSound: z.boolean(), lines: z.array(z.string()) });
export type TestedIssuer = z.infer<typeof TestedIssuer>;

/** A signed certificate. */
const SignedCertificate = z.object({
  /** The leaf first, without the root. */
  pem: z.string(),
  sha256: Sha256,
  serial: z.string(),
  names: z.array(z.string()),
  notAfter: Instant,
});

export const issuers = {
  /** By name. */
  known: query.output(z.array(Issuer)),

  /** What an authority of our own has signed, the newest first. */
  issued: query.input(OfIssuer).output(z.array(IssuedCertificate)),

  /** Its root and its intermediate, as PEM. */
  root: query
    .input(OfIssuer)
    .output(z.object({ root: z.string(), intermediate: z.string(), sha256: Sha256 })),

  /** Creates a root and an intermediate for these names alone. Their keys are created in the vault, and stay there. */
  addLocal: command
    .input(
      z.object({
        name: IssuerName,
        permitted: z.array(PermittedName).min(1).max(100),
        daysValid: Days.default(DEFAULT_DAYS_VALID),
      }),
    )
    .output(Issuer),

  /**
   * Takes in a CA that was made elsewhere: its certificate and its root (a file of PEM or DER), and its private key (a
   * file of PEM, or of PKCS#8 in DER), which from then on is in the vault. It signs for these names alone.
   */
  importLocal: command
    .input(
      z.object({
        name: IssuerName,
        permitted: z.array(PermittedName).min(1).max(100),
        daysValid: Days.default(DEFAULT_DAYS_VALID),
        certificate: z.base64().max(MOST_ROOTS_BASE64),
        key: Sealed,
      }),
    )
    .output(Issuer),

  /** Creates the key of an account in the vault. The directory is not contacted before the issuer is tested or used. */
  addAcme: command
    .input(
      z.object({
        name: IssuerName,
        directory: DirectoryUrl,
        contacts: Contacts.default([]),
        /** Its key is base64url, as the authority gives it. */
        eab: z
          .object({ keyId: z.string().trim().min(1).max(1_000), key: Sealed })
          .nullable()
          .default(null),
        /** Whoever adds the issuer agrees to the directory's terms of service. */
        agreesToTerms: z.boolean().default(false),
        profile: Profile.default(null),
        roots: Roots.default(null),
        challenge: ChallengeInput.nullable().default(null),
      }),
    )
    .output(Issuer),

  addCsr: command.input(z.object({ name: IssuerName, note: Note.default("") })).output(Issuer),

  /** How an ACME directory verifies from now on that names are ours; null: each request names it. */
  setChallenge: command.input(OfIssuer.extend({ challenge: ChallengeInput.nullable() })).output(Issuer),

  /** Changes the public settings of an issuer, for all later requests; what is left out stays. */
  set: command.input(OfIssuer.extend({ settings: IssuerSettings })).output(Issuer),

  /**
   * Removes an issuer with its keys. What it has signed stays as it is, and can no longer be revoked. Its root and its
   * lists stay trusted, since what it has signed is still served; `chains` removes them.
   */
  remove: command.input(OfIssuer).output(z.object({})),

  /**
   * Whether it would sign now. At an ACME directory this creates the account where there is none yet. Where names are
   * verified by DNS, it creates and removes a record for `tryName`; without that name, no hook is called.
   */
  test: command.input(OfIssuer.extend({ tryName: HostName.nullable().default(null) })).output(TestedIssuer),

  /** Signs a request, a file of PEM or DER, with an authority of our own. */
  sign: command
    .input(
      OfIssuer.extend({
        base64: z.base64().max(MOST_REQUEST_BASE64),
        /** Null: as the issuer is set. */
        days: Days.nullable().default(null),
      }),
    )
    .output(SignedCertificate),

  /** When an ACME directory wants a certificate of its own to be renewed; null: it does not say. Each call asks it. */
  renewal: query.input(OfIssuer.extend({ certificate: Hex })).output(
    z.object({
      window: z
        .object({
          from: Instant,
          to: Instant,
          /** A page that says why. */
          explanation: z.url({ protocol: /^https$/ }).nullable(),
        })
        .nullable(),
    }),
  ),

  /**
   * Revokes a certificate: one of an authority of our own by its serial number or SHA-256, one of an ACME directory by
   * its SHA-256 alone, if a scan has seen it.
   */
  revoke: command
    .input(
      OfIssuer.extend({
        certificate: Hex,
        reason: RevocationReason.default("unspecified"),
      }),
    )
    .output(IssuedCertificate),

  /**
   * Both revocation lists as PEM: that of the intermediate, then that of the root. Each call gives them new numbers.
   */
  revocationList: command
    .input(OfIssuer.extend({ days: z.int().min(1).max(366).default(30) }))
    .output(z.object({ pem: z.string(), revoked: z.int(), number: z.int(), nextUpdate: Instant })),
};
