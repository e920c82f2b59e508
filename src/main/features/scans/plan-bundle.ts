import { chooseHost, chooseSigners, evaluateStanding, type HostAddress } from "#domain/bundle/bundle-host.ts";
import { type Bundle, readBundle } from "#domain/bundle/read-bundle.ts";
import { readKeyBlob } from "#domain/ssh/key-blob.ts";
import type { BundleStanding } from "#shared/model/hosts/bundle.ts";
import type { BundleView } from "#shared/model/hosts/imported-bundle.ts";
import type { ScanId } from "#shared/model/hosts/scan.ts";
import { type Instant, MOST_AHEAD_SECONDS, toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { formatHostAddress } from "#shared/text/hosts/target.ts";
import type { KnownHost } from "#store/bundle-table.ts";
import type { Store } from "#store/store.ts";
import { formatReader } from "./describe-host.ts";
import type { OfflineBundle } from "./recording/messages.ts";

export type BundlePlan = Omit<BundleView, "importedAt" | "differences"> & {
  bundle: Bundle;
  /** The keys that have signed it and may be the host's, as fingerprints. */
  signers: readonly string[];
  /** The login that is remembered for the host. */
  user: string | null;
  /** The earlier import of it, without a scan where it was kept beside what is known; null where there is none. */
  known: { scanId: ScanId | null; importedAt: Instant } | null;
  /** It was imported when nothing verified its host, and its host's signature is there now. */
  isSignedSince: boolean;
};

type Tables = {
  bundles: Store["bundles"];
  claims: Pick<Store["claims"], "find">;
  issuedCollectors: Pick<Store["issuedCollectors"], "find">;
};

/** Returns what importing a bundle would do, or a refusal that says what is wrong with it. Changes nothing. */
export function planBundle(store: Tables, { bytes, as, signature }: OfflineBundle, now: Instant): BundlePlan {
  const { bundles } = store;
  const bundle = readBundle(bytes);
  if (bundle.kind === "broken") throw new Refusal("invalid-input", bundle.why);
  const { collection, unixTime, signed } = bundle;
  const ahead = unixTime - Math.floor(Date.parse(now) / 1_000);
  const signers = signed.keys.map(({ fingerprint }) => fingerprint);
  const described = {
    bundle,
    collectedAt: ahead > 0 ? now : toInstant(new Date(unixTime * 1_000)),
    hostname: collection.facts.hostname,
    os: collection.facts.os,
    readAs: formatReader(collection.readAs),
    accountCount: collection.accounts.length,
    whyUnsigned: signed.why ?? "",
    collectorIssuedAt: findIssued(store, collection.nonce),
    notes: bundle.hasNoDigest ? [NO_DIGEST] : [],
  };
  const before = findBefore(store, bundle, signers);
  if (before) return { ...described, ...before, user: null, isNewHost: false, notes: [] };

  if (ahead > MOST_AHEAD_SECONDS) throw refuseFuture(unixTime, now);
  const chosen = chooseHostOf(bundles, bundle, { as, signers });
  const { host, port } = chosen.address;
  const trust = bundles.trustOf(host, port);
  const own = chooseSigners(trust, signers, namedKeys(bundle));
  const standing = evaluateStanding(trust, own);
  const current = bundles.hostAt(host, port);
  // A mere claim does not keep out a bundle that its host has signed.
  const isFirstSigned = standing.kind === "first-use" && trust.signedBefore.length === 0;
  if (current && !isKeptBeside(standing) && !isFirstSigned) refuseOlder(current, unixTime);
  if (standing.kind !== "verified") refuseUsedNonce(bundles, bundle);
  return {
    ...described,
    ...chosen.address,
    signers: own,
    signature,
    standing,
    user: current?.user ?? null,
    isNewHost: chosen.isNew,
    known: null,
    isSignedSince: false,
  };
}

export const isKeptBeside = (standing: BundleStanding): boolean =>
  standing.kind === "claimed" && standing.isBeside;

/** Finds the earlier import of a bundle. Its host may have been only claimed then, and verified by now. */
function findBefore({ bundles, claims }: Tables, bundle: Bundle, all: readonly string[]) {
  const { digest } = bundle;
  const claim = claims.find(digest);
  if (claim) {
    const trust = bundles.trustOf(claim.host, claim.port);
    const signers = chooseSigners(trust, all, namedKeys(bundle));
    const standing = evaluateStanding(trust, signers);
    if (!isKeptBeside(standing)) return null;
    const { host, port, importedAt, signature } = claim;
    return {
      host,
      port,
      signers,
      signature,
      standing,
      known: { scanId: null, importedAt },
      isSignedSince: false,
    };
  }
  const imported = bundles.find(digest);
  if (!imported) return null;
  const { scanId, importedAt, host, port, signature, standing, signedBy } = imported;
  const [first = ""] = signedBy;
  const trust = bundles.trustOf(host, port);
  const signers = chooseSigners(trust, all, namedKeys(bundle));
  const known = { host, port, signers, signature, known: { scanId, importedAt } };
  if (standing !== "claimed")
    return { ...known, standing: { kind: standing, fingerprint: first }, isSignedSince: false };
  const now = evaluateStanding(trust, signers);
  if (now.kind !== "claimed") return { ...known, standing: now, isSignedSince: true };
  return { ...known, standing: { ...now, isBeside: false }, isSignedSince: false };
}

function chooseHostOf(
  bundles: Store["bundles"],
  bundle: Bundle,
  { as, signers }: { as: OfflineBundle["as"]; signers: readonly string[] },
) {
  const chosen = chooseHost({
    as,
    hostname: bundle.collection.facts.hostname,
    isSigned: signers.length > 0,
    proven: bundles.hostsProvenBy(signers),
    matching: bundles.hostsWithKeys([...namedKeys(bundle), ...signers]),
    find: ({ host, port }: HostAddress) => bundles.hostAt(host, port),
  });
  if (chosen.kind === "refused") throw new Refusal("conflict", chosen.why);
  return chosen;
}

/** The host keys that it names, as fingerprints. */
const namedKeys = ({ collection }: Bundle): string[] =>
  collection.hostKeys.flatMap(({ blob }) => readKeyBlob(blob)?.fingerprint ?? []);

const formatTime = (seconds: number): Instant => toInstant(new Date(seconds * 1_000));

const refuseFuture = (unixTime: number, now: Instant): Refusal =>
  new Refusal(
    "invalid-input",
    `it is from the future: by the host's own clock it was collected at ${formatTime(unixTime)}, and by this computer's it is ${now}; set the clock that is wrong, and collect it again; nothing of it was taken`,
  );

/**
 * Compares both times by the host's own clock, as far as the last reading shows it. A clock that was further ahead than
 * a bundle may be is assumed to have been set since.
 */
function refuseOlder({ host, port, lastRead, clockAheadSeconds }: KnownHost, unixTime: number): void {
  if (lastRead === null) return;
  const readAt = Date.parse(lastRead) / 1_000 + Math.min(clockAheadSeconds ?? 0, MOST_AHEAD_SECONDS);
  if (unixTime >= readAt) return;
  throw new Refusal(
    "invalid-input",
    `it is older than what is known of ${formatHostAddress({ host, port })}: it was collected at ${formatTime(unixTime)} and the host was read at ${formatTime(readAt)}, both by the host's own clock; nothing of it was taken`,
  );
}

/** Each run of a collector has a nonce of its own: of two bundles with one nonce, one was made from the other. */
function refuseUsedNonce(bundles: Store["bundles"], { digest, collection }: Bundle): void {
  const importedAt = bundles.otherWithNonce(collection.nonce, digest);
  if (importedAt === null) return;
  throw new Refusal(
    "conflict",
    `another bundle with its number ${collection.nonce} was imported on ${importedAt}, so one of the two was made from the other; collect it again, and find out who transported them; nothing of it was imported`,
  );
}

/** The nonce begins with that of the collector, where it was issued here; that of its run follows. */
function findIssued({ issuedCollectors }: Tables, nonce: string): Instant | null {
  const [collector, run] = nonce.split("-");
  return collector && run ? issuedCollectors.find(collector) : null;
}

const NO_DIGEST =
  "the host had no program for a digest (sha256sum, shasum or openssl), so a change on the way would not show";
