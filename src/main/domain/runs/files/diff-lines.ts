import { type Line, linesOf } from "#domain/runs/files/lines.ts";
import { applyEdits, type Edit, fillStages } from "#domain/runs/files/stages.ts";
import { type FilePlan, type Hunk, NEW_KEY_PLACEHOLDER } from "#shared/model/runs/plan.ts";
import { writeExactly } from "#shared/text/exact-bytes.ts";

/** Unchanged lines that are shown before and after a change. */
const CONTEXT = 2;

type Block = { first: number; last: number; edits: Edit[] };

/** The change from first to last stage, as pieces of a unified diff. The new key shows as its placeholder. */
export function diffLines(bytes: Uint8Array, file: Pick<FilePlan, "added" | "removed">): Hunk[] {
  const edits = fillStages(file, NEW_KEY_PLACEHOLDER)?.removed ?? [];
  const lines = linesOf(bytes);
  return blocksOf(lines, edits).map((block) => {
    const first = Math.max(0, block.first - CONTEXT);
    const until = Math.min(lines.length, block.last + 1 + CONTEXT);
    const show = (from: number, to: number, sign: " " | "-") =>
      lines.slice(from, to).map((line) => ({ sign, text: textOf(bytes, line) }));
    const changed = changedRows(bytes, lines, block);
    return {
      line: first + 1,
      rows: [
        ...show(first, block.first, " "),
        ...changed,
        ...show(Math.min(block.last + 1, lines.length), until, " "),
      ],
    };
  });
}

/** The lines that edits touch; edits whose surroundings would overlap are one block. */
function blocksOf(lines: readonly Line[], edits: readonly Edit[]): Block[] {
  const blocks: Block[] = [];
  let at = 0;
  for (const edit of edits) {
    while (at < lines.length - 1 && (lines[at] as Line).next <= edit.at) at++;
    let last = at;
    while (last < lines.length - 1 && (lines[last] as Line).next < edit.at + edit.removed.length) last++;
    const before = blocks.at(-1);
    if (before && at - before.last <= 2 * CONTEXT) {
      before.last = Math.max(before.last, last);
      before.edits.push(edit);
    } else blocks.push({ first: at, last, edits: [edit] });
  }
  return blocks;
}

function changedRows(bytes: Uint8Array, lines: readonly Line[], block: Block): Hunk["rows"] {
  const from = lines[block.first]?.at ?? 0;
  const old = bytes.subarray(from, lines[block.last]?.next ?? bytes.length);
  const now = applyEdits(
    old,
    block.edits.map((edit) => ({ ...edit, at: edit.at - from })),
  );
  return diff(textsOf(old), textsOf(now ?? old));
}

/** For few lines, of which most stay: finds the longest common ones by looking a little ahead. */
function diff(old: readonly string[], now: readonly string[]): Hunk["rows"] {
  const rows: Hunk["rows"] = [];
  let at = 0;
  let to = 0;
  while (at < old.length || to < now.length) {
    const text = old[at];
    const isKept = text !== undefined && text === now[to];
    const isAhead = text === undefined || now.indexOf(text, to) >= 0;
    const sign = isKept ? " " : isAhead ? "+" : "-";
    rows.push({ sign, text: (sign === "+" ? now[to] : text) ?? "" });
    if (sign !== "+") at++;
    if (sign !== "-") to++;
  }
  return rows;
}

const textsOf = (bytes: Uint8Array): string[] => linesOf(bytes).map((line) => textOf(bytes, line));

/** With the carriage return of a CRLF, which would otherwise not be seen. */
const textOf = (bytes: Uint8Array, { at, end, next }: Line): string =>
  writeExactly(bytes.subarray(at, next - end === 2 ? end + 1 : end));
