import { matchesGlob } from "#domain/ssh/patterns.ts";
import { spend } from "#domain/work-budget.ts";
import type {
  Configuration,
  ConfigurationFiles,
  Location,
  Named,
  Role,
  TlsBinding,
} from "./configuration.ts";

/** A configuration that is being read: what was found so far, within limits. */
export type Draft = {
  readonly source: ConfigurationFiles;
  readonly configuration: Configuration;
  /** The text of a file that the reader reads now; null, with a warning, where it is missing or over the limits. */
  open(path: string, by: Location | null): string | null;
  /** Whether the path certainly does not exist: its folder was listed without it. */
  isAbsent(path: string): boolean;
  /** The files that match a pattern, in the order of their names; warns where some may be missing. */
  expand(pattern: string, by: Location): string[];
  serve(binding: TlsBinding): void;
  /** Records that the server speaks no TLS there. */
  leavePlain(listens: readonly { address: string | null; port: number }[]): void;
  name(role: Role, named: Named): void;
  warn(what: string, at: Location | null): void;
  /** Records that more bindings may exist, and why; a reason for all names replaces one that is `onlyForNames`. */
  markIncomplete(why: string, onlyForNames?: boolean): void;
};

/** The location of a setting that is in no file. */
export const COMMAND_LINE: Location = { file: "the command line", line: 1 };

/** A file counts each time it is included: files that include each other twice would double for ever. */
const MOST_OPENED = 2_000;
const MOST_CHARACTERS = 32 * 1024 * 1024;
const MOST_BINDINGS = 20_000;
const MOST_NAMED = 20_000;
const MOST_UNKNOWN = 500;

export function createDraft(source: ConfigurationFiles): Draft {
  const { server, root } = source;
  const notWhole = new Set(source.unreadable);
  const found = { bindings: [], alsoNamed: [], unknown: [] };
  const configuration: Configuration = { server, root, incomplete: null, ...found };
  if (source.isStarted) configuration.isStarted = true;
  if (source.addresses) configuration.addresses = source.addresses;
  const left = new Set<string>();
  let [opened, characters] = [0, 0];
  return { source, configuration, open, isAbsent, expand, serve, leavePlain, name, warn, markIncomplete };

  function open(path: string, by: Location | null): string | null {
    const text = source.files.get(path);
    if (text === undefined) {
      const why = isAbsent(path) ? "does not exist" : "was not read";
      warn(by ? `${path} is included and ${why}` : `${path} ${why}`, by);
      return null;
    }
    if (notWhole.has(path)) {
      markIncomplete("a part of its configuration was not read");
      warn(`${path} was read in part`, by);
    }
    spend(10 + (text.length >> 3));
    opened++;
    characters += text.length;
    if (opened <= MOST_OPENED && characters <= MOST_CHARACTERS) return text;
    overflow(by);
    return null;
  }

  function isAbsent(path: string): boolean {
    return !isPattern(path) && isMissing(source, path);
  }

  function expand(pattern: string, by: Location): string[] {
    const { paths, isWhole } = expandPattern(source, pattern);
    if (!isWhole) warn(`what ${pattern} stands for was not read`, by);
    return paths;
  }

  function serve(binding: TlsBinding): void {
    if (configuration.bindings.length < MOST_BINDINGS) configuration.bindings.push(binding);
    else overflow(binding.at);
  }

  function leavePlain(listens: readonly { address: string | null; port: number }[]): void {
    const plain = configuration.plain ?? [];
    configuration.plain = plain;
    for (const { address, port } of listens) {
      const key = `${address} ${port}`;
      if (plain.length >= MOST_NAMED || left.has(key)) continue;
      left.add(key);
      plain.push({ address, port });
    }
  }

  function name(role: Role, named: Named): void {
    if (configuration.alsoNamed.length < MOST_NAMED) configuration.alsoNamed.push({ ...named, role });
    else overflow(named.at);
  }

  function warn(what: string, at: Location | null): void {
    if (configuration.unknown.length < MOST_UNKNOWN) configuration.unknown.push({ what, at });
  }

  function markIncomplete(why: string, onlyForNames = false): void {
    const { incomplete } = configuration;
    if (!incomplete || (incomplete.onlyForNames && !onlyForNames))
      configuration.incomplete = { why, onlyForNames };
  }

  function overflow(at: Location | null): void {
    markIncomplete("there is more of its configuration than is read");
    warn("there is more of it than is read, from here on", at);
  }
}

/** Whether a folder above was listed, and the next part of the path is not in it. */
function isMissing({ files, folders }: ConfigurationFiles, path: string): boolean {
  if (files.has(path) || folders.has(path)) return false;
  let below = path;
  while (below !== "/") {
    const above = folderOf(below);
    const names = folders.get(above);
    spend(1 + ((names?.length ?? 0) >> 2));
    if (names) return !names.includes(below.slice(below.lastIndexOf("/") + 1));
    below = above;
  }
  return false;
}

/** `isWhole`: the pattern certainly matches nothing else. */
function expandPattern(source: ConfigurationFiles, pattern: string): { paths: string[]; isWhole: boolean } {
  const { files, folders, unreadable } = source;
  if (!isPattern(pattern)) return { paths: [pattern], isWhole: true };
  const paths = new Set<string>();
  spend(files.size + folders.size + unreadable.length);
  for (const path of files.keys()) if (matchesGlob(path, pattern)) paths.add(path);
  const named = folderOf(pattern);
  for (const [folder, names] of folders) {
    if (folder !== named && !matchesGlob(folder, named)) continue;
    for (const path of names.map((name) => joinPath(folder, name)))
      if (!folders.has(path) && matchesGlob(path, pattern)) paths.add(path);
  }
  const fixed = fixedFolderOf(pattern);
  const isUnreadable = unreadable.some(
    (path) => path === pattern || path === fixed || matchesGlob(path, pattern),
  );
  const isListed = folders.has(fixed) || isMissing(source, fixed);
  return { paths: [...paths].sort(byBytes), isWhole: isListed && !isUnreadable };
}

export const isPattern = (path: string): boolean => /[*?[]/.test(path);

/** The order of glob(3) in the C locale. */
const byBytes = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

/** The folder of a path, without a slash at its end; "/" for a path in the root folder. */
export const folderOf = (path: string): string => path.slice(0, Math.max(path.lastIndexOf("/"), 1));

/** The deepest folder that the pattern names without a wildcard. */
function fixedFolderOf(pattern: string): string {
  const wildcard = pattern.search(/[*?[]/);
  return folderOf(pattern.slice(0, wildcard));
}

/** `path` relative to `folder`, without empty parts, "." and ".."; an absolute path stays so. */
export function joinPath(folder: string, path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${folder}/${path}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
