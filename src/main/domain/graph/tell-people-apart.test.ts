import { expect, test } from "vitest";
import { type Entry, tellPeopleApart } from "./tell-people-apart.ts";

let id = 0;
const entry = (name: string, roster: number, logins: string[], decidedBy: number | null = null): Entry => ({
  id: ++id,
  name,
  roster,
  logins,
  decidedBy,
});
const names = (entries: Entry[]) => tellPeopleApart(entries).map(({ name }) => name);

test("two people of one roster are two, though they share a login", () => {
  expect(names([entry("ann", 1, ["ops"]), entry("bob", 1, ["ops"])])).toEqual(["ann", "bob"]);
});

test("entries of two rosters are one person by a login, or by the entry that decides about both", () => {
  expect(names([entry("ann", 1, ["ann"]), entry("Ann Moore", 2, ["ann", "ann@corp"])])).toEqual(["ann"]);
  expect(names([entry("ann", 1, ["a"], 7), entry("Ann Moore", 2, ["b"], 7)])).toEqual(["ann"]);
  expect(names([entry("ann", 1, ["ann"]), entry("bob", 2, ["bob"])])).toEqual(["ann", "bob"]);
});

test("an entry that is like two others makes one person of them all", () => {
  expect(names([entry("a", 1, ["x"]), entry("b", 2, ["y"]), entry("c", 3, ["x", "y"])])).toEqual(["a"]);
});
