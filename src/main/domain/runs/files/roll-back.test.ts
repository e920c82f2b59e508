import { expect, test } from "vitest";
import { findLines, withNewKey } from "#domain/runs/access/change-set.ts";
import { appendLine, spliceLines } from "#domain/runs/files/lines.ts";
import { applyEdits, fillStages } from "#domain/runs/files/stages.ts";
import {
  COMMENT,
  createDice,
  type Dice,
  makeLines,
  NEW_KEY,
  OLD_FINGERPRINT,
  OLD_KEY,
  toBytes,
} from "#domain/runs/testdata/make-keys-file.ts";
import { rollBack } from "./roll-back.ts";

const FILES = Number(process.env.LATCHKEY_TEST_FILES ?? 1_000);

const read = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

/** What a roll-back leaves of `there`, as text; null if it is unsure. */
function leave(there: string, prior: string, planned: string): string | null {
  const taken = rollBack(toBytes(there), { prior: toBytes(prior), planned: toBytes(planned) });
  return taken.kind === "removed" ? read(taken.bytes) : null;
}

/** A line of a file, and whether it is there before a change and after it. */
type Piece = { text: string; end: string; isPrior: boolean; isWanted: boolean };

const CHANGES = {
  add: [
    { of: "old", isPrior: true, isWanted: true },
    { of: "new", isPrior: false, isWanted: true },
  ],
  remove: [
    { of: "old", isPrior: true, isWanted: false },
    { of: "new", isPrior: true, isWanted: true },
  ],
  gone: [{ of: "old", isPrior: true, isWanted: false }],
  instead: [
    { of: "old", isPrior: true, isWanted: false },
    { of: "new", isPrior: false, isWanted: true },
  ],
} as const;

function makePieces(dice: Dice): Piece[] {
  const kinds = Object.values(CHANGES);
  const kind = kinds[dice(kinds.length)] ?? CHANGES.add;
  return makeLines(dice).flatMap(({ text, renewed, end: given }): Piece[] => {
    const end = given || "\n";
    if (renewed === null) return [{ text, end, isPrior: true, isWanted: true }];
    return kind.map(({ of, ...is }) => ({ text: of === "old" ? text : renewed, end, ...is }));
  });
}

/** Adds, removes and changes lines that the change itself has not touched. */
function meddle(pieces: readonly Piece[], dice: Dice): Piece[] {
  return pieces.flatMap((piece, index): Piece[] => {
    const mine = { text: `# mine ${index} ${dice(9)}`, end: "\n", isPrior: true, isWanted: true };
    const what = dice(8);
    if (what === 0) return [mine, piece];
    if (what === 1) return [piece, mine];
    if (!piece.isPrior || !piece.isWanted || piece.text.includes(NEW_KEY)) return [piece];
    if (what === 2) return [];
    return what === 3 ? [mine] : [piece];
  });
}

const write = (pieces: readonly Pick<Piece, "text" | "end">[]): string =>
  pieces.map(({ text, end }) => text + end).join("");

test("what a change has made of a file that nobody has touched since goes, to the last byte", () => {
  for (let seed = 0; seed < FILES; seed++) {
    const before = toBytes(write(makeLines(createDice(seed))));
    const found = findLines(before, ({ key, problem }) => key?.fingerprint === OLD_FINGERPRINT && !problem);
    const beside = found.map(({ line, parts }) => ({
      kind: "beside" as const,
      line,
      text: withNewKey(parts, COMMENT),
    }));
    const more = { added: [appendLine(before, "{new key} more")], removed: null };
    for (const splices of [spliceLines(before, beside), more]) {
      const stages = fillStages(splices, NEW_KEY);
      const [prior, added] = [read(before), read(applyEdits(before, stages?.added ?? []) ?? before)];
      const removed = read(applyEdits(before, stages?.removed ?? []) ?? before);
      if (leave(added, prior, added) !== prior || leave(removed, added, removed) !== added)
        expect({
          prior,
          added,
          removed,
          first: leave(added, prior, added),
          second: leave(removed, added, removed),
        }).toBeNull();
    }
  }
}, 120_000);

test("out of a file that somebody has changed since goes what the change has brought, comes what it has taken, and every other byte stays", () => {
  for (let seed = 0; seed < FILES; seed++) {
    const dice = createDice(seed);
    const pieces = makePieces(dice);
    const meddled = meddle(pieces, dice);
    const [prior, planned] = [
      pieces.filter(({ isPrior }) => isPrior),
      pieces.filter(({ isWanted }) => isWanted),
    ];
    const there = meddled.filter(({ isWanted }) => isWanted);
    const left = leave(write(there), write(prior), write(planned));
    const gone = new Set(pieces.flatMap(({ text, isWanted }) => (isWanted ? [] : [text])));
    const lines = (left ?? "").split(/(?<=\n)/);
    const isGone = (line: string) => gone.has(line.replace(/\r?\n$/, ""));
    const wished = meddled.filter(({ isPrior }) => isPrior);
    const isRight =
      lines.filter((line) => !isGone(line)).join("") === write(wished.filter(({ isWanted }) => isWanted)) &&
      lines.filter(isGone).sort().join("") ===
        wished
          .filter(({ isWanted }) => !isWanted)
          .map(({ text, end }) => text + end)
          .sort()
          .join("");
    if (!isRight)
      expect({ prior: write(prior), planned: write(planned), there: write(there), left }).toBeNull();
  }
}, 120_000);

const NEW = `${NEW_KEY} jo`;
const OLD = `${OLD_KEY} jo`;

test.each<[string, { prior: string; planned: string; there: string; left: string | null }]>([
  [
    "a line that was moved",
    {
      prior: `a\n${OLD}\n`,
      planned: `a\n${OLD}\n${NEW}\n`,
      there: `${NEW}\na\n${OLD}\n`,
      left: `a\n${OLD}\n`,
    },
  ],
  [
    "a line that somebody has taken out already",
    { prior: `${OLD}\n`, planned: `${OLD}\n${NEW}\n`, there: `${OLD}\n# mine\n`, left: `${OLD}\n# mine\n` },
  ],
  [
    "a line that somebody has put back already",
    { prior: `${OLD}\n${NEW}\n`, planned: `${NEW}\n`, there: `${NEW}\n${OLD}\n`, left: `${NEW}\n${OLD}\n` },
  ],
  [
    "a line whose neighbours are gone",
    { prior: `a\n${OLD}\nb\n`, planned: "a\nb\n", there: "c\nd\n", left: `c\nd\n${OLD}\n` },
  ],
  [
    "a line whose one neighbour stands",
    { prior: `a\n${OLD}\nb\n`, planned: "a\nb\n", there: "c\nb\nd\n", left: `c\n${OLD}\nb\nd\n` },
  ],
  ["a file that is empty now", { prior: `${OLD}\n`, planned: "", there: "", left: `${OLD}\n` }],
  [
    "a last line without its end",
    {
      prior: `a\n${OLD}`,
      planned: `a\n${OLD}\n${NEW}`,
      there: `# mine\na\n${OLD}\n${NEW}`,
      left: `# mine\na\n${OLD}`,
    },
  ],
  [
    "an end that somebody has written",
    { prior: OLD, planned: `${OLD}\n${NEW}`, there: `${OLD}\n${NEW}\n# mine\n`, left: `${OLD}\n# mine\n` },
  ],
  [
    "other ends of lines",
    { prior: `a\n${OLD}\nb\n`, planned: "a\nb\n", there: "a\r\nb\r\n", left: `a\r\n${OLD}\nb\r\n` },
  ],
  [
    "a new line with other options",
    { prior: `${OLD}\n`, planned: `${OLD}\n${NEW}\n`, there: `${OLD}\nrestrict ${NEW}\n`, left: null },
  ],
  [
    "a new line that stands twice",
    { prior: `${OLD}\n`, planned: `${OLD}\n${NEW}\n`, there: `${NEW}\n${OLD}\n${NEW}\n`, left: null },
  ],
  [
    "an old line that is out of use",
    { prior: `${OLD}\n${NEW}\n`, planned: `${NEW}\n`, there: `# ${OLD}\n${NEW}\n`, left: null },
  ],
])("of %s is left what is certain", (_, { prior, planned, there, left }) => {
  expect(leave(there, prior, planned)).toBe(left);
});

test("a new line stays while the line that it replaces is gone, however it went", () => {
  const [prior, planned] = [`# other\n${OLD}\n`, `# other\n${OLD}\n${NEW}\n`];
  const change = { prior: toBytes(prior), planned: toBytes(planned), replaced: toBytes(`${OLD}\n`) };
  const unsure = { kind: "unsure", out: [NEW], back: [OLD] };
  for (const instead of ["", `# ${OLD}\n`, `restrict ${OLD}\n`])
    expect(rollBack(toBytes(`# other\n${instead}${NEW}\n`), change)).toEqual(unsure);
  expect(rollBack(toBytes(`${NEW}\n${OLD}\n`), change)).toMatchObject({ kind: "removed", out: [NEW] });
  expect(rollBack(toBytes("# other\n"), change)).toMatchObject({ kind: "removed", out: [], back: [] });
});

test("what nobody can be sure of is said line by line", () => {
  const change = { prior: toBytes(`${OLD}\n`), planned: toBytes(`${NEW}\n`) };
  expect(rollBack(toBytes(`restrict ${OLD}\n${NEW}\n`), change)).toEqual({
    kind: "unsure",
    out: [NEW],
    back: [OLD],
  });
});
