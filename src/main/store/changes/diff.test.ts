import fc from "fast-check";
import { expect, test } from "vitest";
import type { ChangeRow } from "#shared/model/access/change.ts";
import { openStore, type Store } from "#store/store.ts";
import { readAll } from "#store/testing/ask.ts";
import { beginScan, makeGrant, visitHost } from "#store/testing/make-visit.ts";

/** A line is identified by its comment: which key, in which of its two forms, in which file. */
type Line = { key: string; form: number; file: string };

/** What is there when the host is probed, and how much of it the probe could see. */
type Visited = { lines: Line[]; isPartial: boolean; unread: string[]; isRefused: boolean };

const FILES = ["/root/.ssh/authorized_keys", "/home/a/.ssh/authorized_keys"];

const line = fc.record({
  key: fc.constantFrom("k1", "k2", "k3"),
  form: fc.constantFrom(1, 2),
  file: fc.constantFrom(...FILES),
});

const visited: fc.Arbitrary<Visited> = fc.record({
  lines: fc.uniqueArray(line, { maxLength: 5, selector: nameOf }),
  isPartial: fc.boolean(),
  unread: fc.subarray(FILES),
  isRefused: fc.boolean(),
});

function nameOf({ key, form, file }: Line): string {
  return `${key} form ${form} in ${file}`;
}

const canSee = ({ unread }: Visited, file: string): boolean => !unread.includes(file);

type FindingText = {
  /** What is known to be there before the first scan and after each: that is the specification. */
  known: Set<string>[];
  /** Two scans by their index in `known`. */
  diff: (from: number, to: number) => ChangeRow[];
};

/** Probes a host of its own, once a scan. */
function visitAll(store: Store, visits: readonly Visited[]): FindingText {
  const known = [new Set<string>()];
  const host = `web${++hosts}`;
  const start = store.scans.latest()?.id ?? 0;
  for (const visit of visits) {
    const seen = visit.lines.filter(({ file }) => canSee(visit, file));
    const scanId = beginScan(store);
    visitHost(store, host, { scanId, collected: visit.isRefused ? null : collect(visit, seen) });
    const before = known.at(-1) ?? new Set();
    const kept = [...before].filter(
      (name) =>
        visit.isRefused || visit.isPartial || visit.unread.some((file) => name.endsWith(` in ${file}`)),
    );
    known.push(new Set(visit.isRefused ? before : [...kept, ...seen.map(nameOf)]));
  }
  return { known, diff: (from, to) => diff(store, host, { from: start + from, to: start + to }) };
}

let hosts = 0;

const collect = ({ isPartial, unread }: Visited, seen: readonly Line[]) => ({
  isPartial,
  unreadablePaths: unread,
  grants: seen.map((one, index) =>
    makeGrant(one.key, { file: one.file, line: index + 1, text: nameOf(one), comment: nameOf(one) }),
  ),
});

const diff = (store: Store, host: string, between: { from: number; to: number }): ChangeRow[] =>
  readAll(
    (page) => store.changes.list({ ...between, search: "", host, kind: "grant", what: null, ...page }),
    3,
  );

const commentOf = ({ title }: ChangeRow): string => title.replace("root: ", "");

/** The former content of a changed line, where its text has changed. */
const wasOf = ({ details }: ChangeRow): [string, string] | null => {
  const [, was, is] =
    /^comment: (.*) → (.*)$/.exec(details.find((one) => one.startsWith("comment: ")) ?? "") ?? [];
  return was === undefined || is === undefined ? null : [was, is];
};

function apply(before: ReadonlySet<string>, changes: readonly ChangeRow[]): Set<string> {
  const after = new Set(before);
  for (const change of changes) {
    if (change.what === "gone") after.delete(commentOf(change));
    if (change.what === "changed") after.delete(wasOf(change)?.[0] ?? "");
  }
  for (const change of changes) {
    if (change.what === "appeared") after.add(commentOf(change));
    if (change.what === "changed") after.add(wasOf(change)?.[1] ?? "");
  }
  return after;
}

const story = fc.array(visited, { minLength: 1, maxLength: 6 });

test("the changes between any two scans make of what was known at the one what is known at the other", () => {
  const store = openStore({ path: ":memory:", access: "write" });
  fc.assert(
    fc.property(story, (visits) => {
      const { known, diff: tell } = visitAll(store, visits);
      for (const [from, before] of known.entries())
        for (const [to, after] of known.entries()) expect(apply(before, tell(from, to))).toEqual(after);
    }),
  );
});

test("from there to here is the inverse of from here to there", () => {
  const store = openStore({ path: ":memory:", access: "write" });
  const inverse = { appeared: "gone", changed: "changed", gone: "appeared" } as const;
  fc.assert(
    fc.property(story, (visits) => {
      const { known, diff: tell } = visitAll(store, visits);
      for (const from of known.keys())
        for (const to of known.keys()) {
          const back = tell(to, from).map((one) => [one.id, inverse[one.what], wasOf(one)?.toReversed()]);
          expect(tell(from, to).map((one) => [one.id, one.what, wasOf(one) ?? undefined])).toEqual(back);
        }
    }),
  );
});

test("nothing is said to be gone that no whole reading could have seen and did not see", () => {
  const store = openStore({ path: ":memory:", access: "write" });
  fc.assert(
    fc.property(story, (visits) => {
      const { diff: tell } = visitAll(store, visits);
      for (const from of visits.keys())
        for (const gone of tell(from, visits.length).filter(({ what }) => what === "gone"))
          expect(visits.slice(from).some((visit) => isMissed(visit, gone))).toBe(true);
    }),
  );
});

/** The probe could have seen it and did not. */
function isMissed(visit: Visited, gone: ChangeRow): boolean {
  const file = gone.location.slice(0, gone.location.lastIndexOf(":"));
  const isTold = !visit.isRefused && !visit.isPartial && canSee(visit, file);
  return isTold && !visit.lines.some((one) => nameOf(one) === commentOf(gone));
}
