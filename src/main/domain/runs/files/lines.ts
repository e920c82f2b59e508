import type { Splice } from "#shared/model/runs/plan.ts";
import { writeExactly } from "#shared/text/exact-bytes.ts";
import { type Edit, writeForeign } from "./stages.ts";

/** One line of a file, by byte offsets. */
export type Line = {
  /** From 1. */
  number: number;
  at: number;
  /** The offset after its last byte, without its end of line. */
  end: number;
  /** Where the next one begins; equal to `end` if the file ends without a newline. */
  next: number;
};

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Every line, also blank ones; none after the last newline. */
export function linesOf(bytes: Uint8Array): Line[] {
  const lines: Line[] = [];
  for (let at = 0; at < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, at);
    const next = newline < 0 ? bytes.length : newline + 1;
    const end = newline > at && bytes[newline - 1] === RETURN ? newline - 1 : newline < 0 ? next : newline;
    lines.push({ number: lines.length + 1, at, end, next });
    at = next;
  }
  return lines;
}

/** How this line ends; a last line without an end counts as ending like the first of the file. */
function endOfLine(bytes: Uint8Array, { end, next }: Line): "\n" | "\r\n" {
  if (next > end) return next - end === 2 ? "\r\n" : "\n";
  const first = bytes.indexOf(NEWLINE);
  return first > 0 && bytes[first - 1] === RETURN ? "\r\n" : "\n";
}

/**
 * The change of one line. Texts are `exact-bytes` without an end of line, and may have the placeholder of the new key.
 * `beside`: a new line comes right after it, and in the end replaces it. `instead`: in the end it has another text.
 * `gone`: in the end it is removed. `added`: a new line comes right after it, and both stay.
 */
export type LineChange =
  | { kind: "beside" | "instead" | "added"; line: Line; text: string }
  | { kind: "gone"; line: Line };

type StageSplices = { added: Splice[] | null; removed: Splice[] | null };

/** Both stages of a file in which these lines change, each line once. Every other byte stays as it is. */
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

/** After a last line without an end of line, the new one has none either. */
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

/** The whole lines that edits remove, each with its end. */
export const goneLines = (edits: readonly Edit[]): Uint8Array =>
  new Uint8Array(
    Buffer.concat(
      edits.flatMap(({ removed }) => (isOpen(removed) ? [removed, Uint8Array.of(NEWLINE)] : [removed])),
    ),
  );

const isOpen = (bytes: Uint8Array): boolean => bytes.length > 0 && bytes.at(-1) !== NEWLINE;

/**
 * Lines of a run in a file, as Latin-1 without their ends: those that it has put there, and those that it has removed.
 */
export type OwnLines = { put: readonly string[]; took: readonly string[] };

/** `out` and `back`: which of them are removed and put back; both empty if nothing of the run is left in the file. */
type Repair = { bytes: Uint8Array; out: string[]; back: string[] };

/**
 * A repair that a person may approve, if the intention of an edit is unclear. Lines that are exactly the run's own are
 * removed, as often as it has put them there and the last first; those that it removed come back at the end, if they
 * are missing; all else stays.
 */
export function repairLines(there: Uint8Array, { put, took }: OwnLines): Repair {
  const text = Buffer.from(there).toString("latin1");
  const lines = linesOf(there).map(({ at, end, next }) => ({
    own: text.slice(at, end),
    all: text.slice(at, next),
  }));
  const surplus = [...put];
  const out: string[] = [];
  const kept = lines.toReversed().filter(({ own }) => {
    const at = surplus.indexOf(own);
    if (at < 0) return true;
    surplus.splice(at, 1);
    out.unshift(own);
    return false;
  });
  const left = kept.reverse();
  const present = left.map(({ own }) => own);
  const back = took.filter((line) => {
    const at = present.indexOf(line);
    if (at >= 0) present.splice(at, 1);
    return at < 0;
  });
  const body = left.map(({ all }) => all).join("");
  const open = body !== "" && !body.endsWith("\n") && back.length > 0 ? "\n" : "";
  const written = `${body}${open}${back.map((line) => `${line}\n`).join("")}`;
  return { bytes: new Uint8Array(Buffer.from(written, "latin1")), out, back };
}
