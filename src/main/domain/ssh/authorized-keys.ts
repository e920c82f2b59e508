import { type PublicKey, readKeyBlob, typeInCertificate } from "./key-blob.ts";
import { isFlagOn, type LineOption, readLineOptions } from "./line-options.ts";
import { decodeBase64 } from "./wire.ts";

/** A line of an authorized_keys file that is neither blank nor a comment, as sshd reads it. */
export type KeyLine = {
  /** From 1, every line counted. */
  line: number;
  /** Without its newline. Bytes that are not UTF-8 are replaced here and in the other texts, nowhere else. */
  text: string;
  /** As they stand before the key; empty for none. */
  options: string;
  parsedOptions: LineOption[];
  /** The key, also on a line that sshd would ignore for another reason; null where none can be read. */
  key: PublicKey | null;
  /** The type that the line names; null where it names none. */
  keyTypeText: string | null;
  comment: string;
  /** Why sshd ignores the line whatever its settings and the date; null when it does not. */
  problem: string | null;
};

/** Every name that sshd takes at the beginning of a key: to it, a word that is none of these begins the options. */
const KEY_TYPES: ReadonlySet<string> = new Set(
  [
    ...["ssh-ed25519", "ssh-rsa", "ssh-dss", "rsa-sha2-256", "rsa-sha2-512"],
    ...["ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"],
    ...["sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"],
    ...["webauthn-sk-ecdsa-sha2-nistp256@openssh.com"],
    ...["ssh-mldsa44-ed25519@openssh.com", "ssh-xmss@openssh.com"],
  ].flatMap((type) => [type, `${type.replace("@openssh.com", "")}-cert-v01@openssh.com`]),
);

/** sshd reads no RSA key of fewer bits, whatever RequiredRSASize says. */
const SHORTEST_RSA = 1_024;

/** The lines that may let somebody in, and those that were meant to: one each that is neither blank nor a comment. */
export function readAuthorizedKeys(bytes: Uint8Array): KeyLine[] {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const isPlain = !/[\0\x80-\xff]/.test(file);
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

/** What can be read of a line as Latin-1, a character for each byte. */
type Read = Omit<KeyLine, "line" | "text">;

function readLine(
  line: number,
  raw: string,
  { start, isPlain }: { start: number; isPlain: boolean },
): KeyLine {
  if (isPlain) {
    const { options, parsedOptions, key, keyTypeText, comment, problem } = readEntry(raw.slice(start));
    return { line, text: raw, options, parsedOptions, key, keyTypeText, comment, problem };
  }
  // To sshd a line ends at its first NUL.
  const nul = raw.indexOf("\0");
  const read = readEntry(nul < 0 ? raw.slice(start) : raw.slice(start, Math.max(nul, start)));
  return {
    line,
    text: toUtf8(raw),
    options: toUtf8(read.options),
    parsedOptions: read.parsedOptions.map((option) => ({
      ...option,
      value: option.value === null ? null : toUtf8(option.value),
    })),
    key: read.key,
    keyTypeText: read.keyTypeText === null ? null : toUtf8(read.keyTypeText),
    comment: toUtf8(read.comment),
    problem: read.problem === null ? null : toUtf8(read.problem),
  };
}

/** sshd's order: a key at the beginning, otherwise options up to the first blank outside quotes and then a key. */
function readEntry(entry: string): Read {
  const bare = readKeyAt(entry, 0);
  if (bare?.key && !bare.problem) return bare;

  const end = endOfOptions(entry);
  const late = end === null ? null : readKeyAt(entry, skipSpace(entry, end, entry.length));
  if (late?.key) {
    const options = entry.slice(0, end as number);
    const { options: parsedOptions, problem } = readLineOptions(options);
    return {
      ...late,
      options,
      parsedOptions,
      problem: problem ?? late.problem ?? findMisuse(late.key, parsedOptions),
    };
  }
  const { found, options } = bare
    ? { found: bare, options: "" }
    : { found: late, options: late ? entry.slice(0, end ?? 0) : "" };
  const problem = found?.problem ?? explain(entry, end);
  return { ...(found ?? NOTHING), options, parsedOptions: readLineOptions(options).options, problem };
}

const NO_OPTIONS: LineOption[] = [];
const NOTHING: Read = {
  options: "",
  parsedOptions: NO_OPTIONS,
  key: null,
  keyTypeText: null,
  comment: "",
  problem: null,
};

/** A type's name, blanks, base64, blanks, comment; null when no type stands there. */
function readKeyAt(entry: string, from: number): Read | null {
  const typeEnd = endOfWord(entry, from);
  const keyTypeText = entry.slice(from, typeEnd);
  const isKnown = KEY_TYPES.has(keyTypeText);
  if (!isKnown && !looksLikeType(keyTypeText)) return null;
  const start = skipSpace(entry, typeEnd, entry.length);
  const end = endOfWord(entry, start);
  const comment = trimReturn(entry.slice(skipSpace(entry, end, entry.length)));
  if (start === end) return { ...NOTHING, keyTypeText, comment, problem: "the key itself is missing" };

  const blob = decodeBase64(entry.slice(start, end));
  const key = blob && readKeyBlob(blob);
  const problem = !key
    ? `the key cannot be read: its ${blob ? "bytes are damaged" : "base64 is cut or broken"}`
    : findKeyProblem(key, keyTypeText);
  return { options: "", parsedOptions: NO_OPTIONS, key, keyTypeText, comment, problem };
}

function findKeyProblem(key: PublicKey, keyTypeText: string): string | null {
  const named = keyTypeText.startsWith("rsa-sha2-") ? "ssh-rsa" : keyTypeText;
  if (key.keyType !== named) return `the line says ${keyTypeText}, but the key is of type ${key.keyType}`;
  if (!KEY_TYPES.has(keyTypeText)) return `no sshd known here takes keys of type ${keyTypeText}`;
  if (typeInCertificate(key.keyType)) return "this is a certificate; sshd takes only plain keys here";
  if (key.keyType === "ssh-rsa" && (key.keyBits ?? 0) < SHORTEST_RSA) {
    return `an RSA key of ${key.keyBits} bits is shorter than sshd reads (${SHORTEST_RSA})`;
  }
  return null;
}

/** What is wrong between a key and options that are each right. */
const findMisuse = (key: PublicKey, options: readonly LineOption[]): string | null =>
  isFlagOn(options, "cert-authority") && typeInCertificate(key.keyType)
    ? "a certificate cannot be an authority"
    : null;

function explain(entry: string, optionsEnd: number | null): string {
  if (entry.startsWith("\xef\xbb\xbf"))
    return "a byte order mark stands before the key; save the file without it";
  if (/^---- ?BEGIN/.test(entry)) return "this is a key in another format; convert it by ssh-keygen -i";
  if (optionsEnd === null) return "a quote in the options is never closed";
  if (/^\d+[ \t]+\d+[ \t]+\d+/.test(entry))
    return "this is a key of SSH protocol 1, which no sshd takes any more";
  return "no key can be read in this line";
}

/** Where the options end that the text begins with; null when a quote is never closed. */
function endOfOptions(entry: string): number | null {
  let isQuoted = false;
  let at = 0;
  for (; at < entry.length; at++) {
    const character = entry[at];
    if (!isQuoted && (character === " " || character === "\t")) break;
    if (character === "\\" && entry[at + 1] === '"') at++;
    else if (character === '"') isQuoted = !isQuoted;
  }
  return isQuoted ? null : Math.min(at, entry.length);
}

/** For a type that is not known here: `ssh-...`, `...@domain`. */
const looksLikeType = (word: string): boolean =>
  word.length <= 100 && /^(?:ssh|ecdsa|sk|webauthn)-[a-z0-9-]+(?:@[a-z0-9.-]+)?$/.test(word);

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

/** A line that holds nothing but the carriage return of a CRLF is blank to a reader, and of no use to sshd. */
const isCarriageReturn = (file: string, start: number, until: number): boolean =>
  start + 1 === until && file[start] === "\r";

const trimReturn = (text: string): string => (text.endsWith("\r") ? text.slice(0, -1) : text);

const toUtf8 = (latin1: string): string =>
  /[\x80-\xff]/.test(latin1) ? Buffer.from(latin1, "latin1").toString("utf8") : latin1;
