import { expect, test } from "vitest";
import { type FoundLine, findLines, withNewKey } from "#domain/runs/access/change-set.ts";
import { appendLine, spliceLines } from "#domain/runs/files/lines.ts";
import {
  applyEdits,
  editsBetween,
  evaluateFile,
  fillStages,
  hashBytes,
  invertEdits,
  type Stages,
} from "#domain/runs/files/stages.ts";
import {
  COMMENT,
  createDice,
  type MadeLine,
  makeLines,
  NEW_KEY,
  OLD_FINGERPRINT,
  toBytes,
} from "#domain/runs/testdata/make-keys-file.ts";
import type { FilePlan } from "#shared/model/runs/plan.ts";

const FILES = Number(process.env.LATCHKEY_TEST_FILES ?? 10_000);

type Made = { lines: readonly MadeLine[]; before: Uint8Array; found: readonly FoundLine[] };

function* makeFiles(): Generator<Made> {
  for (let seed = 0; seed < FILES; seed++) {
    const lines = makeLines(createDice(seed));
    const before = toBytes(lines.map(({ text, end }) => text + end).join(""));
    const found = findLines(before, ({ key, problem }) => key?.fingerprint === OLD_FINGERPRINT && !problem);
    yield { lines, before, found };
  }
}

/** A file plan with what is read of it here. */
const planOf = (before: Uint8Array, stages: Pick<FilePlan, "added" | "removed">): FilePlan => ({
  account: "ann",
  path: "/home/ann/.ssh/authorized_keys",
  uid: 1,
  gid: 1,
  owner: "ann",
  mode: "0600",
  before: hashBytes(before),
  sizeBytes: before.length,
  hunks: [],
  adds: 0,
  changes: 0,
  removes: 0,
  ...stages,
});

/** The end of lines that come after a last one without its end. */
const endFor = (lines: readonly MadeLine[]): string =>
  lines
    .map(({ text, end }) => text + end)
    .join("")
    .match(/\r?\n/)?.[0] ?? "\n";

function besideOld(lines: readonly MadeLine[]): string {
  return lines
    .map(({ text, renewed, end }) => {
      if (renewed === null) return text + end;
      return end === "" ? `${text}${endFor(lines)}${renewed}` : `${text}${end}${renewed}${end}`;
    })
    .join("");
}

const insteadOfOld = (lines: readonly MadeLine[]): string =>
  lines.map(({ text, renewed, end }) => (renewed ?? text) + end).join("");

const withoutOld = (lines: readonly MadeLine[]): string =>
  lines.map(({ text, renewed, end }) => (renewed === null ? text + end : "")).join("");

/** Compares without an assertion: one for each file would take longer than all the rest. */
const isText = (bytes: Uint8Array | null, latin1: string): boolean =>
  bytes !== null && Buffer.from(bytes).toString("latin1") === latin1;

function isEveryStageKnown(before: Uint8Array, plan: FilePlan, stages: Stages): boolean {
  return (["before", "added", "removed"] as const).every((stage) => {
    const bytes = applyEdits(before, stages[stage]) ?? before;
    const { seen, base } = evaluateFile(plan, bytes, NEW_KEY);
    const back = applyEdits(bytes, invertEdits(stages[stage]));
    const isSeen =
      seen === stage ||
      isText(bytes, Buffer.from(applyEdits(before, stages[seen as "added"]) ?? []).toString("latin1"));
    return (
      isSeen &&
      base !== null &&
      hashBytes(base) === plan.before &&
      back !== null &&
      hashBytes(back) === plan.before
    );
  });
}

function isReplacedAlone({ lines, before, found }: Made, isStaged: boolean): boolean {
  const splices = spliceLines(
    before,
    found.map(({ line, parts }) => ({ kind: "beside", line, text: withNewKey(parts, COMMENT) })),
  );
  const stages = fillStages(splices, NEW_KEY) as Stages;
  const added = applyEdits(before, stages.added);
  const onward = added && applyEdits(added, editsBetween(before, stages.added, stages.removed));
  return (
    isText(added, besideOld(lines)) &&
    isText(applyEdits(before, stages.removed), insteadOfOld(lines)) &&
    isText(onward, insteadOfOld(lines)) &&
    (!isStaged || isEveryStageKnown(before, planOf(before, splices), stages))
  );
}

function isRemovedAlone({ lines, before, found }: Made): boolean {
  const gone = spliceLines(
    before,
    found.map(({ line }) => ({ kind: "gone", line })),
  );
  return isText(applyEdits(before, fillStages(gone, null)?.removed ?? []), withoutOld(lines));
}

function isAddedAlone({ lines, before }: Made): boolean {
  const more = { added: [appendLine(before, "{new key} more")], removed: null };
  const end = lines.at(-1)?.end || endFor(lines);
  const first = lines.at(-1)?.end === "" ? end : "";
  const text = Buffer.from(before).toString("latin1");
  return isText(
    applyEdits(before, fillStages(more, NEW_KEY)?.added ?? []),
    `${text}${first}${NEW_KEY} more${end}`,
  );
}

test("files of all kinds keep every other byte when a key is replaced, removed or added, and are known again at every stage", () => {
  const wrong: string[] = [];
  let changed = 0;
  for (const made of makeFiles()) {
    const isRight = isReplacedAlone(made, changed % 8 === 0) && isRemovedAlone(made) && isAddedAlone(made);
    if (!isRight) wrong.push(Buffer.from(made.before).toString("latin1"));
    changed += made.found.length;
  }
  expect(wrong.slice(0, 3)).toEqual([]);
  expect(changed).toBeGreaterThan(FILES);
}, 300_000);
