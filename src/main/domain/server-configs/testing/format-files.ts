import type {
  Configuration,
  ConfigurationFiles,
  Listen,
  Named,
} from "#domain/server-configs/configuration.ts";
import { readConfiguration } from "#domain/server-configs/read-configuration.ts";

type Wish = Partial<ConfigurationFiles> & Pick<ConfigurationFiles, "server">;

/**
 * The configuration of a host: the text of each file by its path, where the server begins with the first, and a command
 * line as words. All folders of the files count as listed, except the root folder.
 */
export function makeFiles(wish: Wish, texts: { [path: string]: string }): ConfigurationFiles {
  const paths = Object.keys(texts);
  const folders = new Map<string, string[]>();
  for (const path of paths) {
    const parts = path.split("/");
    for (let end = parts.length - 1; end > 1; end--) {
      const folder = parts.slice(0, end).join("/") || "/";
      const names = folders.get(folder) ?? [];
      const name = parts[end] ?? "";
      folders.set(folder, names.includes(name) ? names : [...names, name]);
    }
  }
  return {
    root: paths[0] ?? "/",
    files: new Map(Object.entries(texts)),
    folders,
    unreadable: [],
    commandLines: [],
    ...wish,
  };
}

/** A configuration as text for people, a line for each thing. */
function formatConfiguration(configuration: Configuration): string {
  const { bindings, alsoNamed, unknown, incomplete } = configuration;
  const lines = [
    ...bindings.flatMap((serving) => [
      `${serving.listens.map(formatListen).join(" ")} ${serving.protocol} at ${formatFileLine(serving)}`,
      ...(serving.names.length > 0 ? [`  names ${serving.names.join(" ")}`] : []),
      ...(serving.namesFromCertificate ? ["  names of the certificate"] : []),
      ...serving.deployments.flatMap(({ certificate, key }) => [
        `  certificate ${formatNamed(certificate)}`,
        `  key ${key ? formatNamed(key) : "unknown"}`,
      ]),
      ...(serving.chain ? [`  chain ${formatNamed(serving.chain)}`] : []),
      ...(serving.unsure ? [`  unsure: ${serving.unsure}`] : []),
    ]),
    ...alsoNamed.map((named) => `${named.role} ${formatNamed(named)}`),
    ...unknown.map(({ what, at }) => `unknown: ${what}${at ? ` (${formatFileLine({ at })})` : ""}`),
    ...(incomplete ? [`may lack${incomplete.onlyForNames ? " names" : ""}: ${incomplete.why}`] : []),
  ];
  return lines.join("\n");
}

/** Reads and formats: most tests need no more. */
export const formatFiles = (wish: Wish, texts: { [path: string]: string }): string =>
  formatConfiguration(readConfiguration(makeFiles(wish, texts)));

const formatListen = ({ address, port, isDefault }: Listen): string =>
  `${address === null ? "any" : address.includes(":") ? `[${address}]` : address}:${port}${isDefault ? "!" : ""}`;

const formatFileLine = ({ at }: Pick<Named, "at">): string => `${at.file}:${at.line}`;

const formatNamed = ({ path, directive, at }: Named): string =>
  `${path} (${directive} ${formatFileLine({ at })})`;
