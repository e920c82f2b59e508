import type { ConfigurationFiles } from "#domain/server-configs/configuration.ts";
import { readApacheSites } from "./apache-site.ts";
import { readNginxSites } from "./nginx-site.ts";
import type { ChallengeSite, PortSite } from "./site.ts";

const HTTP = 80;
const MOST_HOPS = 5;

/**
 * From where the web servers of a host answer the challenges of a name, by their configurations; null where none of
 * them is at port 80. Authorities follow redirects, and so do we, as far as they stay on this host.
 */
export function findSite(sources: readonly ConfigurationFiles[], name: string): ChallengeSite | null {
  const sites = sources.map((source) =>
    source.server === "apache" ? readApacheSites(source) : readNginxSites(source),
  );
  let [port, host, where]: [number, string, string | null] = [HTTP, name, null];
  for (let hop = 0; hop < MOST_HOPS; hop++) {
    const [to, at]: [string, number] = [host, port];
    const site: PortSite | null = sites.map((find) => find(to, at)).find(Boolean) ?? null;
    if (site === null && where === null) return null;
    if (site === null)
      return { kind: "unsure", why: `is sent to ${to}:${at}, of which no configuration was read (${where})` };
    if (site.kind !== "sent-on") return site;
    [port, host, where] = [site.port, site.name ?? host, site.where];
  }
  return { kind: "unsure", why: `is sent on and on (${where})` };
}

const MARK = /^# configuration file (\/.*):$/;

/**
 * The files of a dump of `nginx -T`: each follows a line that names it. The dump has all included files, so each folder
 * counts as having nothing else. Null where there is no file.
 */
export function readDump(
  server: "nginx" | "apache",
  text: string,
  commandLine: readonly string[],
): ConfigurationFiles | null {
  const files = new Map<string, string>();
  const folders = new Map<string, string[]>();
  let open: { path: string; lines: string[] } | null = null;
  const close = () => {
    // A file that is included twice may be dumped twice, with the same text.
    if (open && !files.has(open.path)) files.set(open.path, open.lines.join("\n"));
  };
  for (const line of text.split("\n")) {
    const [, path] = MARK.exec(line) ?? [];
    if (path === undefined) open?.lines.push(line);
    else {
      close();
      open = { path, lines: [] };
    }
  }
  close();
  for (const path of files.keys()) {
    const end = path.lastIndexOf("/");
    const folder = path.slice(0, Math.max(end, 1));
    folders.set(folder, [...(folders.get(folder) ?? []), path.slice(end + 1)]);
  }
  const root = [...files.keys()].find((path) => !path.endsWith("/envvars"));
  if (root === undefined) return null;
  return { server, root, files, folders, unreadable: [], commandLines: [commandLine] };
}
