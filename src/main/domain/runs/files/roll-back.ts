/** Rolls a change back in a file that somebody else has changed since: by whole lines, and every other byte stays. */

import { linesOf } from "#domain/runs/files/lines.ts";
import { writeExactly } from "#shared/text/exact-bytes.ts";

/** The file before a change, and as the change has left it. */
export type FileChange = {
  prior: Uint8Array;
  planned: Uint8Array;
  /** Lines that those of the change have replaced: while one of them is missing, none of those is removed. */
  replaced?: Uint8Array;
};

/**
 * `out` and `back` are the lines that are removed and put back, as `exact-bytes`. `unsure`: somebody has edited those
 * very lines, or the ones that they replace, so that only a person can decide.
 */
export type RolledBack =
  | { kind: "removed"; bytes: Uint8Array; out: string[]; back: string[] }
  | { kind: "unsure"; out: string[]; back: string[] };

/** A line as Latin-1, and how it ends. */
type Entry = { text: string; end: string };

type Text = { entries: Entry[]; counts: ReadonlyMap<string, number> };

type Texts = { was: Text; became: Text; now: Text };

/** Lines that went, those that replaced them, and the line before them, in the file as the change has left it. */
type Gap = { gone: Entry[]; come: Entry[]; after: number };

export function rollBack(there: Uint8Array, { prior, planned, replaced }: FileChange): RolledBack {
  const texts = { was: readText(prior), became: readText(planned), now: readText(there) };
  const { was, became, now } = texts;
  const [come, gone] = [excess(became, was), excess(was, became)];
  const surplus = new Set([...come.keys()].filter((text) => count(now, text) > 0));
  const missing = new Map([...gone].map(([text, times]) => [text, missingOf(texts, text, times)]));
  const lost = surplus.size > 0 && replaced ? excess(readText(replaced), now) : new Map<string, number>();
  const lines = {
    out: [...surplus].map(exactly),
    back: [...missing, ...lost].flatMap(([text, times]) => Array<string>(times).fill(exactly(text))),
  };
  const isOurs = (text: string): boolean =>
    count(was, text) === 0 && count(now, text) <= (come.get(text) ?? 0);
  const isTouched = [...come.keys(), ...gone.keys()].some((text) => isRewritten(texts, text));
  if (isTouched || lost.size > 0 || ![...surplus].every(isOurs)) return { kind: "unsure", ...lines };
  const bytes = Buffer.from(write(texts, surplus, findIndexes(texts, surplus, missing)), "latin1");
  return { kind: "removed", bytes: new Uint8Array(bytes), ...lines };
}

function readText(bytes: Uint8Array): Text {
  const latin1 = Buffer.from(bytes).toString("latin1");
  const entries = linesOf(bytes).map(({ at, end, next }) => ({
    text: latin1.slice(at, end),
    end: latin1.slice(end, next),
  }));
  const counts = new Map<string, number>();
  for (const { text } of entries) counts.set(text, (counts.get(text) ?? 0) + 1);
  return { entries, counts };
}

const count = ({ counts }: Text, text: string): number => counts.get(text) ?? 0;

const exactly = (latin1: string): string => writeExactly(Buffer.from(latin1, "latin1"));

/** By how many more of each line the one has than the other. */
function excess(one: Text, other: Text): Map<string, number> {
  const more = [...one.counts].map(([text, times]) => [text, times - count(other, text)] as const);
  return new Map(more.filter(([, times]) => times > 0));
}

const missingOf = ({ was, now }: Texts, text: string, times: number): number =>
  Math.max(0, Math.min(times, count(was, text) - count(now, text)));

/** A key as it is in a line, in base64. */
const KEY = /AAAA[0-9A-Za-z+/=]{20,}/;

/** Whether there is a line now for the same key that is neither as it was before nor as the change has made it. */
function isRewritten({ was, became, now }: Texts, text: string): boolean {
  const [key] = KEY.exec(text) ?? [];
  if (key === undefined) return false;
  return [...now.counts.keys()].some(
    (line) => line.includes(key) && count(was, line) === 0 && count(became, line) === 0,
  );
}

/** The lines that are put back, by the index now of the line before which they come. */
function findIndexes(
  texts: Texts,
  surplus: ReadonlySet<string>,
  missing: ReadonlyMap<string, number>,
): Map<number, Entry[]> {
  const { entries } = texts.now;
  const left = new Map(missing);
  const indexes = new Map<number, Entry[]>();
  for (const { gone, come, after } of gapsBetween(texts)) {
    const lines = gone.filter(({ text }) => takeOne(left, text));
    const instead = come.findIndex(({ text }) => surplus.has(text));
    const [previous, next] = [findAgain(texts, after), findAgain(texts, after + come.length + 1)];
    const standIn = findAgain(texts, after + 1 + instead);
    const found = instead >= 0 && standIn >= 0 ? standIn : previous >= 0 ? previous + 1 : next;
    const index = found >= 0 ? found : entries.length;
    indexes.set(index, [...(indexes.get(index) ?? []), ...lines]);
  }
  return indexes;
}

/** The index now of a line that the change has left; -1 if that is not certain. */
function findAgain({ became, now }: Texts, index: number): number {
  const text = became.entries[index]?.text;
  if (text === undefined || count(now, text) !== count(became, text)) return -1;
  const nth = became.entries.slice(0, index).filter((entry) => entry.text === text).length;
  const all = now.entries.flatMap((entry, index) => (entry.text === text ? [index] : []));
  return all[nth] ?? -1;
}

/** Where lines went, from the first to the last. */
function gapsBetween({ was, became }: Texts): Gap[] {
  const [gone, come] = [excess(was, became), excess(became, was)];
  const gaps: Gap[] = [];
  let gap: Gap = { gone: [], come: [], after: -1 };
  let at = 0;
  const close = (): void => {
    if (gap.gone.length > 0) gaps.push(gap);
    gap = { gone: [], come: [], after: at };
  };
  const skip = (text: string | null): void => {
    for (
      let one = became.entries[at];
      one && one.text !== text && takeOne(come, one.text);
      one = became.entries[at]
    ) {
      gap.come.push(one);
      at++;
    }
  };
  for (const entry of was.entries) {
    skip(entry.text);
    if (became.entries[at]?.text === entry.text) {
      close();
      at++;
    } else if (takeOne(gone, entry.text)) gap.gone.push(entry);
  }
  skip(null);
  close();
  return gaps;
}

function takeOne(counts: Map<string, number>, text: string): boolean {
  const left = counts.get(text) ?? 0;
  if (left > 0) counts.set(text, left - 1);
  return left > 0;
}

/** A last line stays without its end if it had none before the change, and nobody has written one since. */
function write(
  { was, became, now }: Texts,
  surplus: ReadonlySet<string>,
  indexes: ReadonlyMap<number, readonly Entry[]>,
): string {
  const kept = now.entries.flatMap((entry, index) => [
    ...(indexes.get(index) ?? []),
    ...(surplus.has(entry.text) ? [] : [entry]),
  ]);
  const all = [...kept, ...(indexes.get(now.entries.length) ?? [])];
  const usual = [...now.entries, ...was.entries].find(({ end }) => end !== "")?.end ?? "\n";
  const [last, lastBefore] = [all.at(-1), was.entries.at(-1)];
  const isOpen = last !== undefined && last.text === lastBefore?.text && isOpenAtEnd(was);
  const isAsMade = isOpenAtEnd(now) === isOpenAtEnd(became);
  return all
    .map(({ text, end }, index) => {
      if (index < all.length - 1) return text + (end || usual);
      return text + (isOpen && isAsMade ? "" : end);
    })
    .join("");
}

const isOpenAtEnd = ({ entries }: Text): boolean => entries.at(-1)?.end === "";
