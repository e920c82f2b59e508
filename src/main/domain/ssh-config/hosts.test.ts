import { expect, test } from "vitest";
import { normaliseHost } from "./hosts.ts";

test.each([
  ["Web_1.Corp.", "web_1.corp."],
  ["10.0.0.5", "10.0.0.5"],
  ["2001:DB8:0:0::1", "2001:db8::1"],
  ["FE80::1%eth0", "fe80::1%eth0"],
  ["10.0.0.05", "10.0.0.05"],
  ["Web[1-2]", "Web[1-2]"],
  ["A:B", "A:B"],
])("%s is written as %s", (text, normal) => {
  expect(normaliseHost(text)).toBe(normal);
});
