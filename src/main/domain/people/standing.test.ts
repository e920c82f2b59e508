import fc from "fast-check";
import { expect, test } from "vitest";
import type { PersonDecision } from "#shared/model/access/person.ts";
import { type PersonEntry, settleStandings } from "./standing.ts";

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
  isNamed: false,
  standing: "known",
  decidedBy: null,
  lead: null,
  ...rest,
});

const settled = (...entries: PersonEntry[]): string[] => {
  const changed = new Map(settleStandings(entries, "2026-06-10", []).map((one) => [one.id, one.standing]));
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
      const changes = new Map(settleStandings(entries, "2026-06-10", []).map((one) => [one.id, one]));
      const after = entries.map((one) => ({ ...one, ...changes.get(one.id) }));
      expect(settleStandings(after, "2026-06-10", [])).toEqual([]);
    }),
  );
});

/** The entries of each person, by their ids. */
function peopleIn(entries: readonly PersonEntry[], decisions: readonly PersonDecision[] = []): number[][] {
  const leads = new Map(settleStandings(entries, "2026-06-10", decisions).map(({ id, lead }) => [id, lead]));
  return [...Map.groupBy(entries, ({ id }) => leads.get(id)).values()].map((group) =>
    group.map(({ id }) => id),
  );
}

test("two people of one people source are two, though they share a login", () => {
  const [ann, bob] = [entry(1, { logins: ["ops"] }), entry(1, { logins: ["ops"] })];
  expect(peopleIn([ann, bob])).toEqual([[ann.id], [bob.id]]);
});

test("an entry that is like two others makes one person of them all", () => {
  const [a, b, c] = [
    entry(1, { logins: ["x"] }),
    entry(2, { logins: ["y"] }),
    entry(3, { logins: ["x", "y"] }),
  ];
  expect(peopleIn([a, b, c])).toEqual([[a.id, b.id, c.id]]);
});

test("the entry that decides leads, and else the first", () => {
  const [keys, table] = [entry(1), entry(2, { said: "active" })];
  expect(settleStandings([keys, table], "2026-06-10", []).map(({ lead }) => lead)).toEqual([
    table.id,
    table.id,
  ]);
  const [one, other] = [entry(1), entry(2)];
  expect(settleStandings([other, one], "2026-06-10", []).map(({ lead }) => lead)).toEqual([one.id, one.id]);
  const named = entry(3, { isNamed: true });
  expect(settleStandings([one, named], "2026-06-10", []).map(({ lead }) => lead)).toEqual([
    named.id,
    named.id,
  ]);
});

test("what the user joins is one person, and what the user splits is joined by no login", () => {
  const table = entry(1, { logins: ["carol"], said: "gone" });
  const keys = entry(2, { logins: ["cnolan"] });
  const namesake = entry(3, { logins: ["carol"] });
  expect(peopleIn([table, keys, namesake])).toEqual([[table.id, namesake.id], [keys.id]]);
  const decisions: PersonDecision[] = [
    { kind: "join", entry: keys.id, other: table.id },
    { kind: "split", entry: namesake.id },
  ];
  expect(peopleIn([table, keys, namesake], decisions)).toEqual([[table.id, keys.id], [namesake.id]]);
  const after = settleStandings([table, keys, namesake], "2026-06-10", decisions);
  expect(after.map(({ id, standing }) => [id, standing])).toEqual([
    [table.id, "gone"],
    [keys.id, "gone"],
    [namesake.id, "known"],
  ]);
});
