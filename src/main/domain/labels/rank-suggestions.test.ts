import { expect, test } from "vitest";
import type { Labels, LabelValue } from "#shared/model/label.ts";
import { type FoundEvidence, findEnvironment, rankSuggestions } from "./rank-suggestions.ts";

const NOTHING: LabelValue = { own: null, inherited: { kind: "none" } };
const UNSAID: Labels = {
  owner: NOTHING,
  purpose: NOTHING,
  environment: NOTHING,
  reviewOn: NOTHING,
  tags: [],
};

const owner = (value: string, evidence: FoundEvidence["evidence"]): FoundEvidence => ({
  field: "owner",
  value,
  evidence,
});

test("what the user has said elsewhere comes before any number of words of a host", () => {
  const found = [
    owner("Mallory", { kind: "comment", comment: "mallory@evil" }),
    owner("Mallory", { kind: "became", by: "mallory", at: "2026-06-01T00:00:00Z" }),
    owner("Mallory", { kind: "key-of-person", fingerprint: "SHA256:m", source: "people.csv" }),
    owner("team web", { kind: "comment", comment: "web" }),
    owner("team web", { kind: "same-host", count: 3 }),
  ];
  expect(rankSuggestions(found, UNSAID)).toMatchObject([
    {
      value: "team web",
      isClaim: false,
      evidence: [{ kind: "same-host" }, { kind: "comment" }],
    },
    { value: "Mallory", isClaim: true, evidence: [{}, {}, {}] },
  ]);
});

test("an account's name is a word of its host, however many of that name are the user's elsewhere", () => {
  const found = [owner("team web", { kind: "same-name", count: 3 })];
  expect(rankSuggestions(found, UNSAID)).toMatchObject([{ value: "team web", isClaim: true }]);
});

test("nothing is suggested where something is said already, be it by the host", () => {
  const found = [owner("Ann", { kind: "same-host", count: 1 })];
  expect(rankSuggestions(found, { ...UNSAID, owner: { ...NOTHING, own: "Bob" } })).toEqual([]);
  const inherited = { kind: "value", value: "Bob", from: { kind: "host", host: "web1" } } as const;
  expect(rankSuggestions(found, { ...UNSAID, owner: { own: null, inherited } })).toEqual([]);
  const unsettled: LabelValue["inherited"] = {
    kind: "unsettled",
    by: "tags",
    host: null,
    values: ["Ann", "Bob"],
  };
  expect(rankSuggestions(found, { ...UNSAID, owner: { own: null, inherited: unsettled } })).toHaveLength(1);
});

test.each([
  ["web1.prod.example", "production"],
  ["db-stg-02.example", "staging"],
  ["TEST7.example", "test"],
  ["edge1.lab.example", "lab"],
  ["products.example", null],
  ["latest.example", null],
])("the name %s speaks of the environment %s", (host, value) => {
  expect(findEnvironment(host, ["lab"])[0]?.value ?? null).toBe(value);
});
