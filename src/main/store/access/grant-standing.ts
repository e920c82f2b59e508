import type { Database } from "better-sqlite3";
import type { AccessFilter } from "#shared/contract/access.ts";
import type { Part } from "#store/lists/part.ts";

/** A filter by verdicts: any of these together is counted without looking at a grant. */
export type Standing = Pick<
  AccessFilter,
  "effective" | "owner" | "use" | "orphaned" | "undecided" | "unmatched"
> & {
  /** Whether what is only unmatched is an orphan too. */
  isAbsenceJudged: boolean;
};

export const EVERYTHING: Standing = {
  effective: null,
  owner: null,
  use: null,
  orphaned: false,
  undecided: false,
  unmatched: false,
  isAbsenceJudged: false,
};

/** How many grants a filter by verdicts lets through. */
export type CountStanding = (standing: Standing) => number;

/** From what the triggers keep: see `tallied_as`. */
export function standingCachedCount(db: Database): CountStanding {
  const sum = db
    .prepare<[string], number>("SELECT ifnull(sum(count), 0) FROM tally WHERE what GLOB ?")
    .pluck();
  return ({ effective, owner, use, unmatched, ...orphans }) => {
    const start = `grant ${effective ?? "*"} ${owner ?? "*"} ${use ?? "*"} ${unmatched ? "unmatched" : "*"}`;
    return listKinds(orphans).reduce((total, kind) => total + (sum.get(`${start} ${kind}`) ?? 0), 0);
  };
}

/** What makes an orphan whatever the scope is. */
const EVIDENT = ["gone", "unused"];

type OrphanFilter = Pick<Standing, "orphaned" | "undecided" | "isAbsenceJudged">;

/** Which values of the column `orphan` a filter lets through, as the tally has them; `*` for all. */
function listKinds({ orphaned, undecided, isAbsenceJudged }: OrphanFilter): string[] {
  const orphans = isAbsenceJudged ? [...EVIDENT, "unmatched"] : EVIDENT;
  const unknown = isAbsenceJudged ? [] : ["unmatched"];
  if (orphaned) return undecided ? [] : orphans;
  return undecided ? unknown : ["*"];
}

/**
 * Filters that let only suspects through are read from their indexes, in the order of the list; of others, the condition
 * that lets least through is left to its index. The rest is looked at in what that finds.
 */
export function standingConditions(standing: Standing, count: CountStanding): Part[] {
  const { effective, owner, use, orphaned, undecided, unmatched, isAbsenceJudged } = standing;
  const alone = { ...EVERYTHING, isAbsenceJudged };
  const by = (column: string, value: string | null, size: () => number) =>
    value === null ? [] : [{ sql: (mark: string) => `${mark}${column} = ?`, values: [value], size }];
  const wanted = [
    ...by("effective", effective, () => count({ ...alone, effective })),
    ...by("owner", owner, () => count({ ...alone, owner })),
    ...by("use", use, () => count({ ...alone, use })),
    ...(orphaned || undecided
      ? [
          {
            sql: orphanIn(listKinds(standing)),
            values: [],
            size: () => count({ ...alone, orphaned, undecided }),
          },
        ]
      : []),
    ...(unmatched ? [{ sql: isUnmatched, values: [], size: () => count({ ...alone, unmatched }) }] : []),
  ];
  if (owner === "gone" || use === "unused" || (orphaned && !isAbsenceJudged))
    return [{ sql: SUSPECT, values: [] }, ...wanted.map(({ sql, values }) => ({ sql: sql("+"), values }))];
  const [least, ...others] = wanted
    .map((one) => ({ ...one, total: wanted.length > 1 ? one.size() : 0 }))
    .toSorted((one, other) => one.total - other.total);
  if (!least) return [];
  return [
    { sql: least.sql(""), values: least.values, walk: { sql: least.sql("+"), values: least.values } },
    ...others.map(({ sql, values }) => ({ sql: sql("+"), values })),
  ];
}

/** As the indexes of suspects have it, to the letter. */
export const SUSPECT = "(owner = 'gone' OR use = 'unused')";

const orphanIn = (kinds: readonly string[]) => (mark: string) =>
  kinds.length > EVIDENT.length
    ? `${mark}orphan IS NOT NULL`
    : `${mark}orphan IN (${kinds.map((kind) => `'${kind}'`).join(", ")})`;

const isUnmatched = (mark: string): string => `${mark}is_matched = 0 AND ${mark}fingerprint IS NOT NULL`;
