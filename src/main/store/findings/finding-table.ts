import type { Database } from "better-sqlite3";
import type { FindingFilter } from "#shared/contract/findings.ts";
import { type Finding, type RuleId, Severity } from "#shared/model/finding.ts";
import { toInstant } from "#shared/model/instant.ts";
import { type Key, readCursor } from "#store/lists/cursor.ts";
import {
  conditions,
  cut,
  isWalkShorter,
  type Listed,
  type Lists,
  orderBy,
  type Part,
  valuesOf,
  type Window,
} from "#store/lists/lists.ts";
import { type ArmSort, armPage } from "./arm-page.ts";
import { ARMS, type Arm, type ArmColumn, armConditions } from "./finding-arms.ts";
import { type FindingIdentity, readFindingId } from "./finding-id.ts";
import { type ArmRow, findingRows } from "./finding-row.ts";

type Column = "severity" | "rule" | "host" | "label" | "firstSeen";

type Wanted = FindingFilter & Window & { sort: { by: Column; descending: boolean }; now: Date };

type Count = { rule: RuleId; severity: Severity; count: number };

const SORTED_BY: Record<Column, readonly ArmColumn[]> = {
  severity: ["severity", "rule", "since", "tie"],
  rule: ["rule", "severity", "since", "tie"],
  host: ["host", "rule", "severity", "tie"],
  label: ["label_start", "rule", "severity", "tie"],
  firstSeen: ["first_seen", "rule", "severity", "tie"],
};

const EVERYTHING: FindingFilter = { search: "", severity: null, rule: null, host: null };

type Deps = { lists: Lists } & Parameters<typeof findingRows>[1];

/** What needs attention now: what visits have reported, what the dates say, and what only several hosts together show. */
export function findingTable(db: Database, { lists, ...deps }: Deps) {
  const rows = findingRows(db, deps);
  const certificates = db.prepare<[], number>("SELECT count FROM tally WHERE what = 'certificate'").pluck();

  return {
    list({ sort: { by, descending }, after: cursor, limit, now, ...filter }: Wanted): Listed<Finding> {
      const sort: ArmSort = { name: by, columns: SORTED_BY[by], descending };
      const after = cursor === null ? null : readCursor(sort, cursor);
      const named = { now: toInstant(now) };
      const found = ARMS.flatMap((arm) => {
        const where = armConditions(arm, filter);
        if (!where) return [];
        const total = lists.count(arm.from, where, named);
        const from = fromOf(arm, sort, isWalkShorter(total, limit, certificates.get() ?? 0));
        return [{ total, page: armPage({ ...arm, from }, { sort, where, after, limit: limit + 1 }) }];
      });
      const total = found.reduce((sum, arm) => sum + arm.total, 0);
      const pages = found.flatMap(({ page }) => (page ? [page] : []));
      const sql = `${pages.map((page) => page.sql).join(" UNION ALL ")}${orderBy(byKeys(sort))} LIMIT ?`;
      const page =
        pages.length === 0 ? [] : lists.read<ArmRow & Key>(sql, [...valuesOf(pages), limit + 1], named);
      return { ...cut(page, sort, limit, (row) => rows.toFinding(row, now)), total };
    },

    /** Null when its rule no longer fails for its thing, or never did. */
    find(id: string, now: Date): Finding | null {
      const sought = readFindingId(id);
      const pages = sought ? ARMS.flatMap((arm) => pageOf(arm, sought) ?? []) : [];
      const found = pages.flatMap(({ sql, values }) =>
        lists.read<ArmRow>(sql, values, { now: toInstant(now) }),
      );
      return found[0] ? rows.toFinding(found[0], now) : null;
    },

    /** How many of each rule, the most severe first. */
    counts(now: Date): Count[] {
      return addUp(ARMS.flatMap((arm) => countArm(arm, toInstant(now))))
        .filter(({ count }) => count > 0)
        .sort((a, b) => a.severity - b.severity || b.count - a.count || a.rule.localeCompare(b.rule))
        .map(({ severity, ...row }) => ({ ...row, severity: Severity.options[severity] ?? "info" }));
    },
  };

  function countArm(
    arm: (typeof ARMS)[number],
    now: string,
  ): { rule: RuleId; severity: number; count: number }[] {
    const { severity, rule } = arm.columns;
    const where = armConditions(arm, EVERYTHING) ?? [];
    if ("same" in severity && "same" in rule) {
      const count = lists.count(arm.from, where, { now });
      return [{ severity: Number(severity.same), rule: rule.same as RuleId, count }];
    }
    const sql = `SELECT severity, rule, count(*) AS count FROM ${arm.from}${conditions(where)} GROUP BY severity, rule`;
    return lists.read(sql, valuesOf(where), { now });
  }
}

/** Arms that give the same rule at the same severity are one to whoever counts. */
function addUp<Counted extends { rule: RuleId; severity: number; count: number }>(
  counted: readonly Counted[],
): Counted[] {
  const sums = new Map<string, Counted>();
  for (const one of counted) {
    const key = `${one.rule} ${one.severity}`;
    sums.set(key, { ...one, count: one.count + (sums.get(key)?.count ?? 0) });
  }
  return [...sums.values()];
}

/** What an arm says of one thing by one rule: at most one row. Null when that is nothing it could say. */
function pageOf(arm: Arm, { rule, object }: FindingIdentity): Part | null {
  const about = arm.isAbout(object);
  const where = armConditions(arm, { ...EVERYTHING, rule });
  const sort: ArmSort = { name: "severity", columns: SORTED_BY.severity, descending: false };
  if (!about || !where) return null;
  return armPage({ ...arm, from: arm.table }, { sort, where: [...where, about], after: null, limit: 1 });
}

/** Sorting all that is due by what no index of it has takes as long as there is much of it. */
const fromOf = ({ from, walk }: Arm, { columns: [first] }: ArmSort, isWalk: boolean): string =>
  (isWalk && first && walk[first]) || from;

/** The same order, by the keys that the arms have computed. */
const byKeys = (sort: ArmSort) => ({ ...sort, columns: sort.columns.map((_, index) => `sort_${index}`) });
