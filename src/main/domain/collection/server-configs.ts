import type { ConfigurationFiles, ServerKind } from "#domain/server-configs/configuration.ts";
import type { Unread } from "./collection.ts";
import type { Listening } from "./listeners.ts";
import { nameOf, type Record } from "./record.ts";

/** The names under which the processes of a server run. */
const PROCESSES: { [Kind in ServerKind]: readonly string[] } = {
  nginx: ["nginx"],
  apache: ["apache2", "httpd"],
  haproxy: ["haproxy"],
  postfix: ["master"],
  dovecot: ["dovecot"],
  slapd: ["slapd"],
  postgresql: ["postgres"],
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
    return {
      server,
      root,
      files,
      folders,
      unread: hidden,
      pemOrders,
      isStarted: record.say("started") !== null,
      commandLines: running.filter(({ name }) => isProcessOf(server, name)).map((one) => one.arguments),
      addresses: listening.addresses,
      hostName,
    };
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
