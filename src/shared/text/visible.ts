import { findLookalikes } from "./lookalikes.ts";

/** A stretch of text as it may be shown, or one code point that would not be seen for what it is, named as `U+202E`. */
export type VisiblePart = { kind: "text" | "mark"; text: string };

/**
 * Everything that is not seen, or that changes how its neighbours are seen: controls, format characters (bidirectional
 * controls, zero-width ones, tags), lone surrogates, private and unassigned code points, separators of lines, every
 * space but the common one, and what fonts are told to ignore.
 */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/u;

/**
 * Text that a stranger wrote, so that what is seen is what is there. No part of kind `text` holds a code point
 * that could hide, move or turn anything around, or a letter that passes for another one's; nothing is left out, so
 * that the parts stand for the whole.
 */
export function makeVisible(text: string): VisiblePart[] {
  const parts: VisiblePart[] = [];
  const lookalikes = findLookalikes(text);
  let position = 0;
  for (const character of text) {
    const last = parts.at(-1);
    if (lookalikes.has(position) || UNSEEN.test(character))
      parts.push({ kind: "mark", text: nameOf(character) });
    else if (last?.kind === "text") last.text += character;
    else parts.push({ kind: "text", text: character });
    position += character.length;
  }
  return parts;
}

const nameOf = (character: string): string =>
  `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
