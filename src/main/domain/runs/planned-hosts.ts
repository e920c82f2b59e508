import { accountsOf, type Draft } from "#domain/runs/access/change-set.ts";
import { namesOfEnvironment } from "#shared/model/label.ts";
import type { Plan, PlannedHost } from "#shared/model/runs/plan.ts";
import type { Pace } from "#shared/model/runs/plan-options.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatHost } from "#shared/text/hosts/target.ts";

/** How to reach the host, and how a run changes it, whatever it changes there. */
export const toPlannedHost = ({ facts }: Draft, batch: number): PlannedHost => ({
  host: facts.host,
  port: facts.port,
  user: facts.user,
  useSudo: facts.useSudo,
  batch,
  hostKey: facts.hostKey ?? "",
  rollbackTimer: facts.rollbackTimers[0] ?? null,
});

export const isProduction = ({ facts }: Draft): boolean =>
  facts.labels.some((label) => namesOfEnvironment("production").includes(label));

/**
 * Each host with its batch, in the order in which they are changed: a canary alone, then `batchSize` side by side, and
 * jump hosts of others at the end, one at a time: if something fails before, the routes through them stay open.
 */
export function orderHosts(drafts: readonly Draft[], options: Pace): { draft: Draft; batch: number }[] {
  const byRisk = (draft: Draft): number => (isProduction(draft) ? 1 : 0);
  const byName = (one: Draft, other: Draft): number =>
    formatHost(one.facts).localeCompare(formatHost(other.facts), "en");
  const sorted = [...drafts].sort(
    (one, other) =>
      byRisk(one) - byRisk(other) || one.files.length - other.files.length || byName(one, other),
  );
  const plain = sorted.filter(({ facts }) => facts.jumpFor === 0);
  const jumps = sorted.filter(({ facts }) => facts.jumpFor > 0);
  const first = options.canary ? 1 : 0;
  const batchOf = (index: number): number =>
    index < first ? 0 : first + Math.floor((index - first) / options.batchSize);
  const ordered = plain.map((draft, index) => ({ draft, batch: batchOf(index) }));
  const next = (ordered.at(-1)?.batch ?? -1) + 1;
  return [...ordered, ...jumps.map((draft, index) => ({ draft, batch: next + index }))];
}

/** Plans for more hosts than this need more than a yes. */
const MANY_HOSTS = 10;

/** The confirmation word to be typed before the plan runs, if a mistake would cost most. */
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
  return { word: drafts.length === 1 ? formatHost(first.facts) : `${drafts.length} hosts`, why };
}

function formatHosts(drafts: readonly Draft[]): string {
  const names = drafts.slice(0, 3).map(({ facts }) => formatHost(facts));
  const more = drafts.length - names.length;
  return more > 0 ? `${names.join(", ")} and ${more} more` : names.join(" and ");
}
