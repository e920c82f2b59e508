import { expect, test } from "vitest";
import { isPublicSuffix } from "./webpki-rules.ts";

test.each([
  ["a top-level domain", "com"],
  ["one that nobody has registered", "internal"],
  ["two labels", "co.uk"],
  ["any case, and a dot at the end", "CO.uk."],
  ["three labels", "pvt.k12.ma.us"],
  ["what a wildcard of the list covers", "anything.kawasaki.jp"],
  ["an internationalized one", "xn--55qx5d.cn"],
])("registries let anybody register below %s: %s", (_, name) => {
  expect(isPublicSuffix(name)).toBe(true);
});

test.each([
  ["a registered name", "example.co.uk"],
  ["what the list excepts", "city.kawasaki.jp"],
  ["the private section, as BR 3.2.2.6 has it", "s3.amazonaws.com"],
  ["no name", ""],
  ["an empty label", ".uk"],
])("nobody else registers below %s: %s", (_, name) => {
  expect(isPublicSuffix(name)).toBe(false);
});
