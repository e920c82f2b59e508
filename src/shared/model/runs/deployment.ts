import { z } from "zod";
import { Sha256 } from "../certificates/certificate.ts";
import { Port, StartTls } from "../hosts/target.ts";
import { Instant } from "../instant.ts";
import { ChallengeMethod, IssuerId, IssuerKind, IssuerName } from "../issuers/issuer.ts";
import { KeyKind } from "../issuers/vault.ts";
import { RenewalTrust } from "./renewal-trust.ts";

/**
 * How a server is made to read new files. `unit`: by its supervisor; `command`: by a command or a signal of its own;
 * `restart`: only by a restart; `none`: it does not run there, or nobody knows how.
 */
export const ReloadMethod = z.enum(["unit", "command", "restart", "none"]);
export type ReloadMethod = z.infer<typeof ReloadMethod>;

/** `Service.reload` of a server that has to be restarted: that ends its connections, so it is acknowledged before. */
export const RESTART = "systemctl restart, which ends its connections";

/** SHA-256 of a file's bytes, lower-case hex. */
export const FileHash = z.string().regex(/^[0-9a-f]{64}$/);
export type FileHash = z.infer<typeof FileHash>;

/** Servers whose test and reload are known. `described`: the user has named both. */
export const ServerKind = z.enum([
  "nginx",
  "apache",
  "haproxy",
  "postfix",
  "dovecot",
  "slapd",
  "postgresql",
  "mariadb",
  "described",
]);
export type ServerKind = z.infer<typeof ServerKind>;

/** One file that a server reads for a certificate. All files of a replacement are written together, or none is. */
export const DeploymentFile = z.object({
  /** As the configuration names it. */
  path: z.string(),
  /** The path with all links resolved: this file is written. */
  real: z.string(),
  /** `chain`: the leaf, then what leads to its root. */
  holds: z.enum(["chain", "leaf", "intermediates", "key", "key+chain", "pkcs12", "jks"]),
  owner: z.string(),
  uid: z.int(),
  gid: z.int(),
  /** Four octal digits. */
  mode: z.string(),
  before: FileHash,
  sizeBytes: z.int(),
  /** The vault's entry with the passphrase of a keystore; not there for other files. */
  passphrase: z.string().optional(),
  /** The name of the entry in a keystore that is replaced; not there where it has one alone. */
  entry: z.string().optional(),
});
export type DeploymentFile = z.infer<typeof DeploymentFile>;

/** One server that reads a deployment's files: it is tested before they change, and reloaded after. */
export const Service = z.object({
  server: ServerKind,
  /** Where its configuration names the files: `path:line`. */
  where: z.string(),
  /** The file that its configuration begins with; null: its usual one. */
  config: z.string().nullable(),
  /** `staged`: a copy of its configuration is tested with the new files; `none`: it has no such test. */
  test: z.enum(["staged", "none"]),
  /** How it is reloaded, in words. */
  reload: z.string(),
  /** The user's commands for a server of kind `described`; not there for others. */
  described: z.object({ test: z.string().nullable(), reload: z.string() }).optional(),
});
export type Service = z.infer<typeof Service>;

/** Where the new certificate has to be served before the replacement counts as verified. */
export const VerificationEndpoint = z.object({
  address: z.string(),
  /**
   * Where `address` is a name: those of its addresses, when the plan was made, at which something was seen. Each of
   * them has to serve the new certificate. Not there: `address` is no name, or only its host knows the name, or an
   * older program made the plan.
   */
  addresses: z.array(z.string()).min(1).max(8).optional(),
  port: Port,
  /** Null: the ClientHello names none; where `address` is a name without addresses, that name. */
  serverName: z.string().nullable(),
  /** What is spoken before TLS; null: TLS at once. */
  startTls: StartTls.nullable(),
  /** `host`: it is dialled through the SSH connection, for it cannot be reached from here. */
  from: z.enum(["here", "host"]),
  /** What was served there when the plan was made; null: nothing could be read. */
  before: Sha256.nullable(),
});
export type VerificationEndpoint = z.infer<typeof VerificationEndpoint>;

/**
 * `names-fewer`: without names that no request can have. `purpose-narrower`: without purposes that its issuer may not
 * sign for.
 */
const Narrower = z.enum(["names-fewer", "purpose-narrower"]);
export type Narrower = z.infer<typeof Narrower>;

/** A certificate of a host that is renewed: all its files at once, for all services that read them. */
export const Replacement = z.object({
  /** Within its host: `c0`. */
  id: z.string().regex(/^c\d+$/),
  old: Sha256,
  subject: z.string(),
  /** The names that are requested: DNS names and addresses, as a certificate has them. */
  names: z.array(z.string()),
  /** Whether it is requested for TLS clients, too, as the old one is for them; not there where it is not. */
  forClients: z.literal(true).optional(),
  /** What the new one may have less than the old one, which is acknowledged with the plan; not there for nothing. */
  narrower: z.array(Narrower).optional(),
  /** Of the old one. */
  notAfter: Instant,
  issuer: z.object({ id: IssuerId, name: IssuerName, kind: IssuerKind }),
  /** Who trusts the old certificate and the new one; not there: an older program made the plan. */
  trust: RenewalTrust.optional(),
  /** `there`: the key is created on the host and never leaves it. */
  key: z.object({ kind: KeyKind, made: z.enum(["there", "here"]) }),
  /** Of an ACME issuer: how its challenges are answered; null for others. */
  challenge: ChallengeMethod.nullable(),
  files: z.array(DeploymentFile),
  services: z.array(Service),
  verificationEndpoints: z.array(VerificationEndpoint),
});
export type Replacement = z.infer<typeof Replacement>;

/** A certificate as a plan names it. `subject` is empty, and `notAfter` null, where they are not known. */
export const NamedCertificate = z.object({
  sha256: Sha256,
  subject: z.string(),
  notAfter: Instant.nullable(),
});
export type NamedCertificate = z.infer<typeof NamedCertificate>;

/**
 * What an endpoint presents once its server has read its configuration and its files again. `known`: one of `leaves`,
 * of which there are several where certificates of several kinds of keys stand side by side.
 */
export const PresentedAfter = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("known"), leaves: z.array(Sha256).min(1) }),
  z.object({ kind: z.literal("unknown"), why: z.string() }),
]);
export type PresentedAfter = z.infer<typeof PresentedAfter>;

/** One address and name of a server that is reloaded; `before`: what is presented there now. */
export const ReloadEndpoint = VerificationEndpoint.extend({ after: PresentedAfter });
export type ReloadEndpoint = z.infer<typeof ReloadEndpoint>;

/** A server of a host that is reloaded. */
export const ReloadedServer = z.object({
  service: Service,
  /** The files whose first certificate it presents, and that certificate as it is now; null: none was read. */
  files: z.array(z.object({ path: z.string(), leaf: Sha256.nullable() })),
  /** The files that its test and its reload are given, one deployment at a time; none: they read its configuration. */
  deployments: z.array(z.array(z.object({ path: z.string(), real: z.string() })).min(1)),
  /** What was tested, and passed, when the plan was made: its whole configuration, or its certificates alone. */
  tested: z.enum(["configuration", "certificates", "nothing"]),
  endpoints: z.array(ReloadEndpoint),
  /** All that its files and endpoints name. */
  certificates: z.array(NamedCertificate),
});
export type ReloadedServer = z.infer<typeof ReloadedServer>;
