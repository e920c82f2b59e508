import type { Plan } from "#shared/model/plan.ts";
import { formatCount } from "#shared/text/count.ts";
import { accountsOf, type Draft, placeOf } from "./draft.ts";
import { isProduction } from "./order-hosts.ts";

/** More than so many hosts are not changed by a yes alone. */
const MANY_HOSTS = 10;

/** What is to be typed before the plan runs: where a mistake would cost most. */
export function chooseConfirmation(drafts: readonly Draft[]): Plan["confirm"] {
  const roots = drafts.filter((draft) =>
    draft.files.some((file) => accountsOf(draft, file).includes("root")),
  );
  const production = drafts.filter(isProduction);
  const why = [
    ...(roots.length > 0 ? [`root's keys change on ${formatHosts(roots)}`] : []),
    ...(drafts.some(({ isAuthority }) => isAuthority)
      ? ["it changes whose certificates let in, which is more than one key"]
      : []),
    ...(drafts.length > MANY_HOSTS ? [`${formatCount(drafts.length, "host")} change at once`] : []),
    ...(production.length > 0
      ? [`${formatHosts(production)} ${production.length === 1 ? "is" : "are"} labelled production`]
      : []),
  ];
  const [first] = drafts;
  if (why.length === 0 || !first) return null;
  return { word: drafts.length === 1 ? placeOf(first.facts) : `${drafts.length} hosts`, why };
}

function formatHosts(drafts: readonly Draft[]): string {
  const names = drafts.slice(0, 3).map(({ facts }) => placeOf(facts));
  const more = drafts.length - names.length;
  return more > 0 ? `${names.join(", ")} and ${more} more` : names.join(" and ");
}
