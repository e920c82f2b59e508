import { z } from "zod";
import { HostName, Port } from "./target.ts";

/** A trusted key and where it stands: a file and line of this computer, `pin` or `bundle`. */
const KnownElsewhere = z.object({
  /** The names of the line; null where they are hashed. */
  names: z.string().nullable(),
  keyType: z.string(),
  fingerprint: z.string(),
  where: z.string(),
});
export type KnownElsewhere = z.infer<typeof KnownElsewhere>;

/** At most so many lines of known_hosts are named beside a key. */
export const MOST_KNOWN_LINES = 5;

/**
 * What this computer knows beside a key that a host has offered. `same-key`: it is known under other names.
 * `other-type`: a key of another type is known at this host's address, which says nothing of this one. All others
 * contradict the key, so that no list may accept it: `mismatch`: another key is known for the host's name or address;
 * `revoked`: a line revokes it; `no-certificate`: an authority vouches for the host, and it showed no certificate.
 */
export const KnownBeside = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("nothing") }),
  z.object({ kind: z.literal("same-key"), total: z.int(), known: z.array(KnownElsewhere) }),
  z.object({ kind: z.literal("other-type"), total: z.int(), known: z.array(KnownElsewhere) }),
  z.object({ kind: z.literal("mismatch"), total: z.int(), known: z.array(KnownElsewhere) }),
  z.object({ kind: z.literal("revoked"), where: z.string() }),
  z.object({ kind: z.literal("no-certificate"), where: z.string() }),
]);
export type KnownBeside = z.infer<typeof KnownBeside>;

export const isContradicted = ({ kind }: KnownBeside): boolean =>
  kind === "mismatch" || kind === "revoked" || kind === "no-certificate";

/**
 * `waiting`: probes wait for the user. `accepted`: it is pinned, and they go on. `skipped`: they went on without it.
 * `refused`: this computer knows something else, so nothing waits.
 */
export const OfferState = z.enum(["waiting", "accepted", "skipped", "refused"]);
export type OfferState = z.infer<typeof OfferState>;

/** A host key that a host, or a jump host before it, has presented to a running scan, and that nothing vouches for. */
export const OfferedKey = z.object({
  /** Of the name, the port and the key: what is accepted by it is this key and no other one. */
  id: z.string(),
  name: HostName,
  port: Port,
  /** Where it was reached, if that is not its name. */
  addresses: z.array(z.string()),
  isJumpHost: z.boolean(),
  keyType: z.string(),
  fingerprint: z.string(),
  state: OfferState,
  known: KnownBeside,
  /** How many probes wait for it. */
  waiting: z.int(),
  /** How many other hosts have presented the same key to this scan. */
  sharedWith: z.int(),
});
export type OfferedKey = z.infer<typeof OfferedKey>;
