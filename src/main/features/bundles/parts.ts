import type { GivenBundle } from "#shared/contract/bundles.ts";
import { MOST_BUNDLE_BYTES } from "#shared/model/bundle.ts";
import { Refusal } from "#shared/model/refusal.ts";

/** Bundles whose parts are held at a time; of more the oldest is forgotten. */
const MOST_HELD = 4;

/** The parts of bundles that are longer than a message may be, until they are asked about. */
export function createParts() {
  const held = new Map<string, Buffer[]>();

  return {
    hand({ id, base64 }: { id: string; base64: string }): { bytes: number } {
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

    /** The whole bundle: the parts stay, for it may be asked about again. */
    join({ handed, base64 }: Pick<GivenBundle, "handed" | "base64">): Uint8Array {
      const before = handed === null ? [] : held.get(handed);
      if (!before)
        throw new Refusal(
          "not-found",
          "the parts of this bundle are not held any more; hand them over again",
        );
      const parts = [...before, Buffer.from(base64, "base64")];
      if (sizeOf(parts) > MOST_BUNDLE_BYTES) throw tooLarge();
      return Buffer.concat(parts);
    },
  };
}

const sizeOf = (parts: readonly Uint8Array[]): number => parts.reduce((sum, { length }) => sum + length, 0);

const tooLarge = () => new Refusal("too-many", "it is larger than 16 MiB; no bundle is");
