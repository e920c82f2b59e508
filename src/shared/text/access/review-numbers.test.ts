import { expect, test } from "vitest";
import { formatNumbers, formatRest, parseNumbers } from "./review-numbers.ts";

test("items are typed as numbers and ranges, and are said so", () => {
  expect(parseNumbers("13,20-22, 5 21")).toEqual([13, 20, 21, 22, 5]);
  expect(formatNumbers([5, 22, 13, 20, 21])).toBe("5,13,20-22");
  for (const word of ["0", "7-2", "x", "1-9999999", "-3"])
    expect(() => parseNumbers(word)).toThrow("write a number, or a range such as 7-12");
});

test("what refuses a plan of a review says how the rest is planned", () => {
  expect(formatRest({ name: "q2", refused: [13, 14, 20] }, "disable-account")).toBe(
    "; to plan the rest of review q2, leave it out: latchkey reviews plan q2 --accounts --except 13-14,20",
  );
  expect(formatRest({ name: "q2", refused: [] }, "remove-grants")).toContain("plan q2 --except ITEM");
  expect(formatRest(null, "remove-grants")).toBe("");
});
