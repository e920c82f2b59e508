import type {
  Configuration,
  ConfigurationFiles,
  Location,
  Named,
  Role,
  TlsBinding,
} from "./configuration.ts";
import { COMMAND_LINE, createDraft, type Draft, folderOf, joinPath } from "./draft.ts";

/** mysqld reads it before the file with which most systems begin. */
const EARLIER = "/etc/my.cnf";

/** my.cnf with what it includes, then the command line. A relative path begins at the data folder. */
export function readMysql(source: ConfigurationFiles): Configuration {
  const draft = createDraft(source);
  const options: Options = new Map();
  const { files, words } = readCommand(source);
  if (files.includes("/etc/mysql/my.cnf") && source.files.has(EARLIER)) files.unshift(EARLIER);
  for (const file of files) readOptions(draft, options, { file, by: null });
  for (const word of words) setOption(options, word.slice(2), COMMAND_LINE);
  if (draft.configuration.unknown.length > 0)
    draft.markIncomplete("a part of its configuration is not known");
  nameOthers(draft, options);
  const listens = readListens(options);
  if (listens.length === 0 || isOff(options)) return draft.configuration;
  const certificate = toNamed(options, "ssl-cert");
  const gap = draft.configuration.incomplete?.why ?? null;
  draft.serve({
    listens,
    names: [],
    namesFromCertificate: false,
    protocol: "mysql",
    deployments: certificate ? [{ certificate, key: toNamed(options, "ssl-key") }] : [],
    chain: null,
    unsure: certificate ? gap : "without ssl-cert it makes a certificate itself, or speaks no TLS",
    at: certificate?.at ?? options.get("port")?.at ?? { file: source.root, line: 1 },
  });
  return draft.configuration;
}

const isOff = (options: Options): boolean =>
  isSet(options, "skip-ssl") || /^(?:0|off|false)$/i.test(options.get("ssl")?.value ?? "");

const isSet = (options: Options, name: string): boolean => {
  const found = options.get(name);
  return found !== undefined && !/^(?:0|off|false)$/i.test(found.value ?? "1");
};

/** Without bind-address, the server listens at every address of both families. */
function readListens(options: Options): TlsBinding["listens"] {
  if (isSet(options, "skip-networking")) return [];
  const port = Number(options.get("port")?.value ?? 3306);
  const addresses = options.get("bind-address")?.value || "*";
  return addresses.split(",").map((text) => {
    const address = text.trim().toLowerCase();
    const isAny = address === "*" || address === "" || address === "::";
    return { address: isAny ? null : address, port: port === 0 ? 3306 : port, isDefault: true };
  });
}

function toNamed(options: Options, name: string): Named | null {
  const found = options.get(name);
  const data = options.get("datadir")?.value ?? "/var/lib/mysql";
  if (!found?.value) return null;
  return { path: joinPath(data, found.value), directive: found.directive, at: found.at };
}

const OTHERS: { [name: string]: Role } = { "ssl-ca": "client-ca", "ssl-crl": "crl" };

function nameOthers(draft: Draft, options: Options): void {
  for (const [name, role] of Object.entries(OTHERS)) {
    const named = toNamed(options, name);
    if (named) draft.name(role, named);
  }
}

/** By name with `-` for `_`: of an option that is given twice, the later one holds. `value` null: it has none. */
type Options = Map<string, { directive: string; value: string | null; at: Location }>;

/** Groups that mysqld and mariadbd read. */
const GROUPS = new Set(["mysqld", "server", "mariadb", "mariadbd", "client-server", "galera"]);
/** Groups that one version alone reads; we do not know which version runs. */
const VERSIONS = /^(?:mysqld|server|mariadb|mariadbd|galera)-\d+(?:\.\d+)*$/;
const DEEPEST_INCLUDE = 10;

function readOptions(
  draft: Draft,
  options: Options,
  { file, by, depth = 0 }: { file: string; by: Location | null; depth?: number },
): void {
  let group = "";
  for (const [index, raw] of (draft.open(file, by) ?? "").split("\n").entries()) {
    const line = raw.trim();
    const at = { file, line: index + 1 };
    const inclusion = /^!(include(?:dir)?)[ \t]+(.+)$/.exec(line);
    if (inclusion && depth >= DEEPEST_INCLUDE) draft.warn("files include each other too deep", at);
    else if (inclusion) {
      const path = joinPath(folderOf(file), inclusion[2] ?? "");
      const files = inclusion[1] === "include" ? [path] : draft.expand(`${path}/*.cnf`, at);
      for (const inner of files) readOptions(draft, options, { file: inner, by: at, depth: depth + 1 });
    } else if (line.startsWith("[")) group = line.slice(1, line.indexOf("]")).trim();
    else if (line === "" || /^[#;]/.test(line)) continue;
    else if (GROUPS.has(group)) setOption(options, line, at);
    else if (VERSIONS.test(group) && /^(?:loose[-_])?(?:skip[-_])?(?:ssl|port|bind|datadir)/.test(line))
      draft.warn(`whether the group [${group}] is read by the version that runs`, at);
  }
}

/**
 * The options of the command line, which come after all files, or the file that it names instead of them. Of several
 * running servers, the one that reads this file counts.
 */
function readCommand({ commandLines, root }: ConfigurationFiles): {
  files: string[];
  words: string[];
} {
  const lines = commandLines.map((words) => words.slice(1).filter((word) => word.startsWith("--")));
  const named = (words: readonly string[], name: string) =>
    words.filter((word) => word.startsWith(`--${name}=`)).map((word) => word.slice(name.length + 3));
  const own = lines.find((words) => [undefined, root].includes(named(words, "defaults-file")[0]));
  const words = own ?? lines[0] ?? [];
  const [only] = named(words, "defaults-file");
  return { files: only === undefined ? [root, ...named(words, "defaults-extra-file")] : [only], words };
}

function setOption(options: Options, text: string, at: Location): void {
  const equals = text.indexOf("=");
  const written = equals < 0 ? cutComment(text) : text.slice(0, equals).trim();
  const name = written.replaceAll("_", "-").replace(/^loose-/, "");
  const value = equals < 0 ? null : readValue(text.slice(equals + 1));
  options.set(name, { directive: written, value, at });
}

/** A quoted value ends with its quote; after an unquoted one, "#" begins a comment. */
function readValue(text: string): string {
  const trimmed = text.trim();
  const quote = trimmed.charAt(0);
  const end = quote === '"' || quote === "'" ? trimmed.indexOf(quote, 1) : -1;
  return end > 0 ? trimmed.slice(1, end) : cutComment(trimmed);
}

function cutComment(text: string): string {
  const hash = text.indexOf("#");
  return (hash < 0 ? text : text.slice(0, hash)).trim();
}
