import type { ConfigurationFiles } from "#domain/server-configs/configuration.ts";

const MARK = /^# configuration file (\/.*):$/;

/**
 * The files of a dump, as `nginx -T` writes it: each after a line that names it. All that is included is in it, so each
 * folder has nothing else. Null where there is no file.
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
    // What is included twice is dumped once or twice, and is the same.
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
  return { server, root, files, folders, unread: [], commandLines: [commandLine] };
}
