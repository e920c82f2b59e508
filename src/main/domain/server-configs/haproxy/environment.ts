import type { ConfigurationFiles } from "#domain/server-configs/configuration.ts";

/** What is known of the variables of HAProxy's environment, as its configuration goes on. */
export type Environment = {
  /** Those whose value is known. */
  values: Map<string, string>;
  /** Whether there is a variable of that name; of others whoever starts HAProxy knows. */
  there: Map<string, boolean>;
};

/** A value as it is, in quotes or not. Of others shells and systemd make different things. */
const PLAIN = /^[ \t]*(?<quote>["']?)(?<value>[^"'$`\\#;]*?)\k<quote>[ \t\r]*$/;

/** What the file that starts the service puts into its environment. */
export function readEnvironment({ files }: ConfigurationFiles): Environment {
  const environment: Environment = { values: new Map(), there: new Map() };
  for (const line of (files.get("/etc/default/haproxy") ?? "").split("\n")) {
    const found = /^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)=(.*)$/.exec(line);
    if (found?.[1]) put(environment, found[1], PLAIN.exec(found[2] ?? "")?.groups?.value);
  }
  return environment;
}

/** `setenv NAME VALUE` and its kin; without a value it is one that was not told. `isSure`: the line certainly holds. */
export function changeEnvironment(environment: Environment, words: readonly string[], isSure: boolean): void {
  const { values, there } = environment;
  const [directive, name = "", value] = words;
  const isKept = directive === "presetenv" && there.get(name) === true;
  if (isKept) return;
  if (directive === "resetenv") {
    values.clear();
    there.clear();
  } else if (!isSure) {
    for (const one of words.slice(1)) forget(environment, one);
  } else if (directive === "unsetenv") {
    for (const one of words.slice(1)) {
      values.delete(one);
      there.set(one, false);
    }
  } else {
    // What was there before keeps its value.
    const isOpen = directive === "presetenv" && there.get(name) === undefined;
    put(environment, name, isOpen ? undefined : value);
  }
}

function put({ values, there }: Environment, name: string, value: string | undefined): void {
  there.set(name, true);
  if (value === undefined) values.delete(name);
  else values.set(name, value);
}

function forget({ values, there }: Environment, name: string): void {
  values.delete(name);
  there.delete(name);
}
