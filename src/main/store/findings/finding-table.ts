import type { Database } from "better-sqlite3";
import type { FindingFilter } from "#shared/contract/findings.ts";
import { type Finding, type RuleId, Severity } from "#shared/model/finding.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { Key, Sort } from "#store/lists/cursor.ts";
import {
  conditions,
  cut,
  type Listed,
  type Lists,
  orderBy,
  sortKeys,
  startAfter,
  valuesOf,
  type Window,
} from "#store/lists/lists.ts";
import { ARMS, type Arm, armConditions } from "./finding-arms.ts";
import type { FindingBriefs } from "./finding-briefs.ts";
import { type ArmRow, findingRows } from "./finding-row.ts";

type Column = "severity" | "rule" | "host" | "label" | "firstSeen";

type Wanted = FindingFilter & Window & { sort: { by: Column; descending: boolean }; now: Date };

type Count = { rule: RuleId; severity: Severity; count: number };

const SORTED_BY: Record<Column, readonly string[]> = {
  severity: ["severity", "rule", "tie"],
  rule: ["rule", "tie"],
  host: ["host", "rule", "tie"],
  label: ["label_start", "rule", "tie"],
  firstSeen: ["first_seen", "rule", "tie"],
};

const ALL = Object.keys(ARMS) as Arm[];

/** What needs attention now: what visits have reported, what the dates say, and what only several hosts together show. */
export function findingTable(db: Database, lists: Lists, briefs: FindingBriefs) {
  const rows = findingRows(db, briefs);

  return {
    list({ sort: { by, descending }, after, limit, now, ...filter }: Wanted): Listed<Finding> {
      const sort = { name: by, columns: SORTED_BY[by], descending };
      const named = { now: toInstant(now) };
      const found = ALL.map((arm) => {
        const where = armConditions(arm, filter);
        const all = [...where, ...startAfter(sort, after)];
        const inner = `SELECT *${sortKeys(sort)} FROM (${ARMS[arm]})`;
        return {
          sql: `SELECT * FROM (${inner}${conditions(all)}${orderBy(sort)} LIMIT ?)`,
          values: [...valuesOf(all), limit + 1],
          total: lists.count(`(${ARMS[arm]})`, where, named),
        };
      });
      const sql = `${found.map((arm) => arm.sql).join(" UNION ALL ")}${orderBy(byKeys(sort))} LIMIT ?`;
      const values = [...found.flatMap((arm) => arm.values), limit + 1];
      const page = lists.read<ArmRow & Key>(sql, values, named);
      const total = found.reduce((sum, arm) => sum + arm.total, 0);
      return { ...cut(page, sort, limit, (row) => rows.toFinding(row, now)), total };
    },

    /** How many of each rule, the most severe first. */
    counts(now: Date): Count[] {
      const counts = ALL.flatMap((arm) =>
        lists.read<{ rule: RuleId; severity: number; count: number }>(
          `SELECT rule, severity, count(*) AS count FROM (${ARMS[arm]}) GROUP BY severity, rule`,
          [],
          { now: toInstant(now) },
        ),
      );
      return counts
        .sort((a, b) => a.severity - b.severity || b.count - a.count || a.rule.localeCompare(b.rule))
        .map(({ severity, ...row }) => ({ ...row, severity: Severity.options[severity] ?? "info" }));
    },
  };
}

/** The same order, by the keys that the arms have computed. */
const byKeys = (sort: Sort): Sort => ({ ...sort, columns: sort.columns.map((_, index) => `sort_${index}`) });
