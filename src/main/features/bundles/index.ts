import { implement } from "@orpc/server";
import { bundles, type GivenBundle } from "#shared/contract/bundles.ts";
import type { Announcement } from "#shared/contract/events.ts";
import type { BundleSignature } from "#shared/model/bundle.ts";
import type { BundleView, ImportedBundle } from "#shared/model/imported-bundle.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { BUNDLE_INSTRUCTIONS } from "#shared/text/bundle-instructions.ts";
import type { Store } from "#store/store.ts";
import { judgeSignature } from "./judge-signature.ts";
import { createParts } from "./parts.ts";

type Carried = Pick<GivenBundle, "as" | "approved"> & { bytes: Uint8Array; signature: BundleSignature };

/** Where the collector has its number. */
const UNNUMBERED = "\thanded=''\n";

type Deps = {
  store: Pick<Store, "bundles" | "claims" | "events" | "handed" | "inTurn">;
  collectorScript: string;
  /** What importing it would do; changes nothing. */
  plan: (
    bundle: Carried,
    at: Instant,
  ) => Omit<BundleView, "importedAt"> & { known: { importedAt: Instant } | null };
  importBundle: (bundle: Carried, at: Instant) => Promise<ImportedBundle>;
  announce: (announcement: Announcement) => void;
  now: () => Date;
};

/** Hosts that no network leads to: the collector is carried there, and what it wrote is carried back. */
export function createBundles({ store, collectorScript, plan, importBundle, announce, now }: Deps) {
  const os = implement(bundles);
  const parts = createParts();

  return {
    collector: os.collector.handler(() => ({ script: collectorScript, instructions: BUNDLE_INSTRUCTIONS })),
    handOut: os.handOut.handler(handOut),
    hand: os.hand.handler(({ input }) => parts.hand(input)),
    look: os.look.handler(({ input }) => look(input)),
    import: os.import.handler(({ input }) => take(input)),
    claims: os.claims.handler(() => store.claims.list()),
    dropClaim: os.dropClaim.handler(({ input }) => dropClaim(input.id)),
  };

  async function handOut(): Promise<{ script: string }> {
    const nonce = crypto.randomUUID().replaceAll("-", "").slice(0, 16);
    const at = toInstant(now());
    await store.inTurn(() => {
      store.handed.add(nonce, at);
      store.events.append({ at, kind: "collector-handed", detail: { nonce } });
    });
    return { script: collectorScript.replace(UNNUMBERED, UNNUMBERED.replace("''", `'${nonce}'`)) };
  }

  async function dropClaim(id: number): Promise<Record<string, never>> {
    await store.inTurn(() => {
      if (!store.claims.dropById(id)) throw new Refusal("not-found", `there is no claim ${id}`);
      store.events.append({ at: toInstant(now()), kind: "claim-dropped", detail: { id } });
    });
    announce({ kind: "claims-changed" });
    return {};
  }

  function look(given: GivenBundle): BundleView {
    const { known, ...planned } = plan(toCarried(given), toInstant(now()));
    return { ...planned, importedAt: known?.importedAt ?? null };
  }

  async function take(given: GivenBundle): Promise<ImportedBundle> {
    const imported = await importBundle(toCarried(given), toInstant(now()));
    if (imported.scanId === null) announce({ kind: "claims-changed" });
    else if (!imported.wasKnown) announce({ kind: "scan-finished", scanId: imported.scanId });
    return imported;
  }

  function toCarried(given: GivenBundle): Carried {
    const bytes = parts.join(given);
    return { bytes, as: given.as, approved: given.approved, signature: judgeSignature(store, given, bytes) };
  }
}
