/** What a host would not or could not do, as a cause of a step. */
import type { HostRefusal, LeaseHolder } from "#shared/model/runs/host-refusal.ts";
import type { PlainCause } from "#shared/model/runs/step-result.ts";

/** An answer of a host. */
export type Refusing = { why: HostRefusal; detail: string; holder?: LeaseHolder | null };

/** Of the file at `path`, where whoever owns its folder may have answered. */
export const refusedAt = (answer: Refusing, path: string): PlainCause => toCause(answer, path, false);

/** Of what root alone keeps there. */
export const refusedByRoot = (answer: Refusing, path: string): PlainCause => toCause(answer, path, true);

const toCause = ({ why, detail, holder }: Refusing, path: string, isRoots: boolean): PlainCause => ({
  kind: "refused",
  why,
  detail,
  holder: holder ? { who: holder.who, leaseEnd: holder.leaseEnd } : null,
  path,
  isRoots,
});
