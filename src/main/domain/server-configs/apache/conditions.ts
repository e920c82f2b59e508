import type { ConfigurationFiles } from "#domain/server-configs/configuration.ts";

/** What is known of a running Apache while its configuration is read, from top to bottom. */
export type Surroundings = {
  /** By Define, -D and the environment that apachectl sets; an empty value where none was given. */
  variables: Map<string, string>;
  /** Names given by Define and -D, in any case as written. */
  defined: Set<string>;
  /** As `<IfModule>` may call them: ssl_module and mod_ssl.c. */
  modules: Set<string>;
};

/** In every Apache, without LoadModule. */
const BUILT_IN = ["core", "so", "http", "watchdog", "log_config", "logio", "version", "unixd"];

export function readSurroundings({ files, root, commandLines }: ConfigurationFiles): Surroundings {
  const surroundings: Surroundings = { variables: new Map(), defined: new Set(), modules: new Set() };
  for (const name of BUILT_IN) addModule(surroundings, `${name}_module`);
  const environment = files.get(root.replace(/[^/]*$/, "envvars")) ?? "";
  for (const line of environment.split("\n")) {
    const found = /^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)=(\S*)/.exec(line);
    if (found?.[1]) surroundings.variables.set(found[1], readValue(found[2] ?? "", surroundings.variables));
  }
  for (const words of commandLines) {
    for (const [index, word] of words.entries()) {
      const name = word === "-D" ? words[index + 1] : word.startsWith("-D") ? word.slice(2) : undefined;
      if (name) surroundings.defined.add(name);
    }
  }
  return surroundings;
}

/** A value of a shell's assignment; a variable that is not set is empty, as in a shell. */
const readValue = (value: string, variables: ReadonlyMap<string, string>): string =>
  value
    .replace(/^(["'])(.*)\1$/, "$2")
    .replace(
      /\$(?:\{(\w+)\}|(\w+))/g,
      (_, braced?: string, bare?: string) => variables.get(braced ?? bare ?? "") ?? "",
    );

export function addModule({ modules }: Surroundings, name: string): void {
  modules.add(name);
  modules.add(`mod_${name.replace(/_module$/, "")}.c`);
}

/** `${NAME}` for its value; what is not known stays as it is written. */
export const putVariables = (text: string, { variables }: Surroundings): string =>
  text.includes("${")
    ? text.replace(/\$\{([^{}:]+)\}/g, (whole, name: string) => variables.get(name) ?? whole)
    : text;

/** Whether a section's condition holds; null where that cannot be told. */
export function holds(
  name: string,
  words: readonly string[],
  { defined, modules }: Surroundings,
  { files, folders }: ConfigurationFiles,
): boolean | null {
  const [first = ""] = words;
  const isNegated = first.startsWith("!");
  const asked = isNegated ? first.slice(1) : first;
  switch (name) {
    case "<ifdefine":
      return defined.has(asked) !== isNegated;
    case "<ifmodule":
      return modules.has(asked) !== isNegated;
    case "<ifversion":
      return holdsForVersion(words);
    case "<iffile":
      return files.has(asked) || folders.has(asked) ? !isNegated : null;
    default:
      return null;
  }
}

const COMPARE = new Map<string, (own: number, asked: number) => boolean>(
  Object.entries({
    "=": (own, asked) => own === asked,
    "==": (own, asked) => own === asked,
    ">": (own, asked) => own > asked,
    ">=": (own, asked) => own >= asked,
    "<": (own, asked) => own < asked,
    "<=": (own, asked) => own <= asked,
  }),
);

/** Each release that is alive is some 2.4: only what holds for all of them, or for none, can be told. */
function holdsForVersion(words: readonly string[]): boolean | null {
  const [operator, version] = words.length > 1 ? words : ["=", words[0]];
  const isNegated = operator?.startsWith("!") === true;
  const compare = COMPARE.get(operator?.slice(isNegated ? 1 : 0) ?? "");
  const parts = /^(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?$/.exec(version ?? "");
  if (!compare || !parts) return null;
  const asked = (Number(parts[1]) * 1_000 + Number(parts[2])) * 1_000 + Number(parts[3] ?? 0);
  const [oldest, newest] = [2_004_001, 2_004_999];
  const some = asked > oldest && asked < newest ? [oldest, asked, newest] : [oldest, newest];
  const answers = new Set(some.map((own) => compare(own, asked)));
  return answers.size > 1 ? null : answers.has(true) !== isNegated;
}
