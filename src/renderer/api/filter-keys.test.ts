import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { type FilterKey, formatFilterText, parseFilterText } from "#renderer/ui/table/filter-text.ts";
import {
  accountKeys,
  CHANGE_KEYS,
  certificateKeys,
  FINDING_KEYS,
  GRANT_KEYS,
  HOST_KEY_KEYS,
  HOST_KEYS,
  LINK_KEYS,
  LOGIN_KEYS,
  MUTUAL_KEYS,
  PERSON_KEYS,
  REACH_KEYS,
  RUN_KEYS,
  reviewKeys,
  SCAN_KEYS,
  SERVED_KEYS,
  SHARED_KEYS,
} from "./filter-keys.ts";
import {
  AccessSearch,
  AccountsSearch,
  CertificatesSearch,
  ChangesSearch,
  FindingsSearch,
  GraphSearch,
  HostKeysSearch,
  HostsSearch,
  LoginsSearch,
  PeopleSearch,
  ReviewsSearch,
  RunsSearch,
  ScansSearch,
  ServedSearch,
} from "./searches.ts";

const LISTS: Record<string, readonly [keys: readonly FilterKey[], address: z.ZodObject]> = {
  certificates: [certificateKeys({ owners: ["Ann Bell"], tags: ["prod"] }), CertificatesSearch],
  grants: [GRANT_KEYS, AccessSearch],
  logins: [LOGIN_KEYS, LoginsSearch],
  accounts: [accountKeys({ owners: ["Ann Bell"], environments: ["production"] }), AccountsSearch],
  reviews: [reviewKeys(["Ann Bell"]), ReviewsSearch],
  findings: [FINDING_KEYS, FindingsSearch],
  hosts: [HOST_KEYS, HostsSearch],
  "host keys": [HOST_KEY_KEYS, HostKeysSearch],
  people: [PERSON_KEYS, PeopleSearch],
  served: [SERVED_KEYS, ServedSearch],
  scans: [SCAN_KEYS, ScansSearch],
  runs: [RUN_KEYS, RunsSearch],
  changes: [CHANGE_KEYS, ChangesSearch],
  "all steps": [LINK_KEYS, GraphSearch],
  "steps from a start": [REACH_KEYS, GraphSearch],
  "pairs of hosts": [MUTUAL_KEYS, GraphSearch],
  "shared keys": [SHARED_KEYS, GraphSearch],
};

/** Values that a key takes, as they are typed. */
function samplesOf({ name, takes }: FilterKey): string[] {
  switch (takes.kind) {
    case "choice":
      return takes.choices.map(({ word }) => `${name}:${word}`);
    case "days":
      return [`${name}<${takes.least}d`, `${name}<${takes.most}d`];
    case "number":
      return [`${name}:0`, `${name}:${takes.most}`];
    case "text": {
      const longest = takes.pattern ? "ab".repeat(32) : "x".repeat(takes.most);
      return [`${name}:${longest}`, ...(takes.none === undefined ? [] : [`${name}:${takes.none}`])];
    }
  }
}

describe.each(Object.entries(LISTS))("what is typed into the filter of %s", (_, [keys, address]) => {
  test("is what the address keeps, and what is written of that", () => {
    const samples = keys.flatMap(samplesOf);
    expect(samples.length).toBeGreaterThan(0);
    for (const text of samples) {
      const { fields, problem } = parseFilterText(text, keys);
      expect(problem).toBeNull();
      const kept = address.parse({ ...fields });
      expect(kept).toEqual(fields);
      expect(formatFilterText({ search: "", fields: kept }, keys)).toBe(text);
    }
  });
});

test("a longer value than the core takes is refused before it is sent", () => {
  const { problem } = parseFilterText(`host:${"x".repeat(254)}`, GRANT_KEYS);
  expect(problem).toMatchObject({ kind: "not-such-text" });
});

test("a key is negated where its list can answer that, and is asked about everywhere else, never searched for", () => {
  const keys = certificateKeys({ owners: [], tags: [] });
  expect(parseFilterText("-owner:none shop", keys)).toEqual({
    search: "shop",
    fields: { owned: true },
    problem: null,
  });
  expect(parseFilterText("-owner:Ann", keys).problem).toMatchObject({ kind: "no-such-value" });
  expect(parseFilterText("-severity:low", FINDING_KEYS).problem).toMatchObject({
    kind: "similar",
    name: "severity",
  });
});
