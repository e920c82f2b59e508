import { expect, test } from "vitest";
import { chooseAtOnce } from "./at-once.ts";

test("so many are visited at a time as the user wants or as is usual, and never more than there are descriptors for", () => {
  expect(chooseAtOnce(null, 100_000)).toEqual({ hosts: 32, endpoints: 2_048, isFixed: false });
  expect(chooseAtOnce(200, 100_000)).toEqual({ hosts: 200, endpoints: 200, isFixed: true });
  expect(chooseAtOnce(200, 40)).toEqual({ hosts: 10, endpoints: 20, isFixed: true });
  expect(chooseAtOnce(null, 2)).toEqual({ hosts: 1, endpoints: 1, isFixed: true });
});
