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

/** Where it stands within the source: `tls.crt of Secret shop/tls`. Empty where the source is but one thing. */
const LocationWithin = z.string();

/** Which entry of which store a thing stands in, both from 0; null where it stands in none. */
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
  /** By which certificates know the same key: SHA-256 of its SubjectPublicKeyInfo; null where it was not made. */
  spkiSha256: z.string().nullable(),
  comment: z.string(),
  /** The options of an authorized_keys line; the hosts and marker of a known_hosts line; else empty. */
  options: z.string(),
  /** From 1; null where lines mean nothing. */
  line: z.int().nullable(),
  /** For a private key: whether a passphrase protects it. Null: it could not be told, or is not one. */
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
  /** What keeps it shut, and what to do; null where nothing does. */
  why: z.string().nullable(),
  /** A password was given, and it is not this one's. */
  isWrongPassword: z.boolean(),
  /** It opened with this password, which everybody knows; null where it did not, or none was tried. */
  defaultPassword: z.string().nullable(),
  /** It holds a key or another secret, and not only what everybody may know. */
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
  /** Of an endpoint, what it said beside its chain; absent for a file. */
  endpoint: EndpointFacts.optional(),
  /** What could not be read, each a sentence that says where. */
  malformed: z.array(z.string()),
  /** What a password would be good for: to show more of it, or but to check what is shown. */
  wantsPassword: z.enum(["to-open", "to-check"]).nullable(),
  /** One was given, and opened nothing of it. */
  isWrongPassword: z.boolean(),
});
export type Inspection = z.infer<typeof Inspection>;

export const inspect = {
  /** Reads what is given and remembers nothing: neither it nor a password. */
  file: query
    .input(
      z.object({
        name: z.string().max(4_096),
        base64: z.base64().max(24 * 1024 * 1024),
        /** Each is tried on each lock of the file; beside them those that everybody knows, always. */
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
        /** What is spoken before TLS; null: what the port says. */
        protocol: Protocol.nullable().default(null),
        /** A proxy; empty: directly. */
        proxy: ProxyUrl.default(""),
        /** Of the user that the proxy names; null where it names none. */
        proxyPassword: z.string().max(4_096).nullable().default(null),
        probesCapabilities: z.boolean().default(false),
      }),
    )
    .output(Inspection),
};

/** A part is no longer than one message may be, and all parts of a bundle no longer than a collector writes. */
export const BUNDLE_PART_BYTES = 700 * 1024;
const MOST_PART_BASE64 = 24 * 1024 * 1024;

/** A bundle as it is uploaded, and what is known of it beside its bytes. */
const BundleInput = z.object({
  /** The number of the parts that were uploaded before; null: this is all of it. */
  uploadId: z.uuid().nullable().default(null),
  /** What follows those. */
  base64: z.base64().max(MOST_PART_BASE64),
  /** What the host is called; null: its host keys say so, or else what it calls itself. */
  as: z.object({ host: HostName, port: Port }).nullable().default(null),
  /** Hosts of which an unverified bundle may be kept beside what is known of them. `inspect` does without. */
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

  /** The same script with a number of its own, which is remembered: what it writes is known to come from this collector. */
  issueCollector: command.output(z.object({ script: z.string() })),

  /** Holds a part of a bundle that is longer than a message may be, for a while. Nothing is remembered. */
  uploadPart: query
    .input(z.object({ id: z.uuid(), base64: z.base64().max(MOST_PART_BASE64) }))
    .output(z.object({ bytes: z.int() })),

  /** What `import` would make of a bundle; it is refused for the same reasons. */
  inspect: query.input(BundleInput).output(BundleView),

  /**
   * Takes a bundle in, wholly or not at all, as a scan of one host. One that was taken in before changes nothing. One that
   * nothing shows to be of a host which is known better is kept beside that, and only where the host is among `approved`.
   */
  import: command.input(BundleInput).output(ImportedBundle),

  /** What unverified bundles claim of hosts that are known better, the newest first; at most 1,000. */
  claims: query.output(z.array(Claim)),

  /** Forgets one of them. */
  dropClaim: command.input(z.object({ id: z.int() })).output(z.object({})),
};
