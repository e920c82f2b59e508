import { z } from "zod";
import type { RuleId } from "../finding.ts";
import { Instant } from "../instant.ts";
import { Sha256 } from "./certificate.ts";

/**
 * Whether an endpoint serves the certificate in the file that the configuration names for it, and otherwise why not.
 * `agrees`: it does. `not-reloaded`: it serves the one that the file held before. `other-listed`: it serves the one
 * that is meant for another listener or name of the same host. `other-process`: another program listens there.
 * `differs`: it serves another one, with an explanation as far as one is known. `unknown`: it is not known what is
 * meant to be served there. `not-seen`: no handshake has shown what is served there. `never-served`: no handshake gets
 * it, for others come before it.
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

/**
 * Kinds of keys, as certificates name theirs, that a handshake can demand: a server answers it with a certificate of
 * that kind, or not at all.
 */
export const SERVER_KEY_KINDS = ["EC", "RSA", "Ed25519", "Ed448"] as const;
export type ServerKeyKind = (typeof SERVER_KEY_KINDS)[number];

/** The rules that compare what endpoints serve with their hosts' files: a probe of either may change their findings. */
export const SERVED_RULES: ReadonlySet<string> = new Set<RuleId>([
  "certificate-not-reloaded",
  "endpoint-other-certificate",
]);

/**
 * What would show a certificate that a configuration names. `scan`: a scan of this endpoint, as its server chooses.
 * `never`: nothing, and why. `unreached`: nothing that comes from another machine, and why.
 */
export const ShownBy = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("scan"), host: z.string(), serverName: z.string().nullable() }),
  z.object({ kind: z.literal("never"), why: z.string() }),
  z.object({ kind: z.literal("unreached"), why: z.string() }),
]);
export type ShownBy = z.infer<typeof ShownBy>;

/** The states of which a finding says what to do. */
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

/** What one endpoint served where a configuration says what should be. */
export const WireSight = z.object({
  host: z.string(),
  port: z.int(),
  serverName: z.string().nullable(),
  state: ServedState,
  /** The leaf that was served. */
  sha256: Sha256,
  subject: z.string(),
  key: ServedKey,
  /** The reasons for the state, as phrases. */
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
  /** The state that needs attention most, over all endpoints that were probed. */
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
  /** The file that a directive names, and what it is by now; null: none is named, or it is not known. */
  certificate: z
    .object({
      path: z.string(),
      directive: z.string(),
      at: FileLine,
      /** Where the links of the path lead; null where there are none, or that is not known. */
      realPath: z.string().nullable(),
      /** The first certificate in it; null: it was not read. */
      sha256: Sha256.nullable(),
      subject: z.string().nullable(),
      key: ServedKey.nullable(),
    })
    .nullable(),
  keyPath: z.string().nullable(),
  /** Whether the private key is that of the certificate; null: not known. */
  keyMatches: z.boolean().nullable(),
  /** Why it is not known what should be served there; null: it is known. */
  unsure: z.string().nullable(),
  /** Null: it is not known. */
  shownBy: ShownBy.nullable(),
  sights: z.array(WireSight),
});
export type ServedRow = z.infer<typeof ServedRow>;
