import fc from "fast-check";
import { expect, test } from "vitest";
import { distinguishPeople, type NamedEntry, type PersonEntry, settleStandings } from "./standing.ts";

let nextId = 1;
const entry = (source: number, rest: Partial<PersonEntry> = {}): PersonEntry => ({
  id: nextId++,
  source,
  said: "nothing",
  leftOn: null,
  isMissing: false,
  sourceIsWhole: false,
  readAt: "2026-06-01T00:00:00Z",
  logins: ["carol"],
  standing: "known",
  decidedBy: null,
  ...rest,
});

const settled = (...entries: PersonEntry[]): string[] => {
  const changed = new Map(settleStandings(entries, "2026-06-10").map((one) => [one.id, one.standing]));
  return entries.map(({ id, standing }) => changed.get(id) ?? standing);
};

test("a day of leaving counts from the day after it", () => {
  expect(settled(entry(1, { said: "active", leftOn: "2026-06-09" }))).toEqual(["gone"]);
  expect(settled(entry(1, { said: "active", leftOn: "2026-06-10" }))).toEqual(["known"]);
});

test("who is missing has left only where the people source names everybody", () => {
  expect(settled(entry(1, { isMissing: true }))).toEqual(["known"]);
  expect(settled(entry(1, { isMissing: true, sourceIsWhole: true }))).toEqual(["gone"]);
});

test("the newest word on somebody of the same login holds for all their entries", () => {
  const keys = entry(1, { readAt: "2026-06-05T00:00:00Z" });
  const left = entry(2, { said: "gone" });
  expect(settled(keys, left)).toEqual(["gone", "gone"]);
  expect(settled(keys, left, entry(3, { said: "active", readAt: "2026-06-06T00:00:00Z" }))).toEqual([
    "known",
    "known",
    "known",
  ]);
});

test("a login that two people of one people source share joins nobody", () => {
  const logins = ["team@corp.example"];
  expect(
    settled(
      entry(1, { logins: ["ann", ...logins] }),
      entry(1, { logins: ["carol", ...logins], said: "gone" }),
      entry(2, { logins }),
    ),
  ).toEqual(["known", "gone", "known"]);
});

test("settling a second time changes nothing", () => {
  const any = fc.record({
    source: fc.integer({ min: 1, max: 3 }),
    said: fc.constantFrom("active" as const, "gone" as const, "nothing" as const),
    leftOn: fc.option(fc.constantFrom("2026-01-01", "2027-01-01")),
    isMissing: fc.boolean(),
    sourceIsWhole: fc.boolean(),
    readAt: fc.constantFrom("2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z"),
    logins: fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 3 }),
  });
  fc.assert(
    fc.property(fc.array(any, { maxLength: 12 }), (given) => {
      const entries = given.map((one, index) => entry(one.source, { ...one, id: index + 1 }));
      const changes = new Map(settleStandings(entries, "2026-06-10").map((one) => [one.id, one]));
      const after = entries.map((one) => ({ ...one, ...changes.get(one.id) }));
      expect(settleStandings(after, "2026-06-10")).toEqual([]);
    }),
  );
});

let id = 0;
const named = (
  name: string,
  source: number,
  logins: string[],
  decidedBy: number | null = null,
): NamedEntry => ({
  id: ++id,
  name,
  source,
  logins,
  decidedBy,
});
const names = (entries: NamedEntry[]) => distinguishPeople(entries).map(({ name }) => name);

test("two people of one people source are two, though they share a login", () => {
  expect(names([named("ann", 1, ["ops"]), named("bob", 1, ["ops"])])).toEqual(["ann", "bob"]);
});

test("entries of two people sources are one person by a login, or by the entry that decides about both", () => {
  expect(names([named("ann", 1, ["ann"]), named("Ann Moore", 2, ["ann", "ann@corp"])])).toEqual(["ann"]);
  expect(names([named("ann", 1, ["a"], 7), named("Ann Moore", 2, ["b"], 7)])).toEqual(["ann"]);
  expect(names([named("ann", 1, ["ann"]), named("bob", 2, ["bob"])])).toEqual(["ann", "bob"]);
});

test("an entry that is like two others makes one person of them all", () => {
  expect(names([named("a", 1, ["x"]), named("b", 2, ["y"]), named("c", 3, ["x", "y"])])).toEqual(["a"]);
});
