import fc from "fast-check";
import { expect, test } from "vitest";
import { addDays } from "#shared/model/instant.ts";
import { type DueGroup, forecastRenewals, lineUpExpiries, sumOf } from "./forecast.ts";

const TODAY = "2026-11-25";
const LETS_ENCRYPT = "CN=R12,O=Let's Encrypt,C=US";

const group = (wish: Partial<DueGroup> = {}): DueGroup => ({
  dueOn: "2026-12-25",
  lifeDays: 90,
  issuer: "CN=Our Own",
  owner: "",
  public: "no",
  count: 1,
  ...wish,
});

/** The first days of the weeks in which one group is renewed. */
function weeksOf(wish: Partial<DueGroup>): string[] {
  const { weeks, totals } = forecastRenewals([group(wish)], { today: TODAY, by: "issuer" });
  return totals.flatMap((count, week) => Array(count).fill(weeks[week]));
}

const countIn = (year: string, wish: Partial<DueGroup>): number =>
  weeksOf(wish).filter((week) => week.startsWith(year)).length;

test("the weeks begin today and end with 2029", () => {
  const { weeks } = forecastRenewals([], { today: TODAY, by: "issuer" });
  expect(weeks[0]).toBe(TODAY);
  expect(weeks[1]).toBe("2026-12-02");
  expect(weeks.at(-1)).toBe("2029-12-26");
  expect(weeks).toHaveLength(162);
});

test("a certificate of a private authority is renewed for as long as it lives now, with a third of it left", () => {
  expect(weeksOf({}).slice(0, 3)).toEqual(["2026-12-23", "2027-02-17", "2027-04-21"]);
  expect(countIn("2027", {})).toBe(6);
  expect(countIn("2029", {})).toBe(6);
});

test("one of a public authority is renewed more and more often, as the limits of its authority shrink", () => {
  const year = { lifeDays: 398, public: "yes", dueOn: "2027-01-01" } as const;
  expect(countIn("2027", year)).toBe(4);
  expect(countIn("2028", year)).toBe(5);
  expect(countIn("2029", year)).toBe(10);
  expect(weeksOf(year).slice(0, 3)).toEqual(["2026-12-30", "2027-05-12", "2027-07-14"]);
});

test("of unknown certificates no limit is assumed, and it is said how many there are", () => {
  expect(weeksOf({ lifeDays: 398, public: "unknown" })).toEqual(weeksOf({ lifeDays: 398, public: "no" }));
  const groups = [group({ public: "unknown", count: 3 }), group({ count: 4 })];
  expect(forecastRenewals(groups, { today: TODAY, by: "issuer" })).toMatchObject({
    certificates: 7,
    unknownCount: 3,
    steps: [],
  });
});

test("Let's Encrypt goes from 90 days to 64 and 45, before others have to", () => {
  const theirs = { issuer: LETS_ENCRYPT, public: "yes", dueOn: "2027-01-25" } as const;
  const others = { ...theirs, issuer: "CN=Another,O=Public CA" } as const;
  expect(countIn("2027", others)).toBe(6);
  expect(countIn("2027", theirs)).toBeGreaterThan(countIn("2027", others));
  expect(countIn("2028", theirs)).toBeGreaterThan(countIn("2028", others));
  const { steps } = forecastRenewals([group(theirs)], { today: TODAY, by: "issuer" });
  expect(steps.map(({ on }) => on)).toEqual(["2027-02-10", "2027-03-15", "2028-02-16", "2029-03-15"]);
});

test("who calls itself Let's Encrypt and is not public keeps to no plan of theirs", () => {
  const wish = { issuer: LETS_ENCRYPT, dueOn: "2027-02-12" } as const;
  expect(weeksOf({ ...wish, public: "no" })).toEqual(weeksOf({ dueOn: "2027-02-12" }));
});

test("what is overdue is renewed in the first week, and one of 160 hours several times a week is not", () => {
  expect(weeksOf({ dueOn: "2026-01-01" })[0]).toBe(TODAY);
  expect(countIn("2027", { lifeDays: 7 })).toBe(104);
});

test("an owner and an issuer are told apart as asked, and those beyond the first dozen are one", () => {
  const groups = Array.from({ length: 30 }, (_, index) =>
    group({ issuer: `CN=${index % 15}`, owner: `team ${index % 2}`, count: index + 1 }),
  );
  const seriesBy = (by: "issuer" | "owner" | "both") => forecastRenewals(groups, { today: TODAY, by }).series;
  expect(seriesBy("owner").map(({ issuer, owner }) => [issuer, owner])).toEqual([
    [null, "team 1"],
    [null, "team 0"],
  ]);
  expect(seriesBy("issuer")).toHaveLength(13);
  expect(seriesBy("issuer").at(-1)).toMatchObject({ issuer: null, owner: null });
  expect(seriesBy("both")[0]).toMatchObject({ issuer: "CN=14", owner: "team 1", certificates: 30 });
});

test("a week with twice of what is usual is a peak, and names who has the most of it", () => {
  const weekly = Array.from({ length: 20 }, (_, week) => {
    const dueOn = addDays(new Date(TODAY), week * 7)
      .toISOString()
      .slice(0, 10);
    return group({ dueOn, lifeDays: 3_650, count: 3 });
  });
  const groups = [...weekly, group({ dueOn: "2027-01-20", lifeDays: 3_650, owner: "team", count: 40 })];
  const { peaks, series } = forecastRenewals(groups, { today: TODAY, by: "owner" });
  expect(peaks).toEqual([{ from: "2027-01-20", count: 43, series: 1, ofIt: 40 }]);
  expect(series[1]?.owner).toBe("team");
});

test("all series together are the totals, whatever the groups", () => {
  const some = fc.record({
    dueOn: fc.date({ min: new Date("2025-01-01"), max: new Date("2031-01-01"), noInvalidDate: true }),
    lifeDays: fc.integer({ min: 0, max: 20_000 }),
    issuer: fc.constantFrom("", LETS_ENCRYPT, "CN=a", "CN=b"),
    owner: fc.constantFrom("", "x", "y"),
    public: fc.constantFrom("yes", "no", "unknown"),
    count: fc.integer({ min: 1, max: 1_000 }),
  });
  fc.assert(
    fc.property(fc.array(some, { maxLength: 20 }), fc.constantFrom("issuer", "owner", "both"), (made, by) => {
      const groups = made.map((one) => ({ ...one, dueOn: one.dueOn.toISOString().slice(0, 10) }) as DueGroup);
      const { totals, series, weeks } = forecastRenewals(groups, { today: TODAY, by });
      expect(totals).toHaveLength(weeks.length);
      expect(sumOf(totals)).toBe(sumOf(series.map(({ counts }) => sumOf(counts))));
    }),
    { numRuns: 50 },
  );
});

const end = (endsOn: string, count = 1, owner = "") => ({ endsOn, issuer: "CN=Our Own", owner, count });

test("each week has what expires in it, and what comes before and after is counted apart", () => {
  const groups = [
    end("2026-06-01"),
    end("2026-06-07", 2),
    end("2026-06-08"),
    end("2026-06-28", 4),
    end("2026-05-31", 5),
    end("2026-06-29", 6),
  ];
  expect(lineUpExpiries(groups, { today: "2026-06-01", weekCount: 4, by: "issuer" })).toEqual({
    weeks: ["2026-06-01", "2026-06-08", "2026-06-15", "2026-06-22"],
    totals: [3, 1, 0, 4],
    series: [{ issuer: "CN=Our Own", owner: null, certificates: 8, counts: [3, 1, 0, 4] }],
    peaks: [],
    expired: 5,
    later: 6,
  });
});

test("a load peak is named with whoever has the most of it", () => {
  const groups = [
    end("2026-06-01", 2),
    end("2026-06-09", 2),
    end("2026-06-16", 9, "team"),
    end("2026-06-17"),
  ];
  const { peaks, series } = lineUpExpiries(groups, { today: "2026-06-01", weekCount: 4, by: "owner" });
  expect(peaks).toEqual([{ from: "2026-06-15", count: 10, series: 0, ofIt: 9 }]);
  expect(series[0]?.owner).toBe("team");
});
