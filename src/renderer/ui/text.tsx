/**
 * The one component that shows text that a stranger wrote (a host, a certificate, a file): a character that hides,
 * moves or reverses its neighbours is shown by its name, and the rest is isolated from the words around it.
 */

import { type ReactNode, useState } from "react";
import { cutAt } from "#shared/text/fit.ts";
import { makeVisible } from "#shared/text/untrusted-text.ts";
import classes from "./text.module.css";
import textLinkClasses from "./text-link.module.css";

type Props = {
  text: string;
  /** Graphemes shown before "more". */
  limit?: number;
  /** Cuts, without a button to see more: for rows, whose drawer shows all. */
  isCut?: boolean;
  isMono?: boolean;
};

export function Untrusted({ text, limit = 256, isCut = false, isMono = false }: Props) {
  const [isWhole, setIsWhole] = useState(false);
  const shown = isWhole ? text : cutAt(text, limit);
  return (
    <bdi dir="ltr" className={isMono ? `${classes.text} ${classes.mono}` : classes.text}>
      {makeVisible(shown).map((part, index) =>
        part.kind === "text" ? (
          part.text
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never move
          <span key={index} className={classes.mark}>
            {part.text}
          </span>
        ),
      )}
      {shown.length < text.length && "…"}
      {shown.length < text.length && !isCut && (
        <button type="button" className={classes.more} onClick={() => setIsWhole(true)}>
          more
        </button>
      )}
    </bdi>
  );
}

/** The same for attributes that take a plain string: tooltips, labels, titles. */
export const formatUntrusted = (text: string): string =>
  makeVisible(cutAt(text, 1_000))
    .map((part) => (part.kind === "text" ? part.text : `[${part.text}]`))
    .join("");

/** A sentence of the program with its first letter in upper case. */
export const beginLarge = (sentence: string): string => sentence.charAt(0).toUpperCase() + sentence.slice(1);

/** A link within text, underlined: colour alone would not show it. */
export function TextLink({ children }: { children: ReactNode }) {
  return <span className={textLinkClasses.link}>{children}</span>;
}
