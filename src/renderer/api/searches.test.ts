import { expect, test } from "vitest";
import {
  AccessSearch,
  AccountsSearch,
  CertificatesSearch,
  FindingsSearch,
  HostsSearch,
  LoginsSearch,
  ScansSearch,
  toAddress,
  toRowLink,
} from "./searches.ts";

const DIGITS = "12345678".repeat(8);

test.each([
  ["certificates", DIGITS, CertificatesSearch],
  ["access", "12", AccessSearch],
  ["accounts", "12", AccountsSearch],
  ["logins", "12", LoginsSearch],
  ["hosts", "12", HostsSearch],
  ["scans", "12", ScansSearch],
  ["findings", "certificate-expired:SHA256:ab/+=", FindingsSearch],
] as const)("a link to a row of %s leads to an address that links to it again", (screen, open, Search) => {
  const { to, search } = toAddress({ screen, open });
  expect(to).toBe(`/${screen}`);
  expect(String(Search.parse(search).open)).toBe(open);
  expect(toRowLink({ pathname: to, search })).toEqual({ screen, open });
});

test("the first screen has no name in its address", () => {
  expect(toAddress({ screen: "today", open: null })).toEqual({ to: "/", search: {} });
  expect(toRowLink({ pathname: "/", search: {} })).toEqual({ screen: "today", open: null });
});

test("an id that its screen cannot have opens the screen alone, and a page that is none has no link", () => {
  expect(HostsSearch.parse(toAddress({ screen: "hosts", open: "abc" }).search).open).toBeUndefined();
  expect(toRowLink({ pathname: "/plans", search: {} })).toBeNull();
});
