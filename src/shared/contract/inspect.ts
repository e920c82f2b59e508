import { z } from "zod";
import { Certificate } from "../model/certificates/certificate.ts";
import {
  InspectedKind,
  StoreEntryKind,
  StoreFormat,
  StoreIntegrity,
  StoreState,
} from "../model/certificates/inspected.ts";
import { Claim, SIGNED } from "../model/hosts/bundle.ts";
import { EndpointFacts } from "../model/hosts/endpoint.ts";
import { BundleView, ImportedBundle } from "../model/hosts/imported-bundle.ts";
import { HostName, Port, Protocol, ProxyUrl } from "../model/hosts/target.ts";
import { command, query } from "./procedure.ts";

/** Where it stands within the source: `tls.crt of Secret shop/tls`. Empty where the source is a single thing. */
const LocationWithin = z.string();

/** The store and its entry that a thing is in, both counted from 0; null where it is in none. */
const EntryOfStore = z.object({ store: z.int(), entry: z.int() }).nullable();

const InspectedCertificate = Certificate.omit({ extensions: true }).extend({
  what: z.literal("certificate"),
  location: LocationWithin,
  entry: EntryOfStore,
});

/** A key of authorized_keys, known_hosts, a .pub file or the public key of a private one. */
const InspectedKey = z.object({
  what: z.enum(["public-key", "grant", "known-host", "private-key"]),
  location: LocationWithin,
  keyType: z.string().nullable(),
  keyBits: z.int().nullable(),
  fingerprint: z.string().nullable(),
  /** SHA-256 of the key's SubjectPublicKeyInfo, as certificates identify it; null where it was not computed. */
  spkiSha256: z.string().nullable(),
  comment: z.string(),
  /** The options of an authorized_keys line; the hosts and marker of a known_hosts line; else empty. */
  options: z.string(),
  /** From 1; null where lines mean nothing. */
  line: z.int().nullable(),
  /** For a private key: whether a passphrase protects it. Null: unknown, or not a private key. */
  isEncrypted: z.boolean().nullable(),
});

/** A keystore or a bag of certificates, as far as it could be read. */
const InspectedStore = z.object({
  location: LocationWithin,
  format: StoreFormat,
  state: StoreState,
  /** In words; empty for a format that protects nothing. */
  protection: z.string(),
  integrity: StoreIntegrity,
  /** What keeps it locked, and what to do; null where nothing does. */
  why: z.string().nullable(),
  /** A password was given, and it does not open this store. */
  isWrongPassword: z.boolean(),
  /** The well-known password that opened it; null where none did, or none was tried. */
  defaultPassword: z.string().nullable(),
  /** It holds a private key or another secret, not only what is public. */
  holdsSecrets: z.boolean(),
  entries: z.array(
    z.object({
      /** Empty where it has no name. */
      alias: z.string(),
      what: StoreEntryKind,
      isLocked: z.boolean(),
      certificateCount: z.int(),
      /** Of a key that was read. */
      spkiSha256: z.string().nullable(),
    }),
  ),
});
export type InspectedStore = z.infer<typeof InspectedStore>;

export const Inspection = z.object({
  source: z.string(),
  kind: InspectedKind,
  items: z.array(z.discriminatedUnion("what", [InspectedCertificate, InspectedKey])),
  stores: z.array(InspectedStore),
  /** For an endpoint, what it sent beside its chain; absent for a file. */
  endpoint: EndpointFacts.optional(),
  /** What could not be read, each a sentence that says where. */
  malformed: z.array(z.string()),
  /** What a password would do: show more, or only verify what is shown. */
  wantsPassword: z.enum(["to-open", "to-check"]).nullable(),
  /** A password was given, and it opened nothing. */
  isWrongPassword: z.boolean(),
});
export type Inspection = z.infer<typeof Inspection>;

export const inspect = {
  /** Reads the file and stores nothing: neither the file nor a password. */
  file: query
    .input(
      z.object({
        name: z.string().max(4_096),
        base64: z.base64().max(24 * 1024 * 1024),
        /** Each is tried on each lock of the file. The well-known passwords are always tried too. */
        passwords: z.array(z.string().max(4_096)).max(32).default([]),
      }),
    )
    .output(Inspection),

  endpoint: query
    .input(
      z.object({
        host: HostName,
        port: Port,
        serverName: HostName.nullable().default(null),
        /** What is spoken before TLS; null: what the port implies. */
        protocol: Protocol.nullable().default(null),
        /** A proxy; empty: directly. */
        proxy: ProxyUrl.default(""),
        /** The password of the user that the proxy's URL names; null where it names none. */
        proxyPassword: z.string().max(4_096).nullable().default(null),
        probesCapabilities: z.boolean().default(false),
      }),
    )
    .output(Inspection),
};

/** A part is no longer than one message may be, and all parts of a bundle no longer than a collector writes. */
export const BUNDLE_PART_BYTES = 700 * 1024;
const MOST_PART_BASE64 = 24 * 1024 * 1024;

/** A bundle as it is uploaded, and what the user says of it. */
const BundleInput = z.object({
  /** The number of the parts that were uploaded before; null: this is all of it. */
  uploadId: z.uuid().nullable().default(null),
  /** What follows the uploaded parts. */
  base64: z.base64().max(MOST_PART_BASE64),
  /** What the host is called; null: its host keys say so, or else what it calls itself. */
  as: z.object({ host: HostName, port: Port }).nullable().default(null),
  /** Hosts of which an unverified bundle may be kept as a claim. `inspect` needs none. */
  approved: z
    .array(z.object({ host: HostName, port: Port }))
    .max(1_000)
    .default([]),
  /** The namespace of its signature is `latchkey-bundle`. */
  ...SIGNED,
});
export type BundleInput = z.infer<typeof BundleInput>;

export const bundles = {
  /** What is copied to an air-gapped host, to the byte, and how it is used there. */
  collector: query.output(z.object({ script: z.string(), instructions: z.string() })),

  /**
   * The same script with a number of its own. The number is stored, so that a bundle shows which collector wrote it.
   */
  issueCollector: command.output(z.object({ script: z.string() })),

  /** Holds one part of a bundle that is longer than a message, for a while. Nothing is stored. */
  uploadPart: query
    .input(z.object({ id: z.uuid(), base64: z.base64().max(MOST_PART_BASE64) }))
    .output(z.object({ bytes: z.int() })),

  /** What `import` would make of a bundle; it is refused for the same reasons. */
  inspect: query.input(BundleInput).output(BundleView),

  /**
   * Imports a bundle, wholly or not at all, as a scan of one host. Importing it once more changes nothing. Where the
   * host is known better and nothing shows that the bundle is of it, the bundle is kept as a claim, and only if the
   * host is among `approved`.
   */
  import: command.input(BundleInput).output(ImportedBundle),

  /** What unverified bundles claim of hosts that are known better, the newest first; at most 1,000. */
  claims: query.output(z.array(Claim)),

  /** Deletes one claim. */
  dropClaim: command.input(z.object({ id: z.int() })).output(z.object({})),
};
