const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

let segmenter: Intl.Segmenter | null = null;

/** Made for the first text that is not plain ASCII: making it takes longer than all else that a short list needs. */
function graphemes(): Intl.Segmenter {
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  return segmenter;
}

/** How many columns of a terminal a printable text takes: two for a letter of East Asia or an emoji, else one. */
export function widthOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  return split(text).reduce((sum, { width }) => sum + width, 0);
}

/**
 * At most so many columns of a text: its beginning and its end, by which people distinguish names, paths and
 * fingerprints.
 */
export function fitMiddle(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  const parts = split(text);
  const head = take(parts, Math.ceil((width - 1) / 2));
  const tail = take(parts.toReversed(), Math.floor((width - 1) / 2));
  return `${head.join("")}…${tail.toReversed().join("")}`;
}

/** At most so many columns of a text: its beginning, for sentences. */
export const fitEnd = (text: string, width: number): string =>
  widthOf(text) <= width
    ? text
    : `${take(split(text), width - 1)
        .join("")
        .trimEnd()}…`;

type Part = { text: string; width: number };

const split = (text: string): Part[] =>
  Array.from(graphemes().segment(text), ({ segment }) => ({
    text: segment,
    width: WIDE.test(segment) ? 2 : 1,
  }));

function take(parts: readonly Part[], width: number): string[] {
  const kept: string[] = [];
  let left = width;
  for (const part of parts) {
    left -= part.width;
    if (left < 0) break;
    kept.push(part.text);
  }
  return kept;
}

/** A long run of combining marks is one grapheme: it is cut too. */
const MOST_UNITS_A_GRAPHEME = 16;

/** The first graphemes of a text, `limit` at most: no letter loses its marks, and no letter has endless ones. */
export function cutAt(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const head = text.slice(0, limit * MOST_UNITS_A_GRAPHEME);
  let count = 0;
  for (const { index } of graphemes().segment(head)) if (count++ === limit) return head.slice(0, index);
  return head;
}
