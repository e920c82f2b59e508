import { type Choice, chooseServing } from "#domain/server-configs/choose-serving.ts";
import type { Configuration, Pair, Serving } from "#domain/server-configs/configuration.ts";
import type { ServedState } from "#shared/model/served.ts";
import { findListeners, findStrangers, type HostMap, type MappedListener, newestStart } from "./host-map.ts";

/** The first certificate of a file, as far as it is asked for here. */
export type Held = { sha256: string; names: readonly string[]; notBefore: string | null };

/** What is known of the files of the host that is judged. */
export type Files = {
  /** What a file holds now; null: nothing that was read. */
  heldNow: (path: string) => Held | null;
  /** Until when the file held this certificate before, as a phrase; null: it is not known that it did. */
  heldBefore: (path: string, sha256: string) => string | null;
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

type Chosen = { configuration: Configuration; choice: Exclude<Choice, { kind: "none" }> };

/**
 * Whether an endpoint serves what the configurations of its host say, and why not. Null where no configuration that was
 * read says anything of that port. Nothing is called a mismatch where what is meant to be served is not known.
 */
export function judgeServed(map: HostMap, files: Files, sight: Sight): Judged | null {
  const namesIn = (path: string) => dnsNames(files.heldNow(path));
  const { address, port, name } = sight;
  const listeners = findListeners(map, address, port);
  const all = map.configurations.filter(({ servings }) =>
    servings.some(({ listens }) => listens.some((listen) => listen.port === port)),
  );
  const own = all.filter(({ server }) => findStrangers(listeners, server).length === 0);
  const rivals = own.length > 0 ? own : all;
  const [first] = rivals.flatMap((configuration): Chosen[] => {
    const choice = chooseServing(configuration, { address, port, name }, namesIn);
    return choice.kind === "none" ? [] : [{ configuration, choice }];
  });
  if (!first) return null;
  const { configuration, choice } = first;
  if (choice.kind === "unsure")
    return { configuration, serving: null, pairs: [], state: "cannot-tell", evidence: [choice.why] };
  const { serving, pairs } = choice;
  const told = judge(
    { map, files, sight, listeners },
    { configuration, pairs, isAlone: rivals.length === 1 },
  );
  return { configuration, serving, pairs, ...told };
}

type Known = { map: HostMap; files: Files; sight: Sight; listeners: readonly MappedListener[] };
type Meant = { configuration: Configuration; pairs: readonly Pair[]; isAlone: boolean };

function judge(known: Known, { configuration, pairs, isAlone }: Meant): Pick<Judged, "state" | "evidence"> {
  const { map, files, sight, listeners } = known;
  const { sha256 } = sight.leaf;
  const match = pairs.find((pair) => files.heldNow(pair.certificate.path)?.sha256 === sha256);
  if (match)
    return { state: "agrees", evidence: [`it is the first certificate in ${match.certificate.path}`] };
  if (!isAlone) {
    const why = "more than one server is set up for this port, and it is not known which of them listens";
    return { state: "cannot-tell", evidence: [why] };
  }
  const strangers = findStrangers(listeners, configuration.server);
  if (strangers.length > 0) {
    const listening = `${strangers.join(", ")} listens there, and not ${configuration.server}`;
    return { state: "other-process", evidence: [listening] };
  }
  const meantOrBeside = [...pairs, ...pairsBeside(configuration, sight)];
  const late = meantOrBeside.flatMap((pair) => sayWrittenSince(known, configuration, pair));
  if (late.length > 0) return { state: "cannot-tell", evidence: late };
  for (const pair of meantOrBeside) {
    const stale = whyStale(known, pair);
    if (stale) return { state: "not-reloaded", evidence: stale };
  }
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

/** HAProxy chooses by the names that certificates had when it read them: what is renewed for other names is another pair. */
const pairsBeside = ({ server, servings }: Configuration, { port }: Sight): Pair[] =>
  server === "haproxy"
    ? servings.flatMap(({ listens, pairs }) => (listens.some((listen) => listen.port === port) ? pairs : []))
    : [];

/** These take up a new certificate without a process that starts. */
const RELOAD_IN_PLACE: ReadonlySet<Configuration["server"]> = new Set(["haproxy", "postgresql", "mysql"]);

/** The clocks of a host and of this computer may differ by as much. */
const CLOCKS_DIFFER_S = 300;

/**
 * That the file was written after the endpoint was asked: what it serves by now nobody has seen. Nothing where the
 * processes that listen tell by their age that none of them has read the file.
 */
function sayWrittenSince(
  { map, sight, listeners }: Known,
  { server }: Configuration,
  { certificate: { path } }: Pair,
): string[] {
  const writtenAt = writtenAtOf(map, path);
  if (writtenAt === null || writtenAt <= sight.askedAt + CLOCKS_DIFFER_S) return [];
  if (!RELOAD_IN_PLACE.has(server) && sayOlder(map, path, newestStart(listeners)).length > 0) return [];
  return [
    `${path} was written at ${sayTime(writtenAt)}, and the endpoint was last asked before that, at ${sayTime(sight.askedAt)}: ask it again`,
  ];
}

const writtenAtOf = ({ files }: HostMap, path: string): number | null =>
  files.find((file) => file.path === path)?.writtenAt ?? null;

/**
 * Why the leaf is what the file held before: an earlier scan saw it there; or it is an earlier one for the same names,
 * and every process that listens is older than the file.
 */
function whyStale({ map, files, sight, listeners }: Known, { certificate: { path } }: Pair): string[] | null {
  const { leaf } = sight;
  const before = files.heldBefore(path, leaf.sha256);
  const times = sayOlder(map, path, newestStart(listeners));
  if (before !== null) return [`${path} held the certificate that is served ${before}`, ...times];
  const now = files.heldNow(path);
  const isEarlier = now?.notBefore && leaf.notBefore && leaf.notBefore < now.notBefore;
  if (!now || !isEarlier || times.length === 0 || !isSame(now.names, leaf.names)) return null;
  return [`what is served is for the same names as what ${path} holds, and was issued earlier`, ...times];
}

/** That no process which listens has started since the file was written; nothing where one has, or it is not known. */
function sayOlder(map: HostMap, path: string, started: number | null): string[] {
  const writtenAt = writtenAtOf(map, path);
  if (started === null || writtenAt === null || started >= writtenAt) return [];
  return [
    `${path} was written at ${sayTime(writtenAt)}, and no process that listens there has started since ${sayTime(started)}`,
  ];
}

/** Where else on this host the certificate is meant to be served. */
function findListed({ configurations }: HostMap, files: Files, sha256: string): string | null {
  for (const { server, servings } of configurations) {
    for (const { pairs, names, at } of servings) {
      const pair = pairs.find(({ certificate }) => files.heldNow(certificate.path)?.sha256 === sha256);
      if (!pair) continue;
      const whom = names.length > 0 ? ` for ${names.slice(0, 3).join(", ")}` : "";
      return `it is what ${server} is to serve${whom} by ${at.file}:${at.line}, from ${pair.certificate.path}`;
    }
  }
  return null;
}

const dnsNames = (held: Held | null): string[] | null =>
  held?.names.flatMap((name) => (name.startsWith("DNS:") ? [name.slice(4).toLowerCase()] : [])) ?? null;

const isSame = (some: readonly string[], others: readonly string[]): boolean =>
  some.length > 0 && [...some].sort().join("\n") === [...others].sort().join("\n");

const sayTime = (seconds: number): string => `${new Date(seconds * 1_000).toISOString().slice(0, 19)}Z`;
