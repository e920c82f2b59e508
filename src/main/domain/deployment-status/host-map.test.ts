import { expect, test } from "vitest";
import { makeCollection } from "#domain/ssh/testdata/make-collection.ts";
import { mapHost } from "./host-map.ts";

test("where a process that listens had ended before it was looked at, the age of the others is not known", () => {
  const process = { pid: 1, name: "nginx", startedAt: 900, arguments: [] };
  const startsOf = (pids: number[]) =>
    mapHost(
      makeCollection({
        listening: {
          listeners: [{ address: "0.0.0.0", port: 443, pids }],
          processes: new Map([[1, process]]),
          addresses: null,
        },
      }),
    ).listeners?.map(({ processes }) => processes.map(({ startedAt }) => startedAt));
  expect(startsOf([1])).toEqual([[900]]);
  expect(startsOf([1, 2])).toEqual([[null]]);
});
