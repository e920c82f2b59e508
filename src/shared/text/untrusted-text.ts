/** A part of a text as it may be shown, or one code point that would not be seen for what it is, named as `U+202E`. */
type VisiblePart = { kind: "text" | "mark"; text: string };

/**
 * Everything that is not seen, or that changes how its neighbours are seen: controls, format characters (bidirectional
 * controls, zero-width ones, tags), lone surrogates, private and unassigned code points, separators of lines, every
 * space but the common one, and default-ignorable code points.
 */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/u;

/**
 * Text that a stranger wrote, so that what is seen is what is there. No part of kind `text` holds a code point that
 * could hide, move or reverse anything, or a letter that passes for another one's; nothing is left out, so that the
 * parts stand for the whole.
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

/** Scripts whose letters are taken for one another's. A word is written in one of them. */
const SCRIPTS = [
  /\p{Script=Latin}/u,
  /\p{Script=Cyrillic}/u,
  /\p{Script=Greek}/u,
  /\p{Script=Armenian}/u,
  /\p{Script=Cherokee}/u,
  /\p{Script=Coptic}/u,
  /\p{Script=Lisu}/u,
];

/** Letters of no script that are drawn as those of Latin: for formulas, and for nothing that is named here. */
const DRAWN_AS_LATIN = /[\u{1d400}-\u{1d7ff}]/u;

/** A word of these alone looks like a Latin one: аррӏе, ορ. */
const ALL_ALIKE = /^[асԁеһіјӏорԛѕԝхуАВЕНІЈКМОРСТХУЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧανορυχ]+$/u;

const WORD = /[\p{L}\p{M}\p{N}]+/gu;
const NAME = /[\p{L}\p{M}\p{N}._-]+/gu;
const ASCII = /^\p{ASCII}*$/u;

/**
 * Where in a text a letter stands that is taken for another one's: by position, as UTF-16 counts. `pаypal` with a
 * Cyrillic а; `аррӏе.com`, which is Cyrillic up to its dot. Words of one script are left alone, and so is Latin among
 * Chinese, Japanese and Korean. DNS itself has such names as `xn--...`, and they are shown so.
 */
function findLookalikes(text: string): ReadonlySet<number> {
  const found = new Set<number>();
  if (ASCII.test(text)) return found;
  for (const { 0: name, index: start } of text.matchAll(NAME)) {
    if (ASCII.test(name)) continue;
    const isLatinElsewhere = /[a-z]/i.test(name);
    for (const { 0: word, index } of name.matchAll(WORD)) {
      const isStrange = strangerIn(word, isLatinElsewhere);
      let position = start + index;
      for (const letter of word) {
        if (isStrange(letter)) found.add(position);
        position += letter.length;
      }
    }
  }
  return found;
}

/** Whether a letter of a word is of another script than the word. A word with any Latin in it is Latin. */
function strangerIn(word: string, isLatinElsewhere: boolean): (letter: string) => boolean {
  if (isLatinElsewhere && ALL_ALIKE.test(word)) return () => true;
  const [own, ...others] = SCRIPTS.filter((script) => script.test(word));
  if (own === undefined || others.length === 0) return (letter) => DRAWN_AS_LATIN.test(letter);
  return (letter) => DRAWN_AS_LATIN.test(letter) || others.some((script) => script.test(letter));
}

/**
 * The one encoder for a terminal. What a stranger wrote comes out as one line that can neither move the
 * cursor nor hide: each code point that would not be seen is named, as `<U+202E>`.
 */
export const printable = (text: string): string =>
  makeVisible(text)
    .map((part) => (part.kind === "mark" ? `<${part.text}>` : part.text))
    .join("");

const UNSEEN_IN_JSON = /(?!\n)[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** The same for JSON, which a terminal may show before a program reads it: an escape changes no value. */
export const printableJson = (value: unknown, indent = 0): string =>
  JSON.stringify(value, null, indent).replace(UNSEEN_IN_JSON, (character) =>
    character
      .split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join(""),
  );

/** A spreadsheet runs what begins so (OWASP ASVS 1.2.10); a quote before it makes it text. */
const FORMULA = /^[=+\-@\t\r\n\0\uff1d\uff0b\uff0d\uff20]/;

export const defuse = (field: string): string => (FORMULA.test(field) ? `'${field}` : field);

/** The one encoder for a field of a CSV file. */
export const toCsvField = (field: string): string => `"${defuse(printable(field)).replaceAll('"', '""')}"`;

const HTML: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * The one encoder for HTML that is written as text, between tags and in quoted attributes: no part of it is a tag, and what would
 * not be seen is named, as `[U+202E]`.
 */
export const toHtml = (text: string): string =>
  makeVisible(text)
    .map((part) => (part.kind === "mark" ? `[${part.text}]` : part.text))
    .join("")
    .replace(/[&<>"']/g, (character) => HTML[character] ?? character);

/** The one encoder for JSON in a data block of a page: no text of it ends the block, and what it means stays as it is. */
export const toScriptJson = (value: unknown): string =>
  printableJson(value).replace(
    /[<>&]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
