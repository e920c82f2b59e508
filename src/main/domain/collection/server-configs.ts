import type { ConfigurationFiles, ServerKind } from "#domain/server-configs/configuration.ts";
import { readStartedWith } from "#domain/server-configs/running-root.ts";
import type { Unread } from "./collection.ts";
import type { Listening } from "./listeners.ts";
import { nameOf, type Record } from "./record.ts";

/** The names under which the processes of a server run. */
const PROCESSES: { [Kind in ServerKind]: readonly string[] } = {
  nginx: ["nginx"],
  apache: ["apache2", "httpd", "httpd-prefork", "httpd-worker", "httpd-event"],
  haproxy: ["haproxy"],
  postfix: ["master"],
  dovecot: ["dovecot"],
  slapd: ["slapd"],
  postgresql: ["postgres", "postmaster"],
  mysql: ["mariadbd", "mysqld"],
  sshd: ["sshd"],
};

const isKind = (text: string | null): text is ServerKind => text !== null && Object.hasOwn(PROCESSES, text);

/** Whether a process of that name may serve what this server's configuration says. */
export const isProcessOf = (server: ServerKind, name: string): boolean => PROCESSES[server].includes(name);

/** The server that a process of that name belongs to; null: none that is read here. */
export const serverOf = (name: string): ServerKind | null =>
  (Object.keys(PROCESSES) as ServerKind[]).find((server) => isProcessOf(server, name)) ?? null;

/** What the configurations of servers say of TLS: an entry for each place where a server begins to read. */
export function readServerConfigs(
  records: readonly Record[],
  {
    listening,
    unread,
    pemOrders,
    hostName,
  }: {
    listening: Listening;
    unread: readonly Unread[];
    pemOrders: ReadonlyMap<string, string>;
    hostName: string | null;
  },
): ConfigurationFiles[] {
  const running = [...listening.processes.values()];
  const folders = new Map(
    records.flatMap((record) => {
      const path = record.kind === "listing" ? record.say("path") : null;
      return path === null ? [] : [[path, record.sayAll("name").sort()] as const];
    }),
  );
  const hidden = unread
    .filter(({ kind }) => kind === "server-config" || kind === "certificate-file" || kind === "limit")
    .map(({ path }) => path);
  const textsOf = new Map<ServerKind, ReadonlyMap<string, string>>();
  return records.flatMap((record) => {
    const server = record.say("server");
    const root = record.say("root");
    if (record.kind !== "server" || !isKind(server) || root === null) return [];
    const files = textsOf.get(server) ?? readTexts(records, server);
    textsOf.set(server, files);
    const isStarted = record.say("started") !== null;
    const lines = running.filter(({ name }) => isProcessOf(server, name)).map((one) => one.arguments);
    const begins = isStarted ? root : (findBeginning(server, { root, files, lines }) ?? root);
    return {
      server,
      root: begins,
      files,
      folders,
      unread: hidden,
      pemOrders,
      isStarted,
      commandLines: keepOwn(server, begins, lines),
      addresses: listening.addresses,
      hostName,
    };
  });
}

type Lines = readonly (readonly string[])[];

/** HAProxy may be started with other files of the usual folder alone, which were read with it: the first of them; null: with the usual one. */
function findBeginning(
  server: ServerKind,
  { root, files, lines }: { root: string; files: ReadonlyMap<string, string>; lines: Lines },
): string | null {
  if (server !== "haproxy") return null;
  const started = lines.flatMap((words) => readStartedWith(server, words) ?? []);
  if (started.some((one) => [one.root ?? root, ...one.others].includes(root))) return null;
  return started.flatMap((one) => (one.root !== null && files.has(one.root) ? one.root : []))[0] ?? null;
}

/** What another instance of the server was started with says nothing of this one. Without one that is its own all are kept, which tell so. */
function keepOwn(server: ServerKind, root: string, lines: Lines): Lines {
  const told = lines.map((words) => ({ words, started: readStartedWith(server, words) }));
  const isOwn = ({ started }: (typeof told)[number]) =>
    started !== null && [started.root ?? root, ...started.others].includes(root);
  return told.some(isOwn)
    ? told.filter((one) => one.started === null || isOwn(one)).map(({ words }) => words)
    : lines;
}

/** The configurations that running servers were started with and that were not read, each once. */
export function findUnreadableRoots(
  { processes }: Listening,
  configs: readonly ConfigurationFiles[],
  unread: readonly Unread[],
): Unread[] {
  const known = new Set([...configs.map(({ root }) => root), ...unread.map(({ path }) => path)]);
  return [...processes.values()].flatMap(({ name, arguments: words }): Unread[] => {
    const server = serverOf(name);
    const started = server && readStartedWith(server, words);
    const root = started?.root ?? null;
    const isKnown = root === null || [root, ...(started?.others ?? [])].some((path) => known.has(path));
    if (!server || isKnown) return [];
    known.add(root);
    return [
      {
        kind: "server-config",
        path: root,
        why: `a running ${server} was started with it, and it was not read`,
      },
    ];
  });
}

function readTexts(records: readonly Record[], server: ServerKind): ReadonlyMap<string, string> {
  return new Map(
    records.flatMap((record) => {
      const path =
        record.kind === "server-config" && record.say("server") === server ? record.say("path") : null;
      return path === null ? [] : [[path, readText(record.bytes)] as const];
    }),
  );
}

/** Each line stands behind a bar, for it might look like a record. Paths in it read as they do in records. */
function readText(bytes: Uint8Array): string {
  const lines = Buffer.from(bytes).toString("latin1").split("\n");
  return lines
    .filter((line) => line.startsWith("|"))
    .map((line) => nameOf(Buffer.from(line.slice(1), "latin1")))
    .join("\n");
}
