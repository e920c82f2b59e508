import { z } from "zod";
import type { RuleId } from "../finding.ts";
import { Instant } from "../instant.ts";
import { Sha256 } from "./certificate.ts";

/**
 * Whether what is served where a configuration says so is what its file holds, and otherwise why not.
 * `agrees`: it is the certificate in the file. `not-reloaded`: the one that the file held before. `other-listed`: the one
 * that is meant for another place of the same host. `other-process`: another program listens there. `differs`: another one than
 * its file holds, with what would explain it as far as that is known. `unknown`: what is meant to be served there is not known.
 * `not-seen`: no handshake has shown what is served there. `never-served`: no handshake is answered by it, for others come before it.
 */
export const ServedState = z.enum([
  "not-reloaded",
  "other-process",
  "other-listed",
  "differs",
  "unknown",
  "not-seen",
  "agrees",
  "never-served",
]);
export type ServedState = z.infer<typeof ServedState>;

/** Kinds of keys, as certificates give theirs, that a handshake can be held to: a server answers it with a certificate of that kind, or not at all. */
export const SERVER_KEY_KINDS = ["EC", "RSA", "Ed25519", "Ed448"] as const;
export type ServerKeyKind = (typeof SERVER_KEY_KINDS)[number];

/** The rules by which what endpoints serve is laid beside what their hosts' files say: a probe to either may change them. */
export const SERVED_RULES: ReadonlySet<string> = new Set<RuleId>([
  "certificate-not-reloaded",
  "endpoint-other-certificate",
]);

/**
 * What would show a certificate that a configuration says is served. `scan`: a scan of this endpoint, as its server chooses. `never`:
 * nothing, and why. `unreached`: nothing that comes from another machine, and why.
 */
export const ShownBy = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("scan"), host: z.string(), serverName: z.string().nullable() }),
  z.object({ kind: z.literal("never"), why: z.string() }),
  z.object({ kind: z.literal("unreached"), why: z.string() }),
]);
export type ShownBy = z.infer<typeof ShownBy>;

/** Of what is served so a finding tells what to do. */
export const MISMATCHES: ReadonlySet<ServedState> = new Set<ServedState>([
  "not-reloaded",
  "other-process",
  "other-listed",
  "differs",
]);

/** A line of a file, from 1. */
export const FileLine = z.object({ file: z.string(), line: z.int() });
export type FileLine = z.infer<typeof FileLine>;

/** The key of a certificate: its kind, its size in bits, the curve of one on a curve. */
const ServedKey = z.object({
  keyType: z.string(),
  keyBits: z.int().nullable(),
  curve: z.string().nullable(),
});

/** What one endpoint showed where the configuration says what is to be served. */
export const WireSight = z.object({
  host: z.string(),
  port: z.int(),
  serverName: z.string().nullable(),
  state: ServedState,
  /** The leaf that was served. */
  sha256: Sha256,
  subject: z.string(),
  key: ServedKey,
  /** What led to the state, as phrases. */
  evidence: z.array(z.string()),
  lastSeen: Instant,
});
export type WireSight = z.infer<typeof WireSight>;

/** One name at one listener of one host: what the configuration says is served there, and what is. */
export const ServedRow = z.object({
  id: z.int(),
  host: z.string(),
  hostId: z.int(),
  server: z.string(),
  /** The state that needs attention most, over all endpoints that were looked at. */
  state: ServedState,
  /** Null: every address. */
  address: z.string().nullable(),
  port: z.int(),
  /** As it is written in the configuration; null: whatever name is asked for. */
  name: z.string().nullable(),
  isDefault: z.boolean(),
  protocol: z.string(),
  /** The line that opens the listener or the virtual host. */
  at: FileLine,
  /** The file that a directive names, and what it is by now; null: none is named, or it cannot be told. */
  certificate: z
    .object({
      path: z.string(),
      directive: z.string(),
      at: FileLine,
      /** Where the links of the path lead; null where there are none, or it could not be told. */
      realPath: z.string().nullable(),
      /** The first certificate in it; null: it was not read. */
      sha256: Sha256.nullable(),
      subject: z.string().nullable(),
      key: ServedKey.nullable(),
    })
    .nullable(),
  keyPath: z.string().nullable(),
  /** Whether key and certificate are of one pair; null: not known. */
  keyMatches: z.boolean().nullable(),
  /** Why what is to be served there cannot be told; null: it can. */
  unsure: z.string().nullable(),
  /** Null: it is not known. */
  shownBy: ShownBy.nullable(),
  sights: z.array(WireSight),
});
export type ServedRow = z.infer<typeof ServedRow>;
