import { chooseHost } from "#domain/bundle/choose-host.ts";
import { type Bundle, readBundle } from "#domain/bundle/read-bundle.ts";
import { readKeyBlob } from "#domain/ssh/key-blob.ts";
import type { BundleView } from "#shared/model/imported-bundle.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { ScanId } from "#shared/model/scan.ts";
import { sayPlace } from "#shared/text/target.ts";
import type { KnownHost } from "#store/bundle-table.ts";
import type { Store } from "#store/store.ts";
import type { CarriedBundle } from "./recording/messages.ts";
import { sayReader } from "./say-reader.ts";

export type BundlePlan = Omit<BundleView, "importedAt"> & {
  bundle: Bundle;
  /** The login that is remembered for the host. */
  user: string | null;
  /** The import that took it in; null: none has. */
  known: { scanId: ScanId; importedAt: Instant } | null;
};

/** What importing a bundle would do, or a refusal that says what is wrong with it. Changes nothing. */
export function planBundle(
  { bundles }: Pick<Store, "bundles">,
  { bytes, as, signature }: CarriedBundle,
  now: Instant,
): BundlePlan {
  const bundle = readBundle(bytes);
  if (bundle.kind === "broken") throw new Refusal("invalid-input", bundle.why);
  const { collection, unixTime } = bundle;
  const ahead = unixTime - Math.floor(Date.parse(now) / 1_000);
  const told = {
    bundle,
    collectedAt: ahead > 0 ? now : toInstant(new Date(unixTime * 1_000)),
    hostname: collection.facts.hostname,
    os: collection.facts.os,
    readAs: sayReader(collection.readAs),
    accountCount: collection.accounts.length,
    notes: [...sayClock(ahead), ...(bundle.hasNoDigest ? [NO_DIGEST] : [])],
  };
  const known = bundles.find(bundle.digest);
  if (known)
    return { ...told, ...known, user: null, isNewHost: false, known, notes: [], signature: known.signature };

  const chosen = chooseHostOf(bundles, bundle, as);
  const current = bundles.hostAt(chosen.place.host, chosen.place.port);
  if (current) refuseOlder(current, unixTime);
  return {
    ...{ ...told, ...chosen.place, signature },
    ...{ user: current?.user ?? null, isNewHost: chosen.isNew, known: null },
  };
}

function chooseHostOf(bundles: Store["bundles"], { collection }: Bundle, as: CarriedBundle["as"]) {
  const fingerprints = collection.hostKeys.flatMap(({ blob }) => readKeyBlob(blob)?.fingerprint ?? []);
  const chosen = chooseHost({
    ...{ as, hostname: collection.facts.hostname },
    matching: bundles.hostsWithKeys(fingerprints),
    find: ({ host, port }) => bundles.hostAt(host, port),
  });
  if (chosen.kind === "refused") throw new Refusal("conflict", chosen.why);
  return chosen;
}

/** Both times by the host's own clock, as far as that of the last reading is known. */
function refuseOlder({ host, port, lastRead, clockAheadSeconds }: KnownHost, unixTime: number): void {
  if (lastRead === null) return;
  const readAt = Date.parse(lastRead) / 1_000 + (clockAheadSeconds ?? 0);
  if (unixTime >= readAt) return;
  const [collected, read] = [unixTime, readAt].map((seconds) => toInstant(new Date(seconds * 1_000)));
  throw new Refusal(
    "invalid-input",
    `it is older than what is known of ${sayPlace({ host, port })}: it was collected at ${collected} and the host was read at ${read}, both by the host's own clock; nothing of it was taken`,
  );
}

/** Less than this is what clocks differ by that nobody sets. */
const USUAL_SECONDS = 120;

const sayClock = (ahead: number): string[] =>
  ahead <= USUAL_SECONDS
    ? []
    : [
        `the host's clock is at least ${ahead} seconds ahead of this computer's, so the bundle is dated by when it came here`,
      ];

const NO_DIGEST =
  "the host had no program for a digest (sha256sum, shasum or openssl), so a change on the way would not show";
