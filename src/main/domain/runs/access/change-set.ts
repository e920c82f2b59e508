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
  type PlannedVerification,
  type PrivateKeyPlan,
} from "#shared/model/runs/plan.ts";
import type { AccountFacts, FileFacts, FileStand, HostFacts } from "./plan-facts.ts";

/** Why no plan can be made, as a sentence. */
export type Unplannable = { refused: string };

/** A file that can be read. */
export type OpenFile = FileFacts & { stand: Exclude<FileStand, { kind: "absent" }>; bytes: Uint8Array };

/** What becomes of the lines of a file, and what was meant and is not done. */
export type FileChanges = {
  changes: readonly LineChange[];
  /** New lines at the end. */
  appended: readonly string[];
  notes: readonly string[];
  /** The options of the first line that changes, as it will be: by them it is verified. */
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

/** What a request comes to, before it is known what each host allows. */
export type ChangeSet = {
  /** With how many lines of these files go or change, where that says it. */
  titleOf(files: readonly Pick<FilePlan, "changes" | "removes">[]): string;
  /** The key that goes. */
  oldKey: string | null;
  newKey: NewKey | null;
  /**
   * What must log in before anything is removed: the new key; a certificate of the new authority, of which only a log
   * tells; the same key as before, with its new options; or nothing.
   */
  verifies: "new" | "log" | "old" | "none";
  changesFor(host: HostFacts, file: OpenFile): FileChanges;
  /** Accounts of a host that a line was to be added to, and that have no file for it. */
  lacking?(host: HostFacts): string[];
  /** Whether this grant of an account is one that goes or changes, so that it is no other way in. */
  concerns(grant: AccountFacts["grants"][number]): boolean;
};

/** What a host comes to. */
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

/** Whom a file lets in: one file may be read for several accounts. */
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

/** Every line that is neither blank nor a comment and that `isWanted`, in the order of the file. */
export function findLines(bytes: Uint8Array, isMatch: (read: KeyLine) => boolean): FoundLine[] {
  const matching = readAuthorizedKeys(bytes).filter(isMatch);
  if (matching.length === 0) return [];
  const lines = linesOf(bytes);
  return matching.flatMap((read) => {
    const line = lines[read.line - 1];
    return line ? [{ read, line, parts: splitLine(textOf(bytes, line)) }] : [];
  });
}

/** Up to its first NUL, where it ends to sshd; Latin-1. */
function textOf(bytes: Uint8Array, { at, end }: Line): string {
  const text = Buffer.from(bytes.subarray(at, end)).toString("latin1");
  const nul = text.indexOf("\0");
  return nul < 0 ? text : text.slice(0, nul);
}

/** What is written in place of a line: texts of a splice, without an end of line. */

/** The same line for another key: options, blanks and comment stay, byte by byte. One without a comment gets `comment`. */
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

/** A line of its own. */
export function newLine(options: string, comment: string): string {
  const before = options === "" ? "" : `${writeForeign(Buffer.from(options, "utf8"))} `;
  const after = comment === "" ? "" : ` ${writeForeign(Buffer.from(comment, "utf8"))}`;
  return `${before}${NEW_KEY_PLACEHOLDER}${after}`;
}

/** Latin-1. */
const foreign = (text: string): string => writeForeign(Buffer.from(text, "latin1"));

/** A file that is read for everybody is verified by so many of them: it is one line for all. */
const MOST_VERIFIED = 16;

/**
 * The accounts that have to show that the file lets them in: those for which an sshd of the host reads it. What the last scan has
 * seen let in counts as read, too, where nothing new is to log in by it: another address, or another sshd, may be meant.
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

/** Its sshd consults it, or another one does, as far as that is known; patterns as the scan takes them. */
const isRead = ({ consulted, consultedByOthers }: AccountFacts, file: FileFacts): boolean =>
  consulted === null ||
  [...consulted, ...consultedByOthers].some(
    (one) => one === file.realPath || pathsOf(file).some((path) => namesFile(one, path, true)),
  );

/** By the verdict of the last scan on a line that goes or changes. */
export const isSeenToLetIn = (changeSet: ChangeSet, { grants }: AccountFacts, file: FileFacts): boolean =>
  grants.some(
    (grant) => pathsOf(file).includes(grant.file) && changeSet.concerns(grant) && grant.effective !== "no",
  );

/** An account that sshd does not let in by any such line verifies nothing, where the file lets in another. */
function leaveOutShut(
  accounts: readonly AccountFacts[],
  file: FileFacts,
  changeSet: ChangeSet,
): readonly AccountFacts[] {
  const open = accounts.filter((account) => !isShut(changeSet, account, file));
  return open.length > 0 ? open : accounts;
}

/** Whether the last scan shows that sshd lets nobody in to the account by a line of the file that goes or changes. */
export function isShut(changeSet: ChangeSet, { grants }: AccountFacts, file: FileFacts): boolean {
  const own = grants.filter((grant) => pathsOf(file).includes(grant.file) && changeSet.concerns(grant));
  return own.length > 0 && own.every(({ effective }) => effective === "no");
}

/**
 * Each real file once, however many paths lead to it: written twice, the second write would meet what the first has made.
 * It lets in whoever any of the paths lets in.
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

/** The first that sshd reads for it and that is there. */
export function fileFor({ accounts, files }: HostFacts, name: string): string | null {
  const consulted = accounts.find((one) => one.name === name)?.consulted;
  const own = files.filter(({ accounts: of, stand }) => of.includes(name) && stand.kind !== "absent");
  const order = consulted ?? own.map(({ path }) => path);
  const named = order.flatMap((pattern) =>
    own.flatMap((file) => pathsOf(file).filter((path) => namesFile(pattern, path, true))),
  );
  return named[0] ?? null;
}
