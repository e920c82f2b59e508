import { writeForeign } from "#domain/rotation/bytes/stages.ts";
import type { LineParts } from "#domain/ssh/authorized-keys.ts";
import { HOLE } from "#shared/model/plan.ts";

/** What is written in place of a line: texts of a splice, without an end of line. */

/** The same line for another key: options, blanks and comment stay, byte by byte. One without a comment gets `comment`. */
export function withNewKey(parts: LineParts, comment: string): string {
  const { indent, options, afterOptions, rest } = parts;
  const before = foreign(`${indent}${options}${afterOptions}`);
  return `${before}${HOLE}${rest.trim() === "" ? ` ${foreign(comment)}` : foreign(rest)}`;
}

/** The same line with other options. */
export function withOptions(parts: LineParts, options: string): string {
  const { indent, afterOptions, keyType, afterType, base64, rest } = parts;
  const gap = parts.options === "" ? " " : afterOptions;
  return foreign(`${indent}${options}${options === "" ? "" : gap}${keyType}${afterType}${base64}${rest}`);
}

/** A line of its own. */
export function newLine(options: string, comment: string): string {
  const before = options === "" ? "" : `${writeForeign(Buffer.from(options, "utf8"))} `;
  const after = comment === "" ? "" : ` ${writeForeign(Buffer.from(comment, "utf8"))}`;
  return `${before}${HOLE}${after}`;
}

/** Latin-1. */
const foreign = (text: string): string => writeForeign(Buffer.from(text, "latin1"));
