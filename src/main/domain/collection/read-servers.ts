import type { ConfigurationFiles, ServerKind } from "#domain/server-configs/configuration.ts";
import { readStartedWith } from "#domain/server-configs/running-root.ts";
import type { Listener, Listening, Process, Unreadable } from "./collection.ts";
import { nameOf, type Record } from "./stream.ts";

export function readListening(records: readonly Record[]): Listening {
  const record = records.find(({ kind }) => kind === "addresses");
  const clock = { boot: Number(record?.value("boot") || Number.NaN), hz: Number(record?.value("hz") ?? 100) };
  const processes = records.flatMap((record) => readProcess(record, clock) ?? []);
  return {
    listeners: record ? records.flatMap((record) => readListener(record) ?? []) : null,
    processes: new Map(processes.map((process) => [process.pid, process])),
    addresses: record ? readAddresses(record) : null,
  };
}

function readListener(record: Record): Listener | null {
  const [, address = "", port = ""] =
    (record.kind === "listener" &&
      /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(record.value("socket") ?? "")) ||
    [];
  if (port === "") return null;
  return {
    address: address.length === 8 ? formatAddress4(address) : formatAddress6(reverseWords(address)),
    port: Number.parseInt(port, 16),
    pids: record.values("pid").map(Number).filter(Number.isSafeInteger),
  };
}

function readProcess(record: Record, { boot, hz }: { boot: number; hz: number }): Process | null {
  const pid = Number(record.value("pid"));
  if (record.kind !== "process" || !Number.isSafeInteger(pid)) return null;
  const ticks = record.value("ticks");
  const startedAt = ticks === null ? Number.NaN : Math.floor(boot + Number(ticks) / hz);
  return {
    pid,
    name: nameProcess(record),
    startedAt: Number.isSafeInteger(startedAt) ? startedAt : null,
    arguments: record.values("argument"),
  };
}

/** A process that is no server of root's is named as another program. */
function nameProcess(record: Record): string {
  const name = record.value("name") ?? "";
  if (record.value("elsewhere") !== null) return `${name} in a container`;
  return record.value("strange") === null ? name : `${name} that root has not started`;
}

function readAddresses(record: Record): string[] {
  const four = record.values("address").filter((address) => !address.startsWith("127."));
  const six = record
    .values("address6")
    .filter((hex) => /^[0-9a-f]{32}$/.test(hex))
    .map((hex) => formatAddress6(hex))
    .filter((address) => address !== "::1" && !/^fe[89ab]/.test(address));
  return [...new Set([...four, ...six])];
}

/** The kernel prints IPv4 as a number in the machine's byte order: little-endian, wherever this collector runs. */
const formatAddress4 = (hex: string): string => [...Buffer.from(hex, "hex")].reverse().join(".");

/** The same of IPv6, a number for each four bytes. */
const reverseWords = (hex: string): string =>
  [0, 8, 16, 24]
    .map((at) =>
      Buffer.from(hex.slice(at, at + 8), "hex")
        .reverse()
        .toString("hex"),
    )
    .join("");

/** As RFC 5952 writes it; an IPv4-mapped address is written as IPv4. */
function formatAddress6(hex: string): string {
  const mapped = /^0{20}f{4}([0-9a-f]{8})$/i.exec(hex);
  if (mapped) return [...Buffer.from(mapped[1] ?? "", "hex")].join(".");
  const groups = hex.match(/.{4}/g)?.map((group) => group.replace(/^0{1,3}/, "").toLowerCase()) ?? [];
  const text = groups.join(":");
  const zeros = [...text.matchAll(/(?<![^:])0(?::0)+(?![^:])/g)].sort(
    (one, other) => other[0].length - one[0].length,
  );
  const longest = zeros[0];
  if (!longest) return text;
  const before = text.slice(0, longest.index).replace(/:$/, "");
  const after = text.slice(longest.index + longest[0].length).replace(/^:/, "");
  return `${before}::${after}`;
}

/** The process names of each server. */
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

/** Whether a process of that name may belong to this server. */
export const isProcessOf = (server: ServerKind, name: string): boolean => PROCESSES[server].includes(name);

/** The server that a process of that name belongs to; null: none whose configuration is read here. */
export const serverOf = (name: string): ServerKind | null =>
  (Object.keys(PROCESSES) as ServerKind[]).find((server) => isProcessOf(server, name)) ?? null;

/** What the configurations of servers say of TLS: an entry for each file where a server begins to read. */
export function readServerConfigs(
  records: readonly Record[],
  {
    listening,
    unreadable,
    pemOrders,
    hostName,
  }: {
    listening: Listening;
    unreadable: readonly Unreadable[];
    pemOrders: ReadonlyMap<string, string>;
    hostName: string | null;
  },
): ConfigurationFiles[] {
  const running = [...listening.processes.values()];
  const folders = new Map(
    records.flatMap((record) => {
      const path = record.kind === "listing" ? record.value("path") : null;
      return path === null ? [] : [[path, record.values("name").sort()] as const];
    }),
  );
  const hidden = unreadable
    .filter(({ kind }) => kind === "server-config" || kind === "certificate-file" || kind === "limit")
    .map(({ path }) => path);
  const textsOf = new Map<ServerKind, ReadonlyMap<string, string>>();
  return records.flatMap((record) => {
    const server = record.value("server");
    const root = record.value("root");
    if (record.kind !== "server" || !isKind(server) || root === null) return [];
    const files = textsOf.get(server) ?? readTexts(records, server);
    textsOf.set(server, files);
    const isStarted = record.value("started") !== null;
    const lines = running.filter(({ name }) => isProcessOf(server, name)).map((one) => one.arguments);
    const begins = isStarted ? root : (findBeginning(server, { root, files, lines }) ?? root);
    return {
      server,
      root: begins,
      files,
      folders,
      unreadable: hidden,
      pemOrders,
      isStarted,
      commandLines: keepOwn(server, begins, lines),
      addresses: listening.addresses,
      hostName,
    };
  });
}

type Lines = readonly (readonly string[])[];

/**
 * The first file that a running HAProxy was started with instead of the usual one, which is in the usual folder and was
 * read with it; null: none.
 */
function findBeginning(
  server: ServerKind,
  { root, files, lines }: { root: string; files: ReadonlyMap<string, string>; lines: Lines },
): string | null {
  if (server !== "haproxy") return null;
  const started = lines.flatMap((words) => readStartedWith(server, words) ?? []);
  if (started.some((one) => [one.root ?? root, ...one.others].includes(root))) return null;
  return started.flatMap((one) => (one.root !== null && files.has(one.root) ? one.root : []))[0] ?? null;
}

/**
 * The arguments of another instance of the server do not apply to this one. If no process is an instance of this one,
 * all are kept, because they show that.
 */
function keepOwn(server: ServerKind, root: string, lines: Lines): Lines {
  const record = lines.map((words) => ({ words, started: readStartedWith(server, words) }));
  const isOwn = ({ started }: (typeof record)[number]) =>
    started !== null && [started.root ?? root, ...started.others].includes(root);
  return record.some(isOwn)
    ? record.filter((one) => one.started === null || isOwn(one)).map(({ words }) => words)
    : lines;
}

/** The configurations that running servers were started with and that were not read, each once. */
export function findUnreadableRoots(
  { processes }: Listening,
  configs: readonly ConfigurationFiles[],
  unreadable: readonly Unreadable[],
): Unreadable[] {
  const known = new Set([...configs.map(({ root }) => root), ...unreadable.map(({ path }) => path)]);
  return [...processes.values()].flatMap(({ name, arguments: words }): Unreadable[] => {
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
        record.kind === "server-config" && record.value("server") === server ? record.value("path") : null;
      return path === null ? [] : [[path, readText(record.bytes)] as const];
    }),
  );
}

/** A bar precedes each line, because a line might look like a record. Paths in it are decoded as in records. */
function readText(bytes: Uint8Array): string {
  const lines = Buffer.from(bytes).toString("latin1").split("\n");
  return lines
    .filter((line) => line.startsWith("|"))
    .map((line) => nameOf(Buffer.from(line.slice(1), "latin1")))
    .join("\n");
}
