const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** A long run of combining marks is one grapheme: it is cut too. */
const MOST_UNITS_A_GRAPHEME = 16;

/** The first graphemes of a text, `limit` at most: no letter loses its marks, and no letter has endless ones. */
export function cutAt(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const head = text.slice(0, limit * MOST_UNITS_A_GRAPHEME);
  let count = 0;
  for (const { index } of graphemes.segment(head)) if (count++ === limit) return head.slice(0, index);
  return head;
}
