import { decodeBase64 } from "#codec/base64.ts";
import { isKnownType, type PublicKey, readKeyBlob, typeInCertificate, USUAL_TYPES } from "./key-blob.ts";
import { type LineOption, readLineOptions } from "./line-options.ts";

/** A line of an authorized_keys file that is neither blank nor a comment, as sshd reads it. */
export type KeyLine = {
  /** From 1, every line counted. */
  line: number;
  /** The line without its newline. Bytes that are not UTF-8 are replaced here and in the other texts, nowhere else. */
  text: string;
  /** The options before the key, as written; empty for none. */
  options: string;
  parsedOptions: readonly LineOption[];
  /** The key, even on a line that sshd ignores for another reason; null where none can be read. */
  key: PublicKey | null;
  /** The type that the line names; null where it names none. */
  keyTypeText: string | null;
  comment: string;
  /** Why sshd ignores the line whatever its settings and the date are; null when it does not. */
  problem: string | null;
};

/** Every type name with which sshd lets a key begin: it takes any other first word for the options. */
const KEY_TYPES: ReadonlySet<string> = new Set(
  [
    "ssh-ed25519",
    "ssh-rsa",
    "ssh-dss",
    "rsa-sha2-256",
    "rsa-sha2-512",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "webauthn-sk-ecdsa-sha2-nistp256@openssh.com",
    "ssh-mldsa44-ed25519@openssh.com",
    "ssh-xmss@openssh.com",
  ].flatMap((type) => [type, `${type.replace("@openssh.com", "")}-cert-v01@openssh.com`]),
);

/** The first letters of every type, known or not: most options begin with another, and need no search for a type. */
const TYPE_INITIALS = "ersw";

/** sshd rejects an RSA key of fewer bits, whatever RequiredRSASize says. */
const SHORTEST_RSA = 1_024;

/** Each line that is neither blank nor a comment, also where sshd ignores it. */
export function readAuthorizedKeys(bytes: Uint8Array): KeyLine[] {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const isAscii = Buffer.byteLength(file, "utf8") === file.length;
  const isPlain = isAscii && !file.includes("\0");
  const lines: KeyLine[] = [];
  let from = 0;
  for (let line = 1; from < file.length; line++) {
    const newline = file.indexOf("\n", from);
    const until = newline < 0 ? file.length : newline;
    const start = skipSpace(file, from, until);
    if (start < until && file[start] !== "#" && !isCarriageReturn(file, start, until)) {
      lines.push(readLine(line, file.slice(from, until), { start: start - from, isPlain }));
    }
    from = until + 1;
  }
  return lines;
}

function readLine(
  line: number,
  raw: string,
  { start, isPlain }: { start: number; isPlain: boolean },
): KeyLine {
  // To sshd a line ends at its first NUL.
  const nul = isPlain ? -1 : raw.indexOf("\0");
  const read = readEntry(nul < 0 ? raw.slice(start) : raw.slice(start, Math.max(nul, start)));
  read.line = line;
  read.text = raw;
  return isPlain ? read : inUtf8(read);
}

const inUtf8 = (read: KeyLine): KeyLine => ({
  line: read.line,
  text: toUtf8(read.text),
  options: toUtf8(read.options),
  parsedOptions: read.parsedOptions.map((option) => ({
    ...option,
    value: option.value === null ? null : toUtf8(option.value),
  })),
  key: read.key,
  keyTypeText: read.keyTypeText === null ? null : toUtf8(read.keyTypeText),
  comment: toUtf8(read.comment),
  problem: read.problem === null ? null : toUtf8(read.problem),
});

/**
 * sshd's order: a key at the beginning, otherwise options up to the first blank outside quotes and then a key.
 * The caller sets `line` and `text`. The texts are Latin-1, a character for each byte.
 */
function readEntry(entry: string): KeyLine {
  const bare = readKeyAt(entry, 0, "");
  if (bare && !bare.problem) return bare;

  const end = endOfOptions(entry);
  const late =
    end === null ? null : readKeyAt(entry, skipSpace(entry, end, entry.length), entry.slice(0, end));
  if (late?.key) return late;
  return bare ?? late ?? { ...NOTHING, problem: explain(entry, end) };
}

const NO_OPTIONS = readLineOptions("");
const NOTHING: KeyLine = {
  line: 0,
  text: "",
  options: "",
  parsedOptions: NO_OPTIONS.options,
  key: null,
  keyTypeText: null,
  comment: "",
  problem: null,
};

/** Reads a type's name, blanks, base64, blanks, comment, after these options; null when no type stands there. */
function readKeyAt(entry: string, from: number, options: string): KeyLine | null {
  if (!TYPE_INITIALS.includes(entry.charAt(from))) return null;
  const keyTypeText = findUsualType(entry, from) ?? entry.slice(from, endOfWord(entry, from));
  if (!KEY_TYPES.has(keyTypeText) && !looksLikeType(keyTypeText)) return null;
  const typeEnd = from + keyTypeText.length;
  const start = skipSpace(entry, typeEnd, entry.length);
  const end = endOfWord(entry, start);
  const blob = start === end ? null : decodeBase64(entry.slice(start, end));
  const key = blob && readKeyBlob(blob);
  const read = options === "" ? NO_OPTIONS : readLineOptions(options);
  return {
    line: 0,
    text: entry,
    options,
    parsedOptions: read.options,
    key,
    keyTypeText,
    comment: trimReturn(entry.slice(skipSpace(entry, end, entry.length))),
    problem: key
      ? (read.problem ?? findKeyProblem(key, keyTypeText))
      : describeUnreadable(start === end, blob),
  };
}

/** The usual type that is the word at `from`, found without a substring of its own. */
const findUsualType = (entry: string, from: number): string | undefined =>
  USUAL_TYPES.find((type) => entry.startsWith(type, from) && isBlank(entry.charCodeAt(from + type.length)));

function describeUnreadable(isMissing: boolean, blob: Uint8Array | null): string {
  if (isMissing) return "the key itself is missing";
  return `the key cannot be read: its ${blob ? "bytes are damaged" : "base64 is cut or broken"}`;
}

function findKeyProblem(key: PublicKey, keyTypeText: string): string | null {
  const { keyType } = key;
  if (keyType !== keyTypeText && !(keyType === "ssh-rsa" && keyTypeText.startsWith("rsa-sha2-"))) {
    return `the line says ${keyTypeText}, but the key is of type ${keyType}`;
  }
  if (!KEY_TYPES.has(keyTypeText)) return `no sshd known here takes keys of type ${keyTypeText}`;
  if (typeInCertificate(keyType)) return "this is a certificate; sshd takes only plain keys here";
  if (keyType === "ssh-rsa" && (key.keyBits ?? 0) < SHORTEST_RSA) {
    return `an RSA key of ${key.keyBits} bits is shorter than sshd reads (${SHORTEST_RSA})`;
  }
  return null;
}

function explain(entry: string, optionsEnd: number | null): string {
  if (entry.startsWith("\xef\xbb\xbf"))
    return "a byte order mark stands before the key; save the file without it";
  if (/^---- ?BEGIN/.test(entry)) return "this is a key in another format; convert it by ssh-keygen -i";
  if (optionsEnd === null) return "a quote in the options is never closed";
  if (/^\d+[ \t]+\d+[ \t]+\d+/.test(entry))
    return "this is a key of SSH protocol 1, which no sshd takes any more";
  return "no key can be read in this line";
}

/** The index where the options at the beginning of the text end; null when a quote is never closed. */
function endOfOptions(entry: string): number | null {
  let isQuoted = false;
  let at = 0;
  for (; at < entry.length; at++) {
    const code = entry.charCodeAt(at);
    if (!isQuoted && isBlank(code)) break;
    if (code === BACKSLASH && entry.charCodeAt(at + 1) === QUOTE) at++;
    else if (code === QUOTE) isQuoted = !isQuoted;
  }
  return isQuoted ? null : Math.min(at, entry.length);
}

/** For a type that is not in our list: `ssh-...`, `...@domain`. */
const looksLikeType = (word: string): boolean =>
  word.length <= 100 && /^(?:ssh|ecdsa|sk|webauthn)-[a-z0-9-]+(?:@[a-z0-9.-]+)?$/.test(word);

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

function skipSpace(text: string, from: number, until: number): number {
  let at = from;
  while (at < until && isBlank(text.charCodeAt(at))) at++;
  return at;
}

function endOfWord(text: string, from: number): number {
  const space = text.indexOf(" ", from);
  const tab = text.indexOf("\t", from);
  return Math.min(space < 0 ? text.length : space, tab < 0 ? text.length : tab);
}

/** A line that holds nothing but the carriage return of a CRLF counts as blank; sshd reads no key in it. */
const isCarriageReturn = (file: string, start: number, until: number): boolean =>
  start + 1 === until && file[start] === "\r";

const trimReturn = (text: string): string => (text.endsWith("\r") ? text.slice(0, -1) : text);

const toUtf8 = (latin1: string): string =>
  /[\x80-\xff]/.test(latin1) ? Buffer.from(latin1, "latin1").toString("utf8") : latin1;

/**
 * A line of an authorized_keys file cut into its parts, without loss: Latin-1, a character for each byte.
 * A line that cannot be read is all `rest`, as are comments and blank lines.
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

/** The parts of a line, which comes without its newline. `printLine` makes the line from them again. */
export function splitLine(text: string): LineParts {
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

/** The index where the type begins: with options before it, after the first blank outside quotes. */
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

/**
 * A file of keys without options, as RevokedKeys and TrustedUserCAKeys name one: sshd stops at the first line that is
 * no key.
 */
export type BareKeys = {
  lines: KeyLine[];
  /** The line where sshd stops, from 1, and why. */
  broken: { line: number; why: string } | null;
};

export function readBareKeys(bytes: Uint8Array): BareKeys {
  const lines: KeyLine[] = [];
  const stray = findStrayReturn(bytes);
  for (const line of readAuthorizedKeys(bytes)) {
    if (stray !== null && stray < line.line) break;
    // sshd skips a key that is too short and reads on.
    if (isTooShort(line)) continue;
    if (!isBareKey(line)) return { lines, broken: { line: line.line, why: "is not a bare key" } };
    lines.push(line);
  }
  return { lines, broken: stray === null ? null : { line: stray, why: "holds a carriage return alone" } };
}

const isTooShort = ({ key, options }: KeyLine): boolean =>
  options === "" && key?.keyType === "ssh-rsa" && (key.keyBits ?? 0) < 1_024;

const isBareKey = ({ key, keyTypeText, options }: KeyLine): boolean =>
  options === "" &&
  key !== null &&
  isKnownType(key.keyType) &&
  key.keyType !== "ssh-dss" &&
  (key.keyType === keyTypeText || keyTypeText?.startsWith("rsa-sha2-") === true);

/** The first line, from 1, with only a CRLF's carriage return: harmless in authorized_keys, but here sshd stops. */
function findStrayReturn(bytes: Uint8Array): number | null {
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1").split("\n");
  const index = lines.findIndex((line) => /^[ \t]*\r$/.test(line));
  return index < 0 ? null : index + 1;
}
