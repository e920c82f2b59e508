import type {
  Configuration,
  ConfigurationFiles,
  Named,
  Role,
  Serving,
} from "#domain/server-configs/configuration.ts";
import { COMMAND_LINE, createDraft, type Draft, folderOf, joinPath } from "#domain/server-configs/draft.ts";
import { isTrue, readCommand, readSettings, type Settings } from "./settings.ts";

/**
 * postgresql.conf with what it includes, then postgresql.auto.conf of the data folder, then the command line: the
 * last one that says something holds. A path that is not absolute counts from the data folder.
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
  if (isUnreadable) draft.wonder(`${automatic} was not read`, null);
  for (const [name, value] of command) settings.set(name, { value, at: COMMAND_LINE });
  nameOthers(draft, settings, data);
  if (hasGap || isUnreadable) draft.lack("a file of its configuration was not read");
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
    pairs: [
      { certificate: toFile("ssl_cert_file", "server.crt"), key: toFile("ssl_key_file", "server.key") },
    ],
    chain: null,
    unsure: hasGap || isUnreadable ? "a file of its configuration was not read" : null,
    at: ssl.at,
  });
  return draft.configuration;
}

function readListens(settings: Settings): Serving["listens"] {
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
