import { makeVisible } from "./visible.ts";

/**
 * The one encoder for a terminal. What a stranger wrote comes out as one line that can neither move the
 * cursor nor hide: each code point that would not be seen is named, as `<U+202E>`.
 */
export const printable = (text: string): string =>
  makeVisible(text)
    .map((part) => (part.kind === "mark" ? `<${part.text}>` : part.text))
    .join("");
