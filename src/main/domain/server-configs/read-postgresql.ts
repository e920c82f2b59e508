import type {
  Configuration,
  ConfigurationFiles,
  Location,
  Named,
  Role,
  TlsBinding,
} from "./configuration.ts";
import { COMMAND_LINE, createDraft, type Draft, folderOf, joinPath } from "./draft.ts";

/**
 * postgresql.conf with what it includes, then postgresql.auto.conf of the data folder, then the command line: the
 * last one that sets something holds. A relative path begins at the data folder.
 */
export function readPostgresql(source: ConfigurationFiles): Configuration {
  const draft = createDraft(source);
  const settings: Settings = new Map();
  readSettings(draft, settings, { file: source.root, by: null });
  const hasGap = draft.configuration.unknown.length > 0;
  const command = readCommand(source, settings);
  const data =
    command.get("data_directory") ?? settings.get("data_directory")?.value ?? folderOf(source.root);
  const automatic = joinPath(data, "postgresql.auto.conf");
  const isUnreadable = !source.files.has(automatic) && !draft.isAbsent(automatic);
  if (source.files.has(automatic)) readSettings(draft, settings, { file: automatic, by: null });
  if (isUnreadable) draft.warn(`${automatic} was not read`, null);
  for (const [name, value] of command) settings.set(name, { value, at: COMMAND_LINE });
  nameOthers(draft, settings, data);
  if (hasGap || isUnreadable) draft.markIncomplete("a file of its configuration was not read");
  const ssl = settings.get("ssl");
  if (!ssl || !isTrue(ssl.value)) return draft.configuration;
  const toFile = (name: string, usual: string): Named => {
    const written = settings.get(name);
    return {
      path: joinPath(data, written?.value || usual),
      directive: written ? name : "ssl",
      at: written?.at ?? ssl.at,
    };
  };
  draft.serve({
    listens: readListens(settings),
    names: [],
    namesFromCertificate: false,
    protocol: "postgres",
    deployments: [
      { certificate: toFile("ssl_cert_file", "server.crt"), key: toFile("ssl_key_file", "server.key") },
    ],
    chain: null,
    unsure: hasGap || isUnreadable ? "a file of its configuration was not read" : null,
    at: ssl.at,
  });
  return draft.configuration;
}

function readListens(settings: Settings): TlsBinding["listens"] {
  const port = Number(settings.get("port")?.value ?? 5432);
  const addresses = settings.get("listen_addresses")?.value ?? "localhost";
  const own = addresses.split(",").map((address) => address.trim().toLowerCase());
  return own
    .filter((address) => address !== "")
    .map((address) => ({ address: address === "*" ? null : address, port, isDefault: true }));
}

const OTHERS: { [name: string]: Role } = {
  ssl_ca_file: "client-ca",
  ssl_crl_file: "crl",
  ssl_dh_params_file: "dhparam",
};

function nameOthers(draft: Draft, settings: Settings, data: string): void {
  for (const [name, role] of Object.entries(OTHERS)) {
    const found = settings.get(name);
    if (found?.value) draft.name(role, { path: joinPath(data, found.value), directive: name, at: found.at });
  }
}

/** By name in lower case: of a setting that is made twice, the later one holds. */
type Settings = Map<string, { value: string; at: Location }>;

const DEEPEST_INCLUDE = 10;
const LINE = /^[ \t]*([A-Za-z_][\w.$]*)[ \t]*(?:=[ \t]*|[ \t])(?:'((?:[^'\\]|''|\\.)*)'|([^ \t#'][^ \t#]*))/;

function readSettings(
  draft: Draft,
  settings: Settings,
  { file, by, depth = 0 }: { file: string; by: Location | null; depth?: number },
): void {
  const lines = (draft.open(file, by) ?? "").split("\n");
  for (const [index, line] of lines.entries()) {
    const found = line.includes("#") || /\S/.test(line) ? LINE.exec(line) : null;
    if (!found) continue;
    const name = (found[1] ?? "").toLowerCase();
    const value = found[2] === undefined ? (found[3] ?? "") : undoEscapes(found[2]);
    const at = { file, line: index + 1 };
    if (!name.startsWith("include")) settings.set(name, { value, at });
    else if (depth >= DEEPEST_INCLUDE) draft.warn("files include each other too deep", at);
    else {
      for (const path of findIncluded(draft, { name, value, at }))
        readSettings(draft, settings, { file: path, by: at, depth: depth + 1 });
    }
  }
}

/** A relative path begins at the folder of the including file. A folder includes its `.conf` files. */
function findIncluded(
  draft: Draft,
  { name, value, at }: { name: string; value: string; at: Location },
): string[] {
  const path = joinPath(folderOf(at.file), value);
  if (name === "include") return [path];
  if (name === "include_if_exists") return draft.isAbsent(path) ? [] : [path];
  return name === "include_dir" ? draft.expand(`${path}/*.conf`, at) : [];
}

const undoEscapes = (text: string): string =>
  text.replace(/''|\\(.)/gs, (whole, escaped?: string) => (whole === "''" ? "'" : (escaped ?? "")));

const SHORT = new Map(
  Object.entries({
    "-p": "port",
    "-h": "listen_addresses",
    "-D": "data_directory",
  }),
);

/** The settings of the command line, by name. Of several running servers, the one with this configuration counts. */
function readCommand({ commandLines, root }: ConfigurationFiles, settings: Settings): Map<string, string> {
  const data = settings.get("data_directory")?.value ?? folderOf(root);
  for (const words of commandLines) {
    const command = readWords(words);
    const own = command.get("config_file");
    if (own === undefined ? command.get("data_directory") === data : joinPath("/", own) === root)
      return command;
  }
  return new Map();
}

function readWords(words: readonly string[]): Map<string, string> {
  const command = new Map<string, string>();
  for (const [index, word] of words.entries()) {
    const next = words[index + 1] ?? "";
    const written = word === "-c" ? next : /^(?:-c|--)(?=.)/.test(word) ? word.slice(2) : "";
    const equals = written.indexOf("=");
    if (equals > 0)
      command.set(written.slice(0, equals).replaceAll("-", "_").toLowerCase(), written.slice(equals + 1));
    else if (word === "-l") command.set("ssl", "on");
    else command.set(SHORT.get(word) ?? "", next);
  }
  return command;
}

/** As Postgres reads a boolean: any unambiguous prefix of on, true or yes, or 1. */
const isTrue = (value: string): boolean => /^(?:on|t(?:r(?:ue?)?)?|y(?:es?)?|1)$/i.test(value.trim());
