import { expect, test } from "vitest";
import { findOwnNamesIn, formatOwnName, withOwnName } from "./own-name.ts";

test("what a host calls itself is shown only where it says more than the user's name for it", () => {
  expect(formatOwnName("10.0.0.5", "db-prod-1")).toBe("db-prod-1");
  expect(formatOwnName("web1", "web1.corp.example")).toBeNull();
  expect(formatOwnName("WEB1.corp.example", "web1")).toBeNull();
  expect(formatOwnName("web1", "web10")).toBe("web10");
  expect(formatOwnName("10.0.0.5", null)).toBeNull();
  expect(formatOwnName("10.0.0.5", "  ")).toBeNull();
  expect(withOwnName("10.0.0.5:2222", "10.0.0.5", "db-prod-1")).toBe("10.0.0.5:2222 (db-prod-1)");
});

test("hosts of one name are told apart by their ports; without a port it is the first", () => {
  const find = findOwnNamesIn([
    { host: "nat", port: 22, hostname: "one" },
    { host: "nat", port: 2222, hostname: "two" },
  ]);
  expect([find("nat"), find("nat", 2222), find("nat", 22), find("nat", 23), find("other")]).toEqual([
    "one",
    "two",
    "one",
    null,
    null,
  ]);
});
