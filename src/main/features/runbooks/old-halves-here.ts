import type { lookAtHeldHalf } from "#net/local/look-at-held-half.ts";
import { quoteWord } from "#net/ssh/hand/words.ts";
import type { HolderPlan, Plan } from "#shared/model/plan.ts";

/** Private halves on this computer in whose place the new one does not stand yet: no carried script replaces them. */
export async function findOldHere(
  { here, newKey }: Plan,
  lookAt: typeof lookAtHeldHalf,
): Promise<HolderPlan[]> {
  const files = newKey?.kind === "given" ? here.filter(({ kind }) => kind === "file") : [];
  const looked = await Promise.all(
    files.map(async (holder) => ({ holder, half: await lookAt(holder.path) })),
  );
  return looked.flatMap(({ holder, half }) =>
    newKey?.kind === "given" && half?.line !== newKey.line ? [holder] : [],
  );
}

export const sayOldHere = (old: readonly HolderPlan[]): string =>
  `all hosts are done, but on this computer the new private half is not in the place of ${old.map(({ path }) => path).join(", ")}: put it there, and import a result of this run once more`;

/** The old half is kept beside it, as a run from here does. */
export function replaceByHand({ newKey }: Plan, old: readonly HolderPlan[]): string[] {
  const made = newKey?.kind === "given" ? newKey.path : null;
  return old.flatMap(({ path, hasPublicFile }) =>
    ["", ...(hasPublicFile ? [".pub"] : [])].flatMap((end) => {
      const place = quoteWord(`${path}${end}`);
      const from = made === null ? [] : [`cp -p ${quoteWord(`${made}${end}`)} ${place}`];
      return [`mv ${place} ${quoteWord(`${path}.latchkey-old${end}`)}`, ...from];
    }),
  );
}
