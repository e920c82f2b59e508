import { z } from "zod";
import { Certificate } from "../model/certificate.ts";
import { InspectedKind } from "../model/inspected-kind.ts";
import { HostName, Port } from "../model/target.ts";
import { query } from "./procedure.ts";

const InspectedCertificate = Certificate.omit({ extensions: true }).extend({
  what: z.literal("certificate"),
});

/** A key of authorized_keys, known_hosts, a .pub file or the public half of a private one. */
const InspectedKey = z.object({
  what: z.enum(["public-key", "grant", "known-host", "private-key"]),
  keyType: z.string().nullable(),
  keyBits: z.int().nullable(),
  fingerprint: z.string().nullable(),
  comment: z.string(),
  /** The options of an authorized_keys line; the hosts and marker of a known_hosts line; else empty. */
  options: z.string(),
  /** From 1; null where lines mean nothing. */
  line: z.int().nullable(),
  /** For a private key: whether a passphrase protects it. Null: it could not be told, or is not one. */
  isEncrypted: z.boolean().nullable(),
});

export const Inspection = z.object({
  source: z.string(),
  kind: InspectedKind,
  items: z.array(z.discriminatedUnion("what", [InspectedCertificate, InspectedKey])),
  /** What could not be read, each a sentence that says where. */
  malformed: z.array(z.string()),
});
export type Inspection = z.infer<typeof Inspection>;

export const inspect = {
  /** Reads what is given and remembers nothing. */
  file: query
    .input(z.object({ name: z.string().max(4_096), base64: z.base64().max(24 * 1024 * 1024) }))
    .output(Inspection),

  endpoint: query
    .input(z.object({ host: HostName, port: Port, serverName: HostName.nullable().default(null) }))
    .output(Inspection),
};
