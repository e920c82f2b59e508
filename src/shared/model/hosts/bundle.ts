import { z } from "zod";
import { Instant } from "../instant.ts";
import { HostKeyView } from "./probe.ts";
import { HostName, Port } from "./target.ts";

/**
 * Who signed a bundle. `known`: the key is of somebody in a people source, or was named for this import. `gone`: of somebody who
 * has left. `unknown`: the signature is right, and nobody here knows the key. `unsupported`: it cannot be checked here.
 */
export const BundleSignature = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("none") }),
  HostKeyView.extend({ kind: z.enum(["known", "gone"]), signer: z.string() }),
  HostKeyView.extend({ kind: z.literal("unknown") }),
  z.object({ kind: z.literal("unsupported"), why: z.string() }),
]);
export type BundleSignature = z.infer<typeof BundleSignature>;

/** What a signature of a bundle is for: one that was made for something else is none. */
export const SIGNATURE_NAMESPACE = "latchkey-bundle";

/** What a host signs the last line of its bundle for, with its own host keys; collect.sh says the same. */
export const HOST_SIGNATURE_NAMESPACE = "latchkey-host-bundle";

/**
 * Why nothing shows that a bundle is of the host that it names. `unsigned`: no host key has signed it. `other-key`: one
 * has, and it is not a key by which the host is known. `no-key`: the host was read from here, and no key of it is known.
 */
export const ClaimReason = z.enum(["unsigned", "other-key", "no-key"]);
export type ClaimReason = z.infer<typeof ClaimReason>;

/**
 * Whether a bundle is of the host that it names. `verified`: the host key has signed it that is pinned, or that the host
 * presented. `first-use`: a host key that is known from this host's bundles alone. `claimed`: nothing shows it; `isBeside`:
 * the host is known better, so that the bundle is kept beside that and changes none of it.
 */
export const BundleStanding = z.discriminatedUnion("kind", [
  z.object({ kind: z.enum(["verified", "first-use"]), fingerprint: z.string() }),
  z.object({ kind: z.literal("claimed"), why: ClaimReason, isBeside: z.boolean() }),
]);
export type BundleStanding = z.infer<typeof BundleStanding>;

/** How what is known of a host came here, where bundles alone tell of it. */
export const BundleStandingKind = z.enum(["verified", "first-use", "claimed"]);
export type BundleStandingKind = z.infer<typeof BundleStandingKind>;

/** The most that a collector writes, and so the most that a bundle holds. */
export const MOST_BUNDLE_BYTES = 16 * 1024 * 1024;

/** How every bundle begins, after what a login may have said before it. */
export const BUNDLE_START = "latchkey-collection 1 ";

/** What is said of the signature of an offline bundle or result. */
export const SIGNED = {
  /** What `ssh-keygen -Y sign` wrote for it. */
  signature: z.string().max(65_536).nullable().default(null),
  /** Keys whose signatures are good beside those of the people sources: fingerprints, or public keys, one a line. */
  signers: z
    .string()
    .max(1024 * 1024)
    .default(""),
  /** Refuse what nobody has signed who is known and still there. */
  requireSignature: z.boolean().default(false),
};

/** What a bundle tells of one kind of thing otherwise than what is known: how many, and some of each by name. */
export const ClaimDifference = z.object({
  what: z.enum(["account", "grant", "key file", "host key", "certificate"]),
  /** In the bundle alone. */
  claimedCount: z.int(),
  claimed: z.array(z.string()),
  /** Known, and not in the bundle. */
  knownCount: z.int(),
  known: z.array(z.string()),
});
export type ClaimDifference = z.infer<typeof ClaimDifference>;

/** A bundle of a host that is known better: it stands beside that, and changes none of it. */
export const Claim = z.object({
  id: z.int(),
  host: HostName,
  port: Port,
  /** By the clock of whoever collected it. */
  collectedAt: Instant,
  importedAt: Instant,
  readAs: z.string(),
  accountCount: z.int(),
  signature: BundleSignature,
  why: ClaimReason,
  /** As it was when it was imported; of each kind that differs. */
  differences: z.array(ClaimDifference),
});
export type Claim = z.infer<typeof Claim>;
