import { expect, test } from "vitest";
import { lineUpExpiries } from "./line-up-expiries.ts";

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
