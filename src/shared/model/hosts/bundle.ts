import { z } from "zod";
import { Instant } from "../instant.ts";
import { HostKeyView } from "./probe.ts";
import { HostName, Port } from "./target.ts";

/**
 * Who signed a bundle. `known`: the key is of somebody in a people source, or was named for this import. `gone`: of
 * somebody who has left. `unknown`: the signature is valid, and nobody here knows the key. `unsupported`: it cannot be
 * verified here.
 */
export const BundleSignature = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("none") }),
  HostKeyView.extend({ kind: z.enum(["known", "gone"]), signer: z.string() }),
  HostKeyView.extend({ kind: z.literal("unknown") }),
  z.object({ kind: z.literal("unsupported"), why: z.string() }),
]);
export type BundleSignature = z.infer<typeof BundleSignature>;

/** The namespace of a bundle's signature: one that was made for another is not valid. */
export const SIGNATURE_NAMESPACE = "latchkey-bundle";

/**
 * The namespace of the signature by which a host signs the last line of its bundle, with its own host keys; collect.sh
 * has the same.
 */
export const HOST_SIGNATURE_NAMESPACE = "latchkey-host-bundle";

/**
 * Why nothing shows that a bundle is of the host that it names. `unsigned`: no host key has signed it. `other-key`: one
 * has, and the host is not known by that key. `no-key`: the host was read from here, and no key of it is known.
 */
export const ClaimReason = z.enum(["unsigned", "other-key", "no-key"]);
export type ClaimReason = z.infer<typeof ClaimReason>;

/**
 * Whether a bundle is of the host that it names. `verified`: the host key that is pinned, or that the host presented,
 * has signed it. `first-use`: a host key that is known from this host's bundles alone. `claimed`: nothing shows it;
 * `isBeside`: the host is known better, so that the bundle is kept as a claim and changes nothing known.
 */
export const BundleStanding = z.discriminatedUnion("kind", [
  z.object({ kind: z.enum(["verified", "first-use"]), fingerprint: z.string() }),
  z.object({ kind: z.literal("claimed"), why: ClaimReason, isBeside: z.boolean() }),
]);
export type BundleStanding = z.infer<typeof BundleStanding>;

/** The standing of a host that is known from bundles alone. */
export const BundleStandingKind = z.enum(["verified", "first-use", "claimed"]);
export type BundleStandingKind = z.infer<typeof BundleStandingKind>;

/** The most that a collector writes, and so the most that a bundle holds. */
export const MOST_BUNDLE_BYTES = 16 * 1024 * 1024;

/** How every bundle begins, after what a login may have printed before it. */
export const BUNDLE_START = "latchkey-collection 1 ";

/** The signature of an offline bundle or result, and whose signatures count. */
export const SIGNED = {
  /** What `ssh-keygen -Y sign` wrote for it. */
  signature: z.string().max(65_536).nullable().default(null),
  /** Keys whose signatures count beside those of the people sources: fingerprints, or public keys, one a line. */
  signers: z
    .string()
    .max(1024 * 1024)
    .default(""),
  /** Refuse what was not signed by a known person who has not left. */
  requireSignature: z.boolean().default(false),
};

/** How a bundle differs from what is known, for one kind of thing: how many, and some of each by name. */
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

/** A bundle of a host that is known better: it is kept apart, and changes nothing known. */
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
