import type { Named, Pair, Place, Role } from "#domain/server-configs/configuration.ts";
import { type Draft, joinPath } from "#domain/server-configs/draft.ts";
import type { Answer } from "./conditions.ts";
import type { Environment } from "./environment.ts";

/** What is known of HAProxy while its configuration is read, from top to bottom. */
export type State = {
  draft: Draft;
  section: string;
  /** Folders by crt-base, key-base and ca-base, of `global` and of the crt-store that is being read. */
  bases: Map<string, string>;
  storeBases: Map<string, string>;
  storeName: string;
  /** Certificates of crt-store sections, by what `crt` calls them: `@store/alias`. */
  stored: Map<string, Pair>;
  environment: Environment;
  /** What `global` says for all `bind` lines that follow. */
  bindDefaults: { ciphers: string | null; isTls13Off: boolean | null; isUnsure: boolean };
  /** The `.if` blocks around, the innermost last. */
  branches: Branch[];
};

/** `isTaken`: whether what stands in it holds, null where that is not known; `isOver`: whether one before it did. */
export type Branch = { isTaken: Answer; isOver: Answer };

type Written = { path: string; directive: string; at: Place };

/** The file that a directive names; null where its folder is one that only the running process knows. */
export function toNamed(bases: ReadonlyMap<string, string>, base: string, written: Written): Named | null {
  const { path, directive, at } = written;
  if (path === "" || path.includes("${") || path.startsWith("@")) return null;
  const folder = bases.get(base);
  if (path.startsWith("/")) return { path: joinPath("/", path), directive, at };
  return folder === undefined ? null : { path: joinPath(folder, path), directive, at };
}

export function nameFile({ draft, bases }: State, role: Role, written: Written): void {
  const base = role === "client-ca" || role === "upstream-ca" || role === "crl" ? "ca-base" : "crt-base";
  const named = toNamed(bases, base, written);
  if (named) draft.name(role, named);
  else if (!written.path.startsWith("@")) draft.wonder(`which file ${written.path} is`, written.at);
}

/** `load crt FILE [key FILE] [alias NAME]` of a crt-store. */
export function loadStored(state: State, words: readonly string[], at: Place): void {
  const follow = (word: string): string | undefined =>
    words.includes(word) ? words[words.indexOf(word) + 1] : undefined;
  const [path, keyPath] = [follow("crt") ?? "", follow("key")];
  const bases = new Map([...state.bases, ...state.storeBases]);
  const certificate = toNamed(bases, "crt-base", { path, directive: "load crt", at });
  if (!certificate) {
    state.draft.wonder(`which file ${path} is`, at);
    return;
  }
  const key =
    keyPath === undefined
      ? { ...certificate }
      : toNamed(bases, "key-base", { path: keyPath, directive: "load key", at });
  const folder = `@${state.storeName}/`;
  for (const name of [follow("alias"), path]) if (name) state.stored.set(folder + name, { certificate, key });
}
