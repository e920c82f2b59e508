import { z } from "zod";
import { Sha256 } from "../certificates/certificate.ts";
import { Port, StartTls } from "../hosts/target.ts";
import { Instant } from "../instant.ts";
import { ChallengeMethod, IssuerId, IssuerKind, IssuerName } from "../issuers/issuer.ts";
import { KeyKind } from "../issuers/vault.ts";

/**
 * How a server is told of new files. `unit`: by its supervisor; `command`: by a command or a signal of its own; `restart`: only by
 * being started again; `none`: it does not run there, or nobody knows how.
 */
export const ReloadMethod = z.enum(["unit", "command", "restart", "none"]);
export type ReloadMethod = z.infer<typeof ReloadMethod>;

/** `Consumer.reload` of a server that has to be started again: it ends its connections, so it is agreed to before. */
export const RESTART = "systemctl restart, which ends its connections";

/** SHA-256 of a file's bytes, lower-case hex. */
export const FileHash = z.string().regex(/^[0-9a-f]{64}$/);
export type FileHash = z.infer<typeof FileHash>;

/** Servers whose test and reload are known. `described`: the user has said what they are. */
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

/** One file that a server reads for a certificate. All of a change are written together, or none is. */
export const DeploymentFile = z.object({
  /** As the configuration names it. */
  path: z.string(),
  /** No link on the way: this is what is written. */
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

/** One server's use of a pair: it is tested before the files change, and told to read them after. */
export const Service = z.object({
  server: ServerKind,
  /** Where its configuration names the pair: `path:line`. */
  where: z.string(),
  /** The file that its configuration begins with; null: its usual one. */
  config: z.string().nullable(),
  /** `staged`: a copy of its configuration is tested with the new files; `none`: it has no such test. */
  test: z.enum(["staged", "none"]),
  /** How it is told to read its files again, in words. */
  reload: z.string(),
  /** Commands of a server that the user has described; not there for others. */
  described: z.object({ test: z.string().nullable(), reload: z.string() }).optional(),
});
export type Service = z.infer<typeof Service>;

/** Where the new certificate has to be shown before the change counts as verified. */
export const VerificationEndpoint = z.object({
  address: z.string(),
  /**
   * Of an address that is a name, those it had when the plan was made, and at which something was seen: each of them has to show
   * the new one. Not there: it is an address itself, or a name: one that only its host knows, or of a plan that an older program
   * made.
   */
  addresses: z.array(z.string()).min(1).max(8).optional(),
  port: Port,
  /** Null: the hello names none; where `address` is a name without addresses, that one. */
  serverName: z.string().nullable(),
  /** What is said before TLS; null: TLS at once. */
  startTls: StartTls.nullable(),
  /** `host`: it is dialled through the login, for it cannot be reached from here. */
  from: z.enum(["here", "host"]),
  /** What was shown there when the plan was made; null: nothing could be read. */
  before: Sha256.nullable(),
});
export type VerificationEndpoint = z.infer<typeof VerificationEndpoint>;

/** `names-fewer`: names that nobody can ask for. `purpose-narrower`: purposes that its issuer may not sign for. */
const Narrower = z.enum(["names-fewer", "purpose-narrower"]);
export type Narrower = z.infer<typeof Narrower>;

/** A certificate of a host that is renewed: all its files at once, for all servers that read them. */
export const Replacement = z.object({
  /** Within its host: `c0`. */
  id: z.string().regex(/^c\d+$/),
  old: Sha256,
  subject: z.string(),
  /** What the new one is asked for: DNS names and addresses, as a certificate has them. */
  names: z.array(z.string()),
  /** Whether it is asked for TLS clients, too, for which the old one is; not there where it is not. */
  forClients: z.literal(true).optional(),
  /** In what the new one may be less than the old one, which is agreed to with the plan; not there where it may not. */
  narrower: z.array(Narrower).optional(),
  /** Of the old one. */
  notAfter: Instant,
  issuer: z.object({ id: IssuerId, name: IssuerName, kind: IssuerKind }),
  /** `there`: the key is made on the host and never leaves it. */
  key: z.object({ kind: KeyKind, made: z.enum(["there", "here"]) }),
  /** Of an ACME issuer: how its challenges are answered; null for others. */
  challenge: ChallengeMethod.nullable(),
  files: z.array(DeploymentFile),
  services: z.array(Service),
  verificationEndpoints: z.array(VerificationEndpoint),
});
export type Replacement = z.infer<typeof Replacement>;
