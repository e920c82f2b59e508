import type { Database } from "better-sqlite3";
import type { AccessFilter } from "#shared/contract/access.ts";
import type { Part } from "#store/lists/part.ts";

/** A filter by verdicts: any of these together is counted without looking at a grant. */
export type Standing = Pick<AccessFilter, "effective" | "owner" | "use" | "orphaned" | "unmatched"> & {
  /** Whether what is only unmatched is an orphan too. */
  isScopeWhole: boolean;
};

export const EVERYTHING: Standing = {
  effective: null,
  owner: null,
  use: null,
  orphaned: false,
  unmatched: false,
  isScopeWhole: false,
};

/** How many grants a filter by verdicts lets through. */
export type CountStanding = (standing: Standing) => number;

/** From what the triggers keep: see `tallied_as`. */
export function standingTally(db: Database): CountStanding {
  const sum = db
    .prepare<[string], number>("SELECT ifnull(sum(count), 0) FROM tally WHERE what GLOB ?")
    .pluck();
  return ({ effective, owner, use, orphaned, unmatched, isScopeWhole }) => {
    const start = `grant ${effective ?? "*"} ${owner ?? "*"} ${use ?? "*"} ${unmatched ? "unmatched" : "*"}`;
    const kinds = orphaned ? (isScopeWhole ? [...EVIDENT, "unmatched"] : EVIDENT) : ["*"];
    return kinds.reduce((total, kind) => total + (sum.get(`${start} ${kind}`) ?? 0), 0);
  };
}

/** What makes an orphan whatever the scope is. */
const EVIDENT = ["gone", "unused"];

/**
 * Filters that let only suspects through are read from their indexes, in the order of the list; of others, the condition
 * that lets least through is left to its index. The rest is looked at in what that finds.
 */
export function standingConditions(standing: Standing, count: CountStanding): Part[] {
  const { effective, owner, use, orphaned, unmatched, isScopeWhole } = standing;
  const alone = { ...EVERYTHING, isScopeWhole };
  const by = (column: string, value: string | null, size: () => number) =>
    value === null ? [] : [{ sql: (mark: string) => `${mark}${column} = ?`, values: [value], size }];
  const wanted = [
    ...by("effective", effective, () => count({ ...alone, effective })),
    ...by("owner", owner, () => count({ ...alone, owner })),
    ...by("use", use, () => count({ ...alone, use })),
    ...(orphaned
      ? [{ sql: orphans(isScopeWhole), values: [], size: () => count({ ...alone, orphaned }) }]
      : []),
    ...(unmatched ? [{ sql: isUnmatched, values: [], size: () => count({ ...alone, unmatched }) }] : []),
  ];
  if (owner === "gone" || use === "unused" || (orphaned && !isScopeWhole))
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

const orphans = (isScopeWhole: boolean) => (mark: string) =>
  isScopeWhole
    ? `${mark}orphan IS NOT NULL`
    : `${mark}orphan IN (${EVIDENT.map((kind) => `'${kind}'`).join(", ")})`;

const isUnmatched = (mark: string): string => `${mark}is_matched = 0 AND ${mark}fingerprint IS NOT NULL`;
