import { expect, test } from "vitest";
import { ScanId } from "#shared/model/hosts/scan.ts";
import { openStore } from "#store/store.ts";
import { listFindings, readAll } from "#store/testing/ask.ts";
import { makeGrant, START, visitHost } from "#store/testing/make-visit.ts";

/** When scans begin: two of them at the same time, and one earlier than the scan before it. */
const STARTS = ["01", "02", "02", "05", "04", "06"].map((day) => `2026-05-${day}T00:00:00Z`);

test("grants since the baseline are listed by when they were first seen, whatever the order of their scans, as a sort has it", () => {
  const store = openStore({ path: ":memory:", access: "write" });
  for (const [scan, at] of STARTS.entries())
    for (const host of ["web1", "web2"])
      visitHost(store, `${host}-${scan}`, {
        at,
        collected: { grants: scan === 3 ? [] : [makeGrant(`a${scan}`), makeGrant(`b${scan}`, { line: 2 })] },
      });
  store.atomically(() => store.changes.setBaseline(ScanId.parse(2), START));
  const rule = "grant-since-baseline" as const;

  for (const descending of [false, true]) {
    const asked = { rule, sort: { by: "firstSeen" as const, descending } };
    const whole = listFindings(store, asked);
    const found = whole.rows.map(({ firstSeen, id }) => ({ firstSeen, number: numberOf(id) }));
    const sorted = found.toSorted(
      (a, b) => (a.firstSeen < b.firstSeen ? -1 : Number(a.firstSeen > b.firstSeen)) || a.number - b.number,
    );
    expect(found).toEqual(descending ? sorted.reverse() : sorted);
    expect(found).toHaveLength(Number(whole.total));
    for (const limit of [1, 3, 7]) {
      const paged = readAll((page) => listFindings(store, { ...asked, ...page }), limit);
      expect(paged.map(({ id }) => numberOf(id))).toEqual(found.map(({ number }) => number));
    }
  }
});

/** The number of the grant that a finding is about. */
const numberOf = (id: string): number => Number(/\d+$/.exec(id)?.[0]);
