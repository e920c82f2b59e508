import { z } from "zod";
import { Instant } from "../instant.ts";

/**
 * The state of a host key under one name.
 * `matched`: the host has the key that is trusted for it. `new`: it presented this key, and nothing is trusted for it.
 * `changed`: what it presented and what is trusted for it are not the same. `revoked`: a known_hosts revokes it.
 * `held`: found on the host when it was read, neither presented nor trusted. `unused`: trusted, but no host of the
 * inventory was seen with it. `hashed`: a hashed name of known_hosts that is no name of the inventory. `authority`:
 * signs host keys.
 */
export const HostKeyState = z.enum([
  "changed",
  "revoked",
  "new",
  "matched",
  "held",
  "unused",
  "hashed",
  "authority",
]);
export type HostKeyState = z.infer<typeof HostKeyState>;

/** A host by its name and port, with its row in the inventory: null for a jump host or a pin without such a row. */
const HostReference = z.object({ id: z.int().nullable(), host: z.string(), port: z.int() });

/** One key under one name, of all that is known: pins, known_hosts, what hosts presented, what was found on them. */
export const HostKeyRow = z.object({
  /** Stable: of the name, the key and whether it is an authority's. */
  id: z.string(),
  /** As known_hosts writes it: `web1`, `[web1]:2222`, a pattern, a hashed name. */
  name: z.string(),
  keyType: z.string(),
  /** Null: not known. */
  keyBits: z.int().nullable(),
  fingerprint: z.string(),
  state: HostKeyState,
  /** The reasons for the state, as a sentence. */
  why: z.string(),
  isPinned: z.boolean(),
  /** Files and lines of this computer: `/home/jo/.ssh/known_hosts:12`. */
  knownAt: z.array(z.string()),
  /** When a host key of this host was last seen in a probe, if it was this one. */
  presentedAt: Instant.nullable(),
  /** When a reading of the host last found the key there. */
  heldAt: Instant.nullable(),
  /** The host whose key it is; null for a line of known_hosts that is of none. */
  host: HostReference.nullable(),
  /** Other hosts that have the same key: clones, or one machine under several names. */
  sharedWith: z.object({ count: z.int(), first: z.array(HostReference) }),
  /** Why keys of this kind should be replaced; null where nothing is wrong with them. */
  weakness: z.string().nullable(),
});
export type HostKeyRow = z.infer<typeof HostKeyRow>;

/**
 * What DNS (SSHFP, RFC 4255) says of a host key. `mismatch`: it publishes another one of the same kind. `no-number`:
 * no record can be written for this type. `not-comparable`: only by a hash for which the key's bytes are missing here.
 */
export const SshfpResult = z.enum(["match", "mismatch", "not-published", "no-number", "not-comparable"]);
export type SshfpResult = z.infer<typeof SshfpResult>;

/** What DNS says of one name, beside its keys. */
export const SshfpComparison = z.object({
  name: z.string(),
  /** The rows of host keys with this name. */
  ids: z.array(z.string()),
  /** `not-queried`: nothing was sent for it, since it is not a full DNS name. */
  answer: z.enum(["records", "none", "no-such-name", "failed", "not-queried"]),
  /** A sentence: how far the answer can be trusted, or why there is none. */
  why: z.string(),
  /** A resolver on this computer says that DNSSEC validated it. */
  isValidated: z.boolean(),
  /** Empty where there is no record. */
  keys: z.array(z.object({ id: z.string(), result: SshfpResult })),
});
export type SshfpComparison = z.infer<typeof SshfpComparison>;
