import { assertNever } from "../model/assert-never.ts";
import type { BundleSignature, BundleStanding, CarriedStanding, ClaimReason } from "../model/bundle.ts";
import type { ClaimDifference } from "../model/claim.ts";
import type { BundleView, ImportedBundle } from "../model/imported-bundle.ts";
import { formatCount } from "./count.ts";
import { formatPlace } from "./target.ts";

type Facts = Pick<BundleView, "host" | "port" | "isNewHost" | "readAs" | "accountCount" | "collectedAt">;

/** What a bundle is, for people. */
export function formatBundle({ host, port, isNewHost, readAs, accountCount, collectedAt }: Facts): string {
  const place = `${formatPlace({ host, port })}${isNewHost ? ", a new host" : ""}`;
  return `${place}: read as ${readAs}, ${formatCount(accountCount, "account")}, collected ${collectedAt}`;
}

/** What came of an import. */
export function sayImported(bundle: ImportedBundle): string {
  const { wasKnown, importedAt, state, message, signature, handedAt, isSignedSince } = bundle;
  if (wasKnown) {
    const news = isSignedSince
      ? `only its host's signature is new: ${formatStanding(bundle)}`
      : "nothing has changed";
    return `already imported on ${importedAt}, as ${formatPlace(bundle)}; ${news}`;
  }
  const part = state === "ok" ? "" : `; read in part: ${message}`;
  const said = [formatStanding(bundle), formatCollector(handedAt), formatSignature(signature)];
  return `${formatBundle(bundle)}${part}; ${said.filter(Boolean).join("; ")}`;
}

/** In a word or two, for what is known of a host by a bundle, and for the scan that the bundle is. */
export function formatCarried(standing: CarriedStanding): string {
  switch (standing) {
    case "verified":
      return "a bundle, verified by the host key";
    case "first-use":
      return "a bundle, signed by a host key that is known from bundles only";
    case "claimed":
      return "a bundle, claimed: nothing shows that it is of this host";
    default:
      return assertNever(standing);
  }
}

type Standing = { standing: BundleStanding; whyUnsigned: string; differences?: ClaimDifference[] | null };

/** Whether a bundle is of the host that it names, and what follows from that. */
export function formatStanding({ standing, whyUnsigned, differences = null }: Standing): string {
  switch (standing.kind) {
    case "verified":
      return `verified: signed by the host key ${standing.fingerprint}, which is known`;
    case "first-use":
      return `first use: signed by the host key ${standing.fingerprint}, which is known from bundles of this host only; compare it with the key on the host`;
    case "claimed": {
      const why = `${sayClaimReason(standing.why)}${whyUnsigned && ` (${whyUnsigned})`}`;
      if (!standing.isBeside) return `claimed: ${why}, so nothing shows that it is of this host`;
      const beside = `claimed: ${why}; it stands beside what is known of the host, and changes none of it`;
      return differences === null ? beside : `${beside}; ${formatDifferences(differences)}`;
    }
    default:
      return assertNever(standing);
  }
}

/** Why nothing shows of which host a bundle is. */
export function sayClaimReason(why: ClaimReason): string {
  switch (why) {
    case "unsigned":
      return "no host key has signed it";
    case "other-key":
      return "it is signed by a host key by which the host is not known";
    case "no-key":
      return "no host key is known of the host that it could be compared with";
    default:
      return assertNever(why);
  }
}

/** In one sentence, without the names. */
export function formatDifferences(differences: readonly ClaimDifference[]): string {
  if (differences.length === 0) return "it claims nothing that differs from what is known";
  const one = ({ what, claimedCount, knownCount }: ClaimDifference) =>
    `${formatCount(claimedCount, what)} only it has, ${formatCount(knownCount, what)} it has not`;
  return `compared with what is known: ${differences.map(one).join("; ")}`;
}

/** What to do where a bundle is not verified, and the host is known better. */
export const refuseUnapproved = (place: { host: string; port: number }, why: ClaimReason): string =>
  `nothing shows that it is of ${formatPlace(place)}: ${sayClaimReason(why)}. Collect it again as root, with the collector of this version; or keep what it claims beside what is known, by --approve-unverified ${formatPlace(place)}`;

const formatCollector = (handedAt: string | null): string =>
  handedAt === null
    ? "written by a collector that was not handed out here"
    : `written by the collector that was handed out here on ${handedAt}`;

/** Who signed a bundle. */
export function formatSignature(signature: BundleSignature): string {
  switch (signature.kind) {
    case "none":
      return "no person has signed it";
    case "known":
      return `signed by ${signature.signer}, with ${signature.keyType} ${signature.fingerprint}`;
    case "gone":
      return `signed by ${signature.signer}, who has left, with ${signature.keyType} ${signature.fingerprint}`;
    case "unknown":
      return `signed with ${signature.keyType} ${signature.fingerprint}, which nobody here is known by`;
    case "unsupported":
      return `its signature was not checked: ${signature.why}`;
  }
}
