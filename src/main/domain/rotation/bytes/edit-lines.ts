import type { Splice } from "#shared/model/plan.ts";
import { writeExactly } from "#shared/text/exact-bytes.ts";
import { endOfLine, type Line, linesOf } from "./lines.ts";
import { writeForeign } from "./stages.ts";

/**
 * What becomes of one line. Texts are `exact-bytes` without an end of line, and may have the hole. `beside`: a new line
 * comes right after it, and in the end stands alone. `instead`: it is another one in the end. `gone`: in the end it is
 * gone. `added`: a new line comes right after it, and both stay.
 */
export type LineChange =
  | { kind: "beside" | "instead" | "added"; line: Line; text: string }
  | { kind: "gone"; line: Line };

type StageSplices = { added: Splice[] | null; removed: Splice[] | null };

/** Both stages of a file in which these lines change, each line once. Every other byte is left as it is. */
export function spliceLines(bytes: Uint8Array, changes: readonly LineChange[]): StageSplices {
  const inOrder = [...changes].sort((one, other) => one.line.at - other.line.at);
  const added = inOrder.flatMap((change) =>
    change.kind === "beside" || change.kind === "added" ? [insertAfter(bytes, change.line, change.text)] : [],
  );
  const removed = inOrder.map((change) => inTheEnd(bytes, change));
  const takesAway = inOrder.some(({ kind }) => kind !== "added");
  return { added: added.length > 0 ? added : null, removed: takesAway ? removed : null };
}

function inTheEnd(bytes: Uint8Array, change: LineChange): Splice {
  switch (change.kind) {
    case "beside":
    case "instead":
      return replaceText(bytes, change.line, change.text);
    case "added":
      return insertAfter(bytes, change.line, change.text);
    case "gone":
      return removeLine(bytes, change.line);
  }
}

/** A new line at the end of the file; a last line without its end gets one first. */
export function appendLine(bytes: Uint8Array, text: string): Splice {
  const last = linesOf(bytes).at(-1);
  const end = writeExactly(Buffer.from(last ? endOfLine(bytes, last) : "\n"));
  const isOpen = last !== undefined && last.end === last.next;
  return { at: bytes.length, removed: "", inserted: `${isOpen ? end : ""}${text}${end}` };
}

/** After a last line without its end comes one without its end. */
function insertAfter(bytes: Uint8Array, line: Line, text: string): Splice {
  const end = writeExactly(Buffer.from(endOfLine(bytes, line)));
  const isOpen = line.end === line.next;
  return { at: line.next, removed: "", inserted: isOpen ? `${end}${text}` : `${text}${end}` };
}

const replaceText = (bytes: Uint8Array, { at, end }: Line, text: string): Splice => ({
  at,
  removed: writeForeign(bytes.subarray(at, end)),
  inserted: text,
});

const removeLine = (bytes: Uint8Array, { at, next }: Line): Splice => ({
  at,
  removed: writeForeign(bytes.subarray(at, next)),
  inserted: "",
});
