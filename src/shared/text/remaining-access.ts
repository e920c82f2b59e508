import type { PlanKind } from "../model/plan.ts";
import type { RemainingAccess } from "../model/remaining-access.ts";
import { formatAccount } from "./account.ts";
import { formatCount } from "./count.ts";

const MOST_NAMED = 3;

/** One account: `the old key still gets in to deploy@web1`. */
export const formatRemaining = (one: RemainingAccess, kind: PlanKind): string =>
  `${headOf(one, kind)} ${formatAccount(one)}`;

/** All of them in one sentence, the first by name; empty: there is none. */
export function formatAllRemaining(remaining: readonly RemainingAccess[], kind: PlanKind): string {
  if (remaining.length === 0) return "";
  const more = remaining.length - MOST_NAMED;
  const sentences = [...Map.groupBy(remaining.slice(0, MOST_NAMED), (one) => headOf(one, kind))].map(
    ([head, same]) => `${head} ${same.map(formatAccount).join(", ")}`,
  );
  return `${sentences.join("; ")}${more > 0 ? `; and ${formatCount(more, "more account")}` : ""}`;
}

/** A rotation is of one key. */
const headOf = ({ fingerprint, isCertain }: RemainingAccess, kind: PlanKind): string =>
  `${kind === "rotate-key" ? "the old key" : fingerprint} ${isCertain ? "still gets in" : "may still get in"} to`;
