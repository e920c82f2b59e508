import type { Record } from "./record.ts";

/** A process that holds a listening socket. */
export type Process = {
  pid: number;
  /** At most 15 bytes, as the process itself may have set it; and whether it is in a container, with files of its own, or no server of root's. */
  name: string;
  /** Seconds since the epoch; null where it could not be told. */
  startedAt: number | null;
  /** Of known servers only, without what may be a secret; empty otherwise. */
  arguments: string[];
};

/** A TCP socket that listens. `address`: IPv6 without brackets; "0.0.0.0" and "::" for all of one's family. */
export type Listener = { address: string; port: number; pids: number[] };

export type Listening = {
  /** Null: they could not be told. */
  listeners: Listener[] | null;
  processes: ReadonlyMap<number, Process>;
  /** The host's own addresses but those of loopback and of one link; null: they could not be told. */
  addresses: string[] | null;
};

export function readListening(records: readonly Record[]): Listening {
  const told = records.find(({ kind }) => kind === "addresses");
  const clock = { boot: Number(told?.say("boot") || Number.NaN), hz: Number(told?.say("hz") ?? 100) };
  const processes = records.flatMap((record) => readProcess(record, clock) ?? []);
  return {
    listeners: told ? records.flatMap((record) => readListener(record) ?? []) : null,
    processes: new Map(processes.map((process) => [process.pid, process])),
    addresses: told ? readAddresses(told) : null,
  };
}

function readListener(record: Record): Listener | null {
  const [, address = "", port = ""] =
    (record.kind === "listener" &&
      /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(record.say("socket") ?? "")) ||
    [];
  if (port === "") return null;
  return {
    address: address.length === 8 ? formatAddress4(address) : formatAddress6(reverseWords(address)),
    port: Number.parseInt(port, 16),
    pids: record.sayAll("pid").map(Number).filter(Number.isSafeInteger),
  };
}

function readProcess(record: Record, { boot, hz }: { boot: number; hz: number }): Process | null {
  const pid = Number(record.say("pid"));
  if (record.kind !== "process" || !Number.isSafeInteger(pid)) return null;
  const ticks = record.say("ticks");
  const startedAt = ticks === null ? Number.NaN : Math.floor(boot + Number(ticks) / hz);
  return {
    pid,
    name: nameProcess(record),
    startedAt: Number.isSafeInteger(startedAt) ? startedAt : null,
    arguments: record.sayAll("argument"),
  };
}

/** What is no server of root's here is another program by that name. */
function nameProcess(record: Record): string {
  const name = record.say("name") ?? "";
  if (record.say("elsewhere") !== null) return `${name} in a container`;
  return record.say("strange") === null ? name : `${name} that root has not started`;
}

function readAddresses(record: Record): string[] {
  const four = record.sayAll("address").filter((address) => !address.startsWith("127."));
  const six = record
    .sayAll("address6")
    .filter((hex) => /^[0-9a-f]{32}$/.test(hex))
    .map((hex) => formatAddress6(hex))
    .filter((address) => address !== "::1" && !/^fe[89ab]/.test(address));
  return [...new Set([...four, ...six])];
}

/** The kernel prints IPv4 as a number of the machine's byte order: little-endian, wherever this collector runs. */
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

/** As RFC 5952 writes it; one that stands for an IPv4 address is that. */
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
