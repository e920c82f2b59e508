import type { Configuration, ConfigurationFiles, Place } from "#domain/server-configs/configuration.ts";
import { createDraft, joinPath } from "#domain/server-configs/draft.ts";
import { readLines } from "./lines.ts";
import { nameServerFiles, serveBind } from "./serve-bind.ts";
import { loadStored, nameFile, type State } from "./state.ts";

/**
 * haproxy.cfg: each certificate of a `bind` line serves the names of its crt-list, or else those in itself; the first
 * is served where none fits. What `global` says holds from its line on.
 */
export function readHaproxy(source: ConfigurationFiles): Configuration {
  const draft = createDraft(source);
  const state: State = {
    draft,
    section: "",
    bases: new Map(),
    storeBases: new Map(),
    storeName: "",
    stored: new Map(),
    variables: readVariables(source),
    isConditional: false,
  };
  for (const file of findFiles(source)) {
    const text = draft.open(file, null);
    if (text === null) draft.lack(`${file} was not read`);
    for (const { words, line } of readLines(text ?? "", state.variables))
      takeLine(state, words, { file, line });
  }
  return draft.configuration;
}

/** The files of the command line in their order, a folder for all its `.cfg`; or else the usual one. */
function findFiles({ root, commandLines, folders }: ConfigurationFiles): string[] {
  const words = commandLines.find((line) => line.includes("-f")) ?? [];
  const named = words.filter((_, index) => words[index - 1] === "-f");
  const paths = named.length > 0 ? named.map((path) => joinPath("/", path)) : [root];
  return paths.flatMap((path) => {
    const inside = folders.get(path)?.filter((name) => name.endsWith(".cfg") && !name.startsWith("."));
    return inside ? [...inside].sort().map((name) => joinPath(path, name)) : [path];
  });
}

/** What the file that starts the service puts into its environment. */
function readVariables({ files }: ConfigurationFiles): Map<string, string> {
  const lines = (files.get("/etc/default/haproxy") ?? "").split("\n");
  return new Map(
    lines.flatMap((line): [string, string][] => {
      const found = /^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)=["']?([^"'$`]*)/.exec(line);
      return found?.[1] ? [[found[1], (found[2] ?? "").trim()]] : [];
    }),
  );
}

const SECTIONS = new Set(
  [
    "global defaults frontend backend listen userlist peers mailers resolvers program cache http-errors ring",
    "log-forward log-profile fcgi-app crt-store traces acme",
  ].flatMap((words) => words.split(" ")),
);

function takeLine(state: State, [first = "", ...rest]: readonly string[], at: Place): void {
  const [value = "", next = ""] = rest;
  if (SECTIONS.has(first)) {
    state.section = first;
    state.storeName = value;
    state.storeBases = new Map();
    return;
  }
  switch (first) {
    case ".if":
      state.isConditional = true;
      return;
    case ".endif":
      state.isConditional = false;
      return;
    case "crt-base":
    case "key-base":
    case "ca-base":
      (state.section === "crt-store" ? state.storeBases : state.bases).set(first, joinPath("/", value));
      return;
    case "load":
      if (state.section === "crt-store") loadStored(state, rest, at);
      return;
    case "setenv":
      state.variables.set(value, next);
      return;
    case "ssl-dh-param-file":
      nameFile(state, "dhparam", { path: value, directive: first, at });
      return;
    case "bind":
      serveBind(state, rest, at);
      return;
    case "server":
    case "server-template":
    case "default-server":
      nameServerFiles(state, rest, at);
  }
}
