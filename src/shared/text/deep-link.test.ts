import fc from "fast-check";
import { expect, test } from "vitest";
import { ScreenName } from "../model/row-link.ts";
import { formatDeepLink, parseDeepLink } from "./deep-link.ts";

test("a link says which row of which screen it opens", () => {
  expect(formatDeepLink({ screen: "hosts", open: "12" })).toBe("latchkey://open/hosts?open=12");
  expect(formatDeepLink({ screen: "today", open: null })).toBe("latchkey://open/today");
});

test("a link to a screen of an earlier version leads to what has taken its place", () => {
  expect(parseDeepLink("latchkey://open/overview")).toEqual({ screen: "today", open: null });
  expect(parseDeepLink("latchkey://open/constructor")).toBeNull();
});

test("every link that is said is read back", () => {
  const id = fc.stringMatching(/^[!-~]{1,200}$/);
  const link = fc.record({ screen: fc.constantFrom(...ScreenName.options), open: fc.option(id) });
  fc.assert(
    fc.property(link, (each) => {
      expect(parseDeepLink(formatDeepLink(each))).toEqual(each);
    }),
  );
});

test("any text is a link or nothing", () => {
  const almost = fc.string().map((tail) => `latchkey://open/hosts${tail}`);
  fc.assert(fc.property(fc.oneof(fc.string(), almost), (text) => void parseDeepLink(text)));
});

test.each([
  "latchkey://open/",
  "latchkey://open/plans",
  "latchkey://open/../hosts",
  "latchkey://open/%68osts",
  "latchkey://open/hosts?open=",
  "latchkey://open/hosts?open=1&open=2",
  "latchkey://open/hosts?open=1&state=failed",
  "latchkey://open/hosts?open=1#/settings",
  "latchkey://open/hosts?open=%00",
  "latchkey://open/hosts?open=%E2%80%AE1",
  "latchkey://open/hosts?open=%",
  "latchkey://open/hosts?open=%61 b",
  "latchkey://open:80/hosts",
  "latchkey://user@open/hosts",
  "latchkey://page/hosts",
  "latchkey-app://page/#/hosts",
  "LATCHKEY://open/hosts",
  "https://open/hosts",
  "latchkey:open/hosts",
  "latchkey://open/hosts\n",
  `latchkey://open/hosts?open=${"1".repeat(201)}`,
])("%j is no link", (text) => {
  expect(parseDeepLink(text)).toBeNull();
});
