import { implement } from "@orpc/server";
import type { Announcement } from "#shared/contract/events.ts";
import { type BundleInput, bundles } from "#shared/contract/inspect.ts";
import { type BundleSignature, MOST_BUNDLE_BYTES } from "#shared/model/hosts/bundle.ts";
import type { BundleView, ImportedBundle } from "#shared/model/hosts/imported-bundle.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { BUNDLE_INSTRUCTIONS } from "#shared/text/hosts/bundle.ts";
import type { Store } from "#store/store.ts";
import { verifyBundleSignature } from "./verify-bundle-signature.ts";

type OfflineBundle = Pick<BundleInput, "as" | "approved"> & { bytes: Uint8Array; signature: BundleSignature };

/** The line of the collector script that gets its number. */
const UNNUMBERED = "\thanded=''\n";

type Deps = {
  store: Pick<Store, "bundles" | "claims" | "events" | "issuedCollectors" | "queueWrite">;
  collectorScript: string;
  /** Returns what the import would do; changes nothing. */
  plan: (
    bundle: OfflineBundle,
    at: Instant,
  ) => Omit<BundleView, "importedAt"> & { known: { importedAt: Instant } | null };
  importBundle: (bundle: OfflineBundle, at: Instant) => Promise<ImportedBundle>;
  announce: (announcement: Announcement) => void;
  now: () => Date;
};

/** Hosts that cannot be reached over a network: somebody copies the collector there, and its bundle back. */
export function createBundles({ store, collectorScript, plan, importBundle, announce, now }: Deps) {
  const os = implement(bundles);
  const parts = createParts();

  return {
    collector: os.collector.handler(() => ({ script: collectorScript, instructions: BUNDLE_INSTRUCTIONS })),
    issueCollector: os.issueCollector.handler(issueCollector),
    uploadPart: os.uploadPart.handler(({ input }) => parts.add(input)),
    inspect: os.inspect.handler(({ input }) => inspectBundle(input)),
    import: os.import.handler(({ input }) => take(input)),
    claims: os.claims.handler(() => store.claims.list()),
    dropClaim: os.dropClaim.handler(({ input }) => dropClaim(input.id)),
  };

  async function issueCollector(): Promise<{ script: string }> {
    const nonce = crypto.randomUUID().replaceAll("-", "").slice(0, 16);
    const at = toInstant(now());
    await store.queueWrite(() => {
      store.issuedCollectors.add(nonce, at);
      store.events.append({ at, kind: "collector-issued", detail: { nonce } });
    });
    return { script: collectorScript.replace(UNNUMBERED, UNNUMBERED.replace("''", `'${nonce}'`)) };
  }

  async function dropClaim(id: number): Promise<Record<string, never>> {
    await store.queueWrite(() => {
      if (!store.claims.dropById(id)) throw new Refusal("not-found", `there is no claim ${id}`);
      store.events.append({ at: toInstant(now()), kind: "claim-dropped", detail: { id } });
    });
    announce({ kind: "claims-changed" });
    return {};
  }

  function inspectBundle(upload: BundleInput): BundleView {
    const { known, ...planned } = plan(toOfflineBundle(upload), toInstant(now()));
    return { ...planned, importedAt: known?.importedAt ?? null };
  }

  async function take(upload: BundleInput): Promise<ImportedBundle> {
    const imported = await importBundle(toOfflineBundle(upload), toInstant(now()));
    if (imported.scanId === null) announce({ kind: "claims-changed" });
    else if (!imported.wasKnown) announce({ kind: "scan-finished", scanId: imported.scanId });
    return imported;
  }

  function toOfflineBundle(upload: BundleInput): OfflineBundle {
    const bytes = parts.join(upload);
    return {
      bytes,
      as: upload.as,
      approved: upload.approved,
      signature: verifyBundleSignature(store, upload, bytes),
    };
  }
}

/** The parts of so many bundles are kept at a time; then the oldest is forgotten. */
const MOST_HELD = 4;

/** Keeps the parts of bundles that are longer than a message may be, until a call needs the bundle. */
function createParts() {
  const held = new Map<string, Buffer[]>();

  return {
    add({ id, base64 }: { id: string; base64: string }): { bytes: number } {
      const parts = [...(held.get(id) ?? []), Buffer.from(base64, "base64")];
      const bytes = sizeOf(parts);
      if (bytes > MOST_BUNDLE_BYTES) {
        held.delete(id);
        throw tooLarge();
      }
      held.delete(id);
      held.set(id, parts);
      const [oldest] = held.keys();
      if (held.size > MOST_HELD && oldest !== undefined) held.delete(oldest);
      return { bytes };
    },

    /** Returns the whole bundle. The parts stay, for another call may need it again. */
    join({ uploadId, base64 }: Pick<BundleInput, "uploadId" | "base64">): Uint8Array {
      const before = uploadId === null ? [] : held.get(uploadId);
      if (!before)
        throw new Refusal("not-found", "the parts of this bundle are not held any more; upload them again");
      const parts = [...before, Buffer.from(base64, "base64")];
      if (sizeOf(parts) > MOST_BUNDLE_BYTES) throw tooLarge();
      return Buffer.concat(parts);
    },
  };
}

const sizeOf = (parts: readonly Uint8Array[]): number => parts.reduce((sum, { length }) => sum + length, 0);

const tooLarge = () => new Refusal("too-many", "it is larger than 16 MiB; no bundle is");
