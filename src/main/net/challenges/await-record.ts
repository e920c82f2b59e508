import { setTimeout as pause } from "node:timers/promises";
import { isSameName, plainName, queryRecords, type Resolver } from "#net/dns/query-records.ts";
import { findAddresses } from "#net/tcp-connect.ts";

type RecordQuery = {
  /** Name of the record: `_acme-challenge.NAME`, or what that is an alias of. */
  record: string;
  txt: string;
  /** Servers of the zone that are known already. */
  known: readonly Resolver[];
  resolvers: readonly Resolver[];
  spreadMs: number;
  signal: AbortSignal;
};

/** `note`: which servers could not be queried. */
export type Propagation = { kind: "seen"; note: string | null } | { kind: "unseen"; message: string };

const POLL_MS = 500;
const TIMEOUT_MS = 5_000;
const MOST_ALIASES = 8;
const MOST_SERVERS = 16;
const DNS_PORT = 53;

export const recordOf = (name: string): string => `_acme-challenge.${plainName(name)}`;

/** Follows a record's aliases, as authorities do; the name itself if it has none. */
export async function followAliases(
  record: string,
  { resolvers, signal }: Pick<RecordQuery, "resolvers" | "signal">,
): Promise<string> {
  let at = record;
  for (let times = 0; times < MOST_ALIASES; times++) {
    const next = await findAlias(at, resolvers, signal);
    if (next === null) return at;
    at = next;
  }
  return at;
}

async function findAlias(name: string, resolvers: readonly Resolver[], signal: AbortSignal) {
  for (const resolver of resolvers) {
    const records = await queryRecords(resolver, { name, type: "CNAME", recurses: true, signal });
    if (records.kind === "failed") continue;
    const answers = records.kind === "answered" ? records.answers : [];
    const alias = answers.find((one) => one.type === "CNAME" && isSameName(one.name, name));
    return alias?.type === "CNAME" ? plainName(alias.data) : null;
  }
  return null;
}

/** Waits until every server of the zone has the record, because an authority may query any of them. */
export async function awaitRecord(query: RecordQuery): Promise<Propagation> {
  const { record, txt, spreadMs, signal } = query;
  const { servers, lost } = await findServers(query);
  if (servers.length === 0)
    return {
      kind: "seen",
      note: `the servers of ${record} could not be found from here${formatLost(lost)}`,
    };
  const until = Date.now() + spreadMs;
  for (;;) {
    const seen = await Promise.all(servers.map((server) => isThere(server, record, txt, signal)));
    const missing = servers.filter((_, index) => seen[index] === "missing");
    const silent = servers.filter((_, index) => seen[index] === "silent").map(serverName);
    if (missing.length === 0 && silent.length < servers.length)
      return { kind: "seen", note: noteOf(record, [...lost, ...silent]) };
    if (missing.length === 0 && Date.now() >= until)
      return { kind: "seen", note: noteOf(record, [...lost, ...silent]) };
    if (signal.aborted) return { kind: "unseen", message: "it was no longer waited for" };
    if (Date.now() >= until)
      return {
        kind: "unseen",
        message: `${missing.map(serverName).join(", ")} did not have the TXT record of ${record} within ${spreadMs / 1_000} s`,
      };
    await pause(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

const serverName = ({ address, port }: Resolver): string =>
  port === DNS_PORT ? address : `${address}:${port}`;
const formatLost = (lost: readonly string[]): string => (lost.length > 0 ? `: ${lost.join(", ")}` : "");
const noteOf = (record: string, lost: readonly string[]): string | null =>
  lost.length === 0
    ? null
    : `whether ${lost.join(", ")} has the TXT record of ${record} could not be seen from here`;

async function isThere(
  server: Resolver,
  name: string,
  txt: string,
  signal: AbortSignal,
): Promise<"there" | "missing" | "silent"> {
  const records = await queryRecords(server, { name, type: "TXT", recurses: false, signal });
  if (records.kind === "failed") return "silent";
  if (records.kind === "no-such-name") return "missing";
  const texts = records.answers.flatMap((one) =>
    one.type === "TXT" && isSameName(one.name, name) ? [textOf(one.data)] : [],
  );
  return texts.includes(txt) ? "there" : "missing";
}

/** A TXT text comes in pieces of 255 bytes. */
const textOf = (data: string | Buffer | (string | Buffer)[]): string =>
  [data]
    .flat()
    .map((piece) => piece.toString("latin1"))
    .join("");

/** The servers of the nearest zone above, from the known servers, else from this system's resolvers. */
async function findServers({ record, known, resolvers, signal }: RecordQuery) {
  const options = [
    ...known.map((server) => ({ server, recurses: false })),
    ...resolvers.map((server) => ({ server, recurses: true })),
  ];
  const names = await findServerNames(record, options, signal);
  const lost: string[] = [];
  const found = await Promise.all(
    names.map(async (name) => {
      const addresses = await findServerAddresses(name, options, signal);
      if (addresses.length === 0) lost.push(name);
      return addresses.map((address) => ({ address, port: DNS_PORT }));
    }),
  );
  const all = [...known, ...found.flat()];
  const servers = all.filter(
    (one, index) => all.findIndex((other) => serverName(other) === serverName(one)) === index,
  );
  return { servers: servers.slice(0, MOST_SERVERS), lost };
}

type RecordServers = readonly { server: Resolver; recurses: boolean }[];

/** As the zone's own servers answer, which may differ from what this system resolves. */
async function findServerAddresses(
  name: string,
  options: RecordServers,
  signal: AbortSignal,
): Promise<string[]> {
  for (const { server, recurses } of options) {
    const records = await Promise.all(
      (["A", "AAAA"] as const).map((type) => queryRecords(server, { name, type, recurses, signal })),
    );
    const addresses = records
      .flatMap((one) => (one.kind === "answered" ? one.answers : []))
      .flatMap((one) => (one.type === "A" || one.type === "AAAA" ? [one.data] : []));
    if (addresses.length > 0) return addresses;
  }
  const found = await findAddresses(name, { timeoutMs: TIMEOUT_MS, signal }).catch(() => []);
  return Array.isArray(found) ? found : [];
}

async function findServerNames(
  record: string,
  options: RecordServers,
  signal: AbortSignal,
): Promise<string[]> {
  const labels = record.split(".");
  for (const { server, recurses } of options) {
    // A zone's name has one label at least.
    for (let from = 0; from < labels.length; from++) {
      const name = labels.slice(from).join(".");
      const records = await queryRecords(server, { name, type: "NS", recurses, signal });
      if (records.kind === "failed") break;
      const answers = records.kind === "answered" ? records.answers : [];
      const names = answers.flatMap((one) =>
        one.type === "NS" && isSameName(one.name, name) ? [one.data] : [],
      );
      if (names.length > 0) return names.map(plainName);
    }
  }
  return [];
}
