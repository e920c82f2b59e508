import { makeVisible } from "./visible.ts";

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
