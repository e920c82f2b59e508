import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { completeFilter } from "./complete-filter.ts";
import { type FilterKey, formatFilterProblem, formatFilterText, parseFilterText } from "./filter-text.ts";

const KEYS: readonly FilterKey[] = [
  { name: "expires", field: "within", takes: { kind: "days", least: 0, most: 36_500 }, hint: "days" },
  {
    name: "role",
    field: "role",
    takes: {
      kind: "choice",
      choices: [
        { word: "leaf", value: "leaf" },
        { word: "authority", value: "authority" },
      ],
    },
    hint: "a role",
  },
  { name: "host", field: "host", takes: { kind: "text", most: 253 }, hint: "a host" },
  { name: "owner", field: "owner", takes: { kind: "text", most: 200, none: "none" }, hint: "an owner" },
  {
    name: "key",
    field: "spki",
    takes: { kind: "text", most: 64, pattern: /^[0-9a-f]{64}$/ },
    hint: "a SHA-256",
  },
  { name: "from", field: "from", takes: { kind: "number", most: 999 }, hint: "a scan" },
  {
    name: "is",
    field: "weak",
    takes: { kind: "choice", choices: [{ word: "weak", value: true }] },
    hint: "weak",
  },
  {
    name: "is",
    field: "shared",
    takes: { kind: "choice", choices: [{ word: "shared", value: true }] },
    hint: "shared",
  },
];

const parse = (text: string) => parseFilterText(text, KEYS);
const problemOf = (text: string) => {
  const { problem } = parse(text);
  return problem && { sentence: formatFilterProblem(problem), part: text.slice(problem.start, problem.end) };
};

test("keys set their fields, and all other words are searched for", () => {
  expect(parse('corp expires<30d  host:"web 1" OWNER:none is:weak is:shared vpn from:3')).toEqual({
    search: "corp vpn",
    fields: { within: 30, host: "web 1", owner: "", weak: true, shared: true, from: 3 },
    problem: null,
  });
});

test.each([
  ["web1:443", "web1:443"],
  ["SHA256:ab/+", "SHA256:ab/+"],
  ["/etc/ssl/a.pem:3 [::1]:22", "/etc/ssl/a.pem:3 [::1]:22"],
  ["a<b 30d < :", "a<b 30d < :"],
  ['"host:web1"', "host:web1"],
  ['"half open', '"half open'],
])("%s is searched for", (text, search) => {
  expect(parse(text)).toEqual({ search, fields: {}, problem: null });
});

test("a quoted none is somebody's name", () => {
  expect(parse('owner:"none"').fields).toEqual({ owner: "none" });
});

describe("what cannot be read says what is wrong, and where", () => {
  test.each([
    ["corp expires<soon", "expires takes a number of days: expires<30d", "expires<soon"],
    ["expires<99999d", "expires takes a number of days: expires<30d", "expires<99999d"],
    ["role:leef x", "role is one of: leaf, authority", "role:leef"],
    ["is:strong", "is is one of: weak, shared", "is:strong"],
    ["host: x", 'host needs a value: host:NAME, or host:"WITH SPACES"', "host:"],
    ['x host:"web 1', "the value of host has no closing quote", 'host:"web 1'],
    ["host<web", 'host is not a number of days: write host:NAME, or host:"WITH SPACES"', "host<web"],
    ["host:a host:b", "host is there twice: one is enough, for a row has to match both", "host:b"],
    ["key:abc", "key takes a SHA-256", "key:abc"],
    [
      "expirs<30d",
      "there is no filter expirs; did you mean expires? In quotes it is a word to search for",
      "expirs<30d",
    ],
    ["x".repeat(201), "at most 200 characters are searched for", "x".repeat(201)],
  ])("%s", (text, sentence, part) => {
    expect(problemOf(text)).toEqual({ sentence, part });
  });
});

/** Texts that are nearly filters. */
const filterText = fc
  .array(
    fc.oneof(
      fc.string({ unit: "binary", maxLength: 8 }),
      fc.constantFrom(
        "expires",
        "role",
        "host",
        "owner",
        "is",
        "from",
        "key",
        ":",
        "<",
        '"',
        "\\",
        " ",
        "30d",
        "leaf",
        "none",
      ),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(""));

test("no text throws, and what is read of one is written and read as the same", () => {
  fc.assert(
    fc.property(filterText, (text) => {
      const { problem, ...read } = parse(text);
      if (problem) {
        expect(formatFilterProblem(problem)).not.toBe("");
        expect(problem.start).toBeLessThan(problem.end);
        expect(problem.end).toBeLessThanOrEqual(text.length);
        return;
      }
      const search = read.search.split(/\s+/).filter(Boolean).join(" ");
      expect(parse(formatFilterText(read, KEYS))).toEqual({ search, fields: read.fields, problem: null });
    }),
    { numRuns: 3_000 },
  );
});

test("what an address holds is written so that it is read back, whatever it holds", () => {
  const value = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(
      fc.record(
        {
          within: fc.integer({ min: 0, max: 36_500 }),
          role: fc.constantFrom("leaf", "authority"),
          host: value,
          owner: fc.oneof(value, fc.constant(""), fc.constant("none")),
          weak: fc.constant(true),
        },
        { requiredKeys: [] },
      ),
      fc.array(fc.oneof(value, fc.constantFrom("host:a", '"x"', "is:weak", "expirs<3")), { maxLength: 4 }),
      (fields, words) => {
        const search = words.join(" ").split(/\s+/).filter(Boolean).join(" ");
        expect(parse(formatFilterText({ search, fields }, KEYS))).toEqual({ search, fields, problem: null });
      },
    ),
    { numRuns: 1_000 },
  );
});

describe("what can be typed next", () => {
  const offer = (text: string, isForced = false) =>
    completeFilter({ text, at: text.length, keys: KEYS, isForced }).map(
      ({ text: next, start }) => text.slice(0, start) + next,
    );

  test.each([
    ["corp ex", ["corp expires<"]],
    ["expires<", ["expires<0d ", "expires<7d ", "expires<30d ", "expires<90d "]],
    ["role:l", ["role:leaf "]],
    ["i", ["is:"]],
    ["is:", ["is:weak ", "is:shared "]],
    ["role:leaf", []],
    ["owner:", ["owner:none "]],
    ["web", []],
    ["", []],
  ])("after %j: %j", (text, expected) => {
    expect(offer(text)).toEqual(expected);
  });

  test("all keys, where they are asked for", () => {
    expect(offer("corp ", true)).toHaveLength(7);
  });

  test("no text and no place of the caret makes it throw", () => {
    fc.assert(
      fc.property(filterText, fc.nat(60), fc.boolean(), (text, at, isForced) => {
        completeFilter({ text, at: Math.min(at, text.length), keys: KEYS, isForced });
      }),
    );
  });
});
