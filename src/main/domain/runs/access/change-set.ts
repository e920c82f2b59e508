import { type Line, type LineChange, linesOf } from "#domain/runs/files/lines.ts";
import { writeForeign } from "#domain/runs/files/stages.ts";
import { type KeyLine, type LineParts, readAuthorizedKeys, splitLine } from "#domain/ssh/authorized-keys.ts";
import { namesFile } from "#domain/ssh/deciders/files.ts";
import {
  type Check,
  type FilePlan,
  hostIdOf,
  NEW_KEY_PLACEHOLDER,
  type NewKey,
  type PrivateKeyPlan,
} from "#shared/model/runs/plan.ts";
import type { PlannedVerification } from "#shared/model/runs/planned-verification.ts";
import type { AccountFacts, FileFacts, FileStand, HostFacts } from "./plan-facts.ts";

/** Why no plan can be made, as a sentence. */
export type Unplannable = { refused: string };

/** A file that can be read. */
export type OpenFile = FileFacts & { stand: Exclude<FileStand, { kind: "absent" }>; bytes: Uint8Array };

/** The changes to the lines of a file, and what was requested and is not done. */
export type FileChanges = {
  changes: readonly LineChange[];
  /** New lines at the end. */
  appended: readonly string[];
  notes: readonly string[];
  /** The new options of the first line that changes: the verification goes by them. */
  options: string;
  /** The lines are for certificates that the key has signed. */
  isAuthority: boolean;
};

export const NO_CHANGES: FileChanges = {
  changes: [],
  appended: [],
  notes: [],
  options: "",
  isAuthority: false,
};

/** The changes that a request means, before it is known what each host allows. */
export type ChangeSet = {
  /** The title, with the number of lines of these files that are removed or changed, if it has one. */
  titleOf(files: readonly Pick<FilePlan, "changes" | "removes">[]): string;
  /** The key that is removed. */
  oldKey: string | null;
  newKey: NewKey | null;
  /**
   * What must log in before anything is removed: the new key; a certificate of the new authority, which only a log
   * shows; the same key as before, with its new options; or nothing.
   */
  verifies: "new" | "log" | "old" | "none";
  changesFor(host: HostFacts, file: OpenFile): FileChanges;
  /** Accounts of a host that should get a line, and that have no file for it. */
  lacking?(host: HostFacts): string[];
  /** Whether this grant of an account is removed or changed, so that it is no other way to log in. */
  concerns(grant: AccountFacts["grants"][number]): boolean;
};

/** The draft of a host's part of the plan. */
export type Draft = {
  facts: HostFacts;
  files: FilePlan[];
  privateKeyLocations: PrivateKeyPlan[];
  verifications: { account: string; verification: PlannedVerification }[];
  checks: Check[];
  leftOut: string[];
  isAuthority: boolean;
};

export const openDraft = (facts: HostFacts): Draft => ({
  facts,
  files: [],
  privateKeyLocations: [],
  verifications: [],
  checks: [],
  leftOut: [],
  isAuthority: false,
});

/** The accounts that a file admits: one file may be read for several. */
export const accountsOf = ({ facts }: Draft, { account, path }: FilePlan): readonly string[] =>
  facts.files.find((file) => (file.realPath ?? file.path) === path)?.accounts ?? [account];

export const makeCheck = (
  state: Check["state"],
  id: string,
  { host, account = null }: { host: Pick<HostFacts, "host" | "port"> | null; account?: string | null },
  text: string,
): Check => ({ state, id, host: host && hostIdOf(host), account, text });

/** A line of an authorized_keys file: as sshd reads it, where its bytes are, and its parts. */
export type FoundLine = { read: KeyLine; line: Line; parts: LineParts };

/** Every line that is neither blank nor a comment and that `isMatch`, in the order of the file. */
export function findLines(bytes: Uint8Array, isMatch: (read: KeyLine) => boolean): FoundLine[] {
  const matching = readAuthorizedKeys(bytes).filter(isMatch);
  if (matching.length === 0) return [];
  const lines = linesOf(bytes);
  return matching.flatMap((read) => {
    const line = lines[read.line - 1];
    return line ? [{ read, line, parts: splitLine(textOf(bytes, line)) }] : [];
  });
}

/** Up to its first NUL, where the line ends for sshd; Latin-1. */
function textOf(bytes: Uint8Array, { at, end }: Line): string {
  const text = Buffer.from(bytes.subarray(at, end)).toString("latin1");
  const nul = text.indexOf("\0");
  return nul < 0 ? text : text.slice(0, nul);
}

/** New texts of lines: as in a splice, without an end of line. */

/**
 * The same line for another key: options, blanks and comment stay, byte for byte. If it has no comment, it gets
 * `comment`.
 */
export function withNewKey(parts: LineParts, comment: string): string {
  const { indent, options, afterOptions, rest } = parts;
  const before = foreign(`${indent}${options}${afterOptions}`);
  return `${before}${NEW_KEY_PLACEHOLDER}${rest.trim() === "" ? ` ${foreign(comment)}` : foreign(rest)}`;
}

/** The same line with other options. */
export function withOptions(parts: LineParts, options: string): string {
  const { indent, afterOptions, keyType, afterType, base64, rest } = parts;
  const gap = parts.options === "" ? " " : afterOptions;
  return foreign(`${indent}${options}${options === "" ? "" : gap}${keyType}${afterType}${base64}${rest}`);
}

/** A new line. */
export function newLine(options: string, comment: string): string {
  const before = options === "" ? "" : `${writeForeign(Buffer.from(options, "utf8"))} `;
  const after = comment === "" ? "" : ` ${writeForeign(Buffer.from(comment, "utf8"))}`;
  return `${before}${NEW_KEY_PLACEHOLDER}${after}`;
}

/** Latin-1. */
const foreign = (text: string): string => writeForeign(Buffer.from(text, "latin1"));

/** How many accounts verify a file that is read for everybody: it is one line for all. */
const MOST_VERIFIED = 16;

/**
 * The accounts that must show that the file admits them: those for which an sshd of the host reads it. If no new key
 * logs in by it, an account that the last scan has seen admitted counts, too: by another address, or another sshd.
 */
export function readersOf(
  changeSet: ChangeSet,
  { accounts }: HostFacts,
  file: FileFacts,
): readonly AccountFacts[] {
  const readers = accounts.filter(
    (account) =>
      file.accounts.includes(account.name) &&
      (isRead(account, file) || (changeSet.newKey === null && isSeenToLetIn(changeSet, account, file))),
  );
  return leaveOutShut(readers, file, changeSet).slice(0, MOST_VERIFIED);
}

/** The account's sshd consults it, or another one does, as far as that is known; patterns match as in a scan. */
const isRead = ({ consulted, consultedByOthers }: AccountFacts, file: FileFacts): boolean =>
  consulted === null ||
  [...consulted, ...consultedByOthers].some(
    (one) => one === file.realPath || pathsOf(file).some((path) => namesFile(one, path, true)),
  );

/** By the verdict of the last scan on a line that is removed or changed. */
export const isSeenToLetIn = (changeSet: ChangeSet, { grants }: AccountFacts, file: FileFacts): boolean =>
  grants.some(
    (grant) => pathsOf(file).includes(grant.file) && changeSet.concerns(grant) && grant.effective !== "no",
  );

/** Leaves out accounts that sshd admits by no such line, if the file admits another: they verify nothing. */
function leaveOutShut(
  accounts: readonly AccountFacts[],
  file: FileFacts,
  changeSet: ChangeSet,
): readonly AccountFacts[] {
  const open = accounts.filter((account) => !isShut(changeSet, account, file));
  return open.length > 0 ? open : accounts;
}

/**
 * Whether the last scan shows that sshd admits nobody to the account by a line of this file that is removed or changed. A line that is only
 * shadowed, since the same key comes first in another file, is not shut: it admits as soon as the other one is gone.
 */
export function isShut(changeSet: ChangeSet, { grants }: AccountFacts, file: FileFacts): boolean {
  const concerned = grants.filter((grant) => changeSet.concerns(grant));
  const own = concerned.filter((grant) => pathsOf(file).includes(grant.file));
  return own.length > 0 && concerned.every(({ effective }) => effective === "no");
}

/**
 * Each real file once, however many paths lead to it: a second write would meet what the first has made. It admits all
 * accounts that any of the paths admits.
 */
export function mergeFiles(files: readonly FileFacts[]): FileFacts[] {
  const byRealPath = Map.groupBy(files, ({ realPath, path }) => realPath ?? path);
  return [...byRealPath.values()].map((same) => {
    const main = same.find(({ stand }) => stand.kind === "file") ?? (same[0] as FileFacts);
    return {
      ...main,
      otherPaths: [...new Set(same.flatMap(pathsOf))].filter((path) => path !== main.path),
      accounts: [...new Set(same.flatMap(({ accounts }) => accounts))],
    };
  });
}

export const pathsOf = ({ path, otherPaths }: FileFacts): string[] => [path, ...otherPaths];

/** The first existing file that sshd reads for the account. */
export function fileFor({ accounts, files }: HostFacts, name: string): string | null {
  const consulted = accounts.find((one) => one.name === name)?.consulted;
  const own = files.filter(({ accounts: of, stand }) => of.includes(name) && stand.kind !== "absent");
  const order = consulted ?? own.map(({ path }) => path);
  const named = order.flatMap((pattern) =>
    own.flatMap((file) => pathsOf(file).filter((path) => namesFile(pattern, path, true))),
  );
  return named[0] ?? null;
}
