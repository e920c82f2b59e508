import { type Asked, type Choice, chooseServing } from "#domain/server-configs/choose-serving.ts";
import type { Configuration, Pair, Serving } from "#domain/server-configs/configuration.ts";
import type { ServedState } from "#shared/model/served.ts";
import { findStrangers, type Listening } from "./listening.ts";
import type { AtPort, MapIndex } from "./map-index.ts";

/** The first certificate of a file, as far as it is asked for here. */
export type Held = { sha256: string; names: readonly string[]; notBefore: string | null };

/** What is known of the files of the host that is judged. */
export type Files = {
  /** What a file holds now; null: nothing that was read. */
  heldNow: (path: string) => Held | null;
  /** The files that hold it now as their first certificate. */
  holding: (sha256: string) => readonly string[];
  /** Until when files held this certificate as their first one, as phrases by path: those that ever did. */
  heldUntil: (sha256: string) => ReadonlyMap<string, string>;
  /** Another file of this host that holds it now; null: none is known. */
  alsoIn: (sha256: string) => string | null;
};

/** What an endpoint of that host showed. `address` null: it is not known to which one the connection went. */
export type Sight = {
  address: string | null;
  port: number;
  /** The server name that was asked for; null: none. */
  name: string | null;
  leaf: Held;
  /** When the scan began that asked for it last, seconds since the epoch. */
  askedAt: number;
};

/** Where the sight belongs in a configuration, and what came of it. `serving` null: it is not known which one it is. */
export type Judged = {
  configuration: Configuration;
  serving: Serving | null;
  /** Of which one is to be served. */
  pairs: readonly Pair[];
  state: Exclude<ServedState, "not-scanned">;
  evidence: string[];
};

type Chosen = { rival: AtPort; choice: Exclude<Choice, { kind: "none" }> };

/**
 * Whether an endpoint serves what the configurations of its host say, and why not. Null where no configuration that was
 * read says anything of that port. Nothing is called a mismatch where what is meant to be served is not known.
 */
export function judgeServed(map: MapIndex, files: Files, sight: Sight): Judged | null {
  const { address, port, name } = sight;
  const listening = map.listening(address, port);
  const all = map.at(port);
  const own = all.filter(({ configuration }) => findStrangers(listening, configuration.server).length === 0);
  const rivals = own.length > 0 ? own : all;
  const chosen = findFirst(rivals, (rival): Chosen | null => {
    const choice = choose(rival, { address, port, name }, files);
    return choice.kind === "none" ? null : { rival, choice };
  });
  if (!chosen) return null;
  const { rival, choice } = chosen;
  const { configuration } = rival;
  if (choice.kind === "unsure")
    return { configuration, serving: null, pairs: [], state: "cannot-tell", evidence: [choice.why] };
  const { serving, pairs } = choice;
  const told = judge({ map, files, sight, listening }, { rival, pairs, isAlone: rivals.length === 1 });
  return { configuration, serving, pairs, ...told };
}

/** As of all that the configuration says. */
function choose({ narrow }: AtPort, asked: Asked, files: Files): Choice {
  const { configuration, whole } = narrow(asked);
  const choice = chooseServing(configuration, asked, (path) => dnsNames(files.heldNow(path)));
  return choice.kind === "chosen" ? { ...choice, serving: whole(choice.serving) } : choice;
}

function findFirst<From, To>(things: readonly From[], find: (thing: From) => To | null): To | null {
  for (const thing of things) {
    const found = find(thing);
    if (found) return found;
  }
  return null;
}

type Known = { map: MapIndex; files: Files; sight: Sight; listening: Listening };
type Meant = { rival: AtPort; pairs: readonly Pair[]; isAlone: boolean };

function judge(known: Known, { rival, pairs, isAlone }: Meant): Pick<Judged, "state" | "evidence"> {
  const { map, files, sight, listening } = known;
  const { server } = rival.configuration;
  const { sha256 } = sight.leaf;
  const match = pairs.find((pair) => files.heldNow(pair.certificate.path)?.sha256 === sha256);
  if (match)
    return { state: "agrees", evidence: [`it is the first certificate in ${match.certificate.path}`] };
  if (!isAlone) {
    const why = "more than one server is set up for this port, and it is not known which of them listens";
    return { state: "cannot-tell", evidence: [why] };
  }
  const strangers = findStrangers(listening, server);
  if (strangers.length > 0) {
    const instead = `${strangers.join(", ")} listens there, and not ${server}`;
    return { state: "other-process", evidence: [instead] };
  }
  // HAProxy chooses by the names that certificates had when it read them: what is renewed for other names is another pair.
  const meantOrBeside = server === "haproxy" ? [...pairs, ...rival.pairs] : pairs;
  const late = meantOrBeside.flatMap((pair) => sayWrittenSince(known, server, pair));
  if (late.length > 0) return { state: "cannot-tell", evidence: late };
  const heldUntil = files.heldUntil(sha256);
  const stale = findFirst(meantOrBeside, (pair) => whyStale(known, heldUntil, pair));
  if (stale) return { state: "not-reloaded", evidence: stale };
  const unread = pairs.find((pair) => files.heldNow(pair.certificate.path) === null);
  if (unread || pairs.length === 0) {
    const path = unread?.certificate.path ?? "its file";
    return {
      state: "cannot-tell",
      evidence: [`no certificate in ${path} was read, so what is to be served is not known`],
    };
  }
  const meant = `${pairs.map(({ certificate }) => certificate.path).join(" or ")} holds another one`;
  const other = findListed(map, files, sha256);
  if (other) return { state: "other-listed", evidence: [other, meant] };
  const file = files.alsoIn(sha256);
  const nowhere =
    file === null
      ? "no file that was read on this host holds the certificate that is served"
      : `the certificate that is served is in ${file}, which no configuration that was read serves`;
  return { state: "unknown", evidence: [nowhere, meant] };
}

/** These take up a new certificate without a process that starts. */
const RELOAD_IN_PLACE: ReadonlySet<Configuration["server"]> = new Set(["haproxy", "postgresql", "mysql"]);

/** The clocks of a host and of this computer may differ by as much. */
const CLOCKS_DIFFER_S = 300;

/**
 * That the file was written after the endpoint was asked: what it serves by now nobody has seen. Nothing where the
 * processes that listen tell by their age that none of them has read the file.
 */
function sayWrittenSince(
  { map, sight, listening }: Known,
  server: Configuration["server"],
  { certificate: { path } }: Pair,
): string[] {
  const writtenAt = map.writtenAt(path);
  if (writtenAt === null || writtenAt <= sight.askedAt + CLOCKS_DIFFER_S) return [];
  if (!RELOAD_IN_PLACE.has(server) && isOlder(map, path, listening)) return [];
  return [
    `${path} was written at ${sayTime(writtenAt)}, and the endpoint was last asked before that, at ${sayTime(sight.askedAt)}: ask it again`,
  ];
}

/**
 * Why the leaf is what the file held before: an earlier scan saw it there; or it is an earlier one for the same names,
 * and every process that listens is older than the file.
 */
function whyStale(
  { map, files, sight, listening }: Known,
  heldUntil: ReadonlyMap<string, string>,
  { certificate: { path } }: Pair,
): string[] | null {
  const { leaf } = sight;
  const before = heldUntil.get(path);
  if (before !== undefined)
    return [`${path} held the certificate that is served ${before}`, ...sayOlder(map, path, listening)];
  const now = files.heldNow(path);
  const isEarlier = now?.notBefore && leaf.notBefore && leaf.notBefore < now.notBefore;
  if (!now || !isEarlier || !isOlder(map, path, listening) || !isSame(now.names, leaf.names)) return null;
  return [
    `what is served is for the same names as what ${path} holds, and was issued earlier`,
    ...sayOlder(map, path, listening),
  ];
}

/** Whether no process which listens has started since the file was written. */
function isOlder(map: MapIndex, path: string, { newestStart }: Listening): boolean {
  const writtenAt = map.writtenAt(path);
  return newestStart !== null && writtenAt !== null && newestStart < writtenAt;
}

/** Nothing where one has started since, or it is not known. */
function sayOlder(map: MapIndex, path: string, listening: Listening): string[] {
  if (!isOlder(map, path, listening)) return [];
  const [writtenAt, started] = [map.writtenAt(path), listening.newestStart].map(Number);
  return [
    `${path} was written at ${sayTime(writtenAt ?? 0)}, and no process that listens there has started since ${sayTime(started ?? 0)}`,
  ];
}

/** Where else on this host the certificate is meant to be served: the first such place. */
function findListed(map: MapIndex, files: Files, sha256: string): string | null {
  const [first] = files
    .holding(sha256)
    .flatMap((path) => map.listed(path) ?? [])
    .sort((one, other) => one.order - other.order);
  if (!first) return null;
  const { server, serving, pair } = first;
  const { names, at } = serving;
  const whom = names.length > 0 ? ` for ${names.slice(0, 3).join(", ")}` : "";
  return `it is what ${server} is to serve${whom} by ${at.file}:${at.line}, from ${pair.certificate.path}`;
}

export const dnsNames = (held: Held | null): string[] | null =>
  held?.names.flatMap((name) => (name.startsWith("DNS:") ? [name.slice(4).toLowerCase()] : [])) ?? null;

const isSame = (some: readonly string[], others: readonly string[]): boolean =>
  some.length > 0 &&
  some.length === others.length &&
  [...some].sort().join("\n") === [...others].sort().join("\n");

const sayTime = (seconds: number): string => `${new Date(seconds * 1_000).toISOString().slice(0, 19)}Z`;
