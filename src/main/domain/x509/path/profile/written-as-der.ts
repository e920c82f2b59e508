import { type Element, printOid, readElement, TAG, viewOf } from "#codec/der.ts";

/** Of a row of elements, so many from the first one on, and none from the first that has another tag. */
type Level = { most: number; tags?: readonly number[] };

const ALL: Level = { most: Number.POSITIVE_INFINITY };
const ONE: Level = { most: 1 };
const TWO: Level = { most: 2 };

/**
 * What Go reads of the values of extensions: the levels of elements, each inside the one before. What a value holds beyond that,
 * such as the value of an otherName, and what an extension holds that is not here, may be any bytes.
 */
const READ_BY_GO: ReadonlyMap<string, readonly Level[]> = new Map<string, readonly Level[]>([
  ["2.5.29.14", [ONE]],
  ["2.5.29.15", [ONE]],
  ["2.5.29.17", [ONE, ALL]],
  ["2.5.29.19", [ONE, TWO]],
  ["2.5.29.30", [ONE, TWO, ALL, ONE]],
  ["2.5.29.31", [ONE, ALL, { most: 1, tags: [0xa0] }, ONE, { most: ALL.most, tags: [0x86] }]],
  ["2.5.29.32", [ONE, ALL, ONE]],
  ["2.5.29.33", [ONE, ALL, TWO]],
  ["2.5.29.35", [ONE, { most: 1, tags: [0x80] }]],
  ["2.5.29.36", [ONE, TWO]],
  ["2.5.29.37", [ONE, ALL]],
  ["2.5.29.54", [ONE]],
  ["1.3.6.1.5.5.7.1.1", [ONE, ALL, { most: 2, tags: [TAG.oid, 0x86] }]],
]);

/** Bytes; those that are read are shorter. */
const LONGEST_ID = 16;

/** Elements in a row; `levels`: what is read of them and of what they hold. Null: all of it. */
type Span = { content: number; end: number; levels: readonly Level[] | null };

/**
 * Whether every length is as short as it can be, and every boolean is 00 or FF, in all that Go reads of a certificate. It takes
 * time in proportion to the certificate's size.
 */
export function isWrittenAsDer(der: Uint8Array): boolean {
  const bytes = viewOf(der);
  const left: Span[] = [{ content: 0, end: bytes.length, levels: null }];
  for (let span = left.pop(); span; span = left.pop()) {
    const elements = readRow(bytes, span);
    if (!elements.every((element) => isShortest(bytes, element) && isBoolean(bytes, element))) return false;
    for (const element of elements) {
      const levels = levelsInside(bytes, { element, first: elements[0], within: span.levels });
      if (levels !== undefined) left.push({ content: element.content, end: element.end, levels });
    }
  }
  return true;
}

type Placed = { element: Element; first: Element | undefined; within: Span["levels"] };

/** What is to be read of what an element holds; undefined: nothing. */
function levelsInside(bytes: Buffer, { element, first, within }: Placed): Span["levels"] | undefined {
  if (within) return within.length > 1 ? within.slice(1) : undefined;
  if (element.tag === TAG.octetString && first?.tag === TAG.oid && first.end - first.content < LONGEST_ID)
    return READ_BY_GO.get(printOid(bytes.subarray(first.content, first.end)) ?? "");
  return (element.tag & 0x20) === 0 ? undefined : null;
}

/** As many elements as there are in a row; what is no row of elements is judged elsewhere. */
function readRow(bytes: Buffer, { content, end, levels }: Span): Element[] {
  const { most, tags } = levels?.[0] ?? ALL;
  const row: Element[] = [];
  for (let at = content; at < end && row.length < most; ) {
    const element = readElement(bytes, at, end);
    if (!element || (tags && !tags.includes(element.tag))) break;
    row.push(element);
    at = element.end;
  }
  return row;
}

function isShortest(bytes: Buffer, { start, content, end }: Element): boolean {
  const width = content - start - 2;
  const length = end - content;
  if ((bytes[start + 1] ?? 0) < 0x80) return true;
  return length >= 0x80 && (width === 1 || length >= 2 ** (8 * (width - 1)));
}

const isBoolean = (bytes: Buffer, { tag, content, end }: Element): boolean =>
  tag !== TAG.boolean || end !== content + 1 || bytes[content] === 0 || bytes[content] === 0xff;
