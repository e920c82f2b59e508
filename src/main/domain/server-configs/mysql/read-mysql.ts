import type {
  Configuration,
  ConfigurationFiles,
  Named,
  Role,
  Serving,
} from "#domain/server-configs/configuration.ts";
import { COMMAND_LINE, createDraft, type Draft, joinPath } from "#domain/server-configs/draft.ts";
import { type Options, readCommand, readOptions, setOption } from "./options.ts";

/** Read before the file that most systems begin with. */
const EARLIER = "/etc/my.cnf";

/** my.cnf with what it includes, then the command line. A path that is not absolute counts from the data folder. */
export function readMysql(source: ConfigurationFiles): Configuration {
  const draft = createDraft(source);
  const options: Options = new Map();
  const { files, words } = readCommand(source);
  if (files.includes("/etc/mysql/my.cnf") && source.files.has(EARLIER)) files.unshift(EARLIER);
  for (const file of files) readOptions(draft, options, { file, by: null });
  for (const word of words) setOption(options, word.slice(2), COMMAND_LINE);
  if (draft.configuration.unknown.length > 0) draft.lack("a part of its configuration is not known");
  nameOthers(draft, options);
  const listens = readListens(options);
  if (listens.length === 0 || isOff(options)) return draft.configuration;
  const certificate = toNamed(options, "ssl-cert");
  const gap = draft.configuration.mayLack?.why ?? null;
  draft.serve({
    listens,
    names: [],
    namesFromCertificate: false,
    protocol: "mysql",
    pairs: certificate ? [{ certificate, key: toNamed(options, "ssl-key") }] : [],
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

/** Without an address, it listens at every one of both families. */
function readListens(options: Options): Serving["listens"] {
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
