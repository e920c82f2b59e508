import { readAuthorizedKeys } from "./authorized-keys.ts";

/**
 * A line of an authorized_keys file cut into its parts, none of its bytes lost: Latin-1, a character for each byte.
 * What cannot be read is all `rest`, as are comments and blank lines.
 */
export type LineParts = {
  indent: string;
  options: string;
  afterOptions: string;
  keyType: string;
  afterType: string;
  base64: string;
  /** From the blank after the key to the end of the line: the comment, and the return of a CRLF. */
  rest: string;
};

/** The parts of a line without its newline. `printLine` of them is the line. */
export function readLine(text: string): LineParts {
  const [indent = ""] = /^[ \t]*/.exec(text) ?? [];
  const nothing = { options: "", afterOptions: "", keyType: "", afterType: "", base64: "" };
  const [line] = readAuthorizedKeys(Buffer.from(text, "latin1"));
  if (!line || line.keyTypeText === null) return { indent, ...nothing, rest: text.slice(indent.length) };
  const written = text.slice(indent.length);
  const typeAt = findType(written, line.keyTypeText, line.options !== "");
  const options = written.slice(0, typeAt).replace(/[ \t]+$/, "");
  const [, keyType = "", afterType = "", base64 = "", rest = ""] =
    /^([^ \t]*)([ \t]*)([^ \t]*)(.*)$/s.exec(written.slice(typeAt)) ?? [];
  return {
    indent,
    options,
    afterOptions: written.slice(options.length, typeAt),
    keyType,
    afterType,
    base64,
    rest,
  };
}

/** Where the type begins: after the first blank outside quotes where options come before it. */
function findType(written: string, keyType: string, hasOptions: boolean): number {
  if (!hasOptions) return 0;
  let isQuoted = false;
  let at = 0;
  for (; at < written.length && (isQuoted || !/[ \t]/.test(written[at] as string)); at++) {
    if (written[at] === "\\" && written[at + 1] === '"') at++;
    else if (written[at] === '"') isQuoted = !isQuoted;
  }
  return Math.max(at, written.indexOf(keyType, at));
}

export const printLine = ({
  indent,
  options,
  afterOptions,
  keyType,
  afterType,
  base64,
  rest,
}: LineParts): string => indent + options + afterOptions + keyType + afterType + base64 + rest;
