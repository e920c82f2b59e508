import { listReached, rankAddress } from "#domain/server-configs/choose-serving.ts";
import { takesKey } from "#domain/server-configs/cipher-list.ts";
import type { Configuration, Pair, Serving } from "#domain/server-configs/configuration.ts";
import { oneOfEachKind } from "#domain/server-configs/pairs-for-client.ts";
import { judgeWithin, spend } from "#domain/work-budget.ts";
import { SERVER_KEY_KINDS, type ShownBy } from "#shared/model/served.ts";
import { isAddress } from "#shared/model/target.ts";
import { createRowFinder } from "./find-rows.ts";
import type { ListedServing } from "./list-servings.ts";
import { listNamesToAsk, type NamesIn } from "./names-to-ask.ts";
import { chooseNarrowed, createNarrower } from "./narrow-choice.ts";

type KindOf = (path: string) => string | null;

/** `host`: as it is named where it is scanned. `kindOf`: the kind of key of the first certificate in a file; null: not known. */
type Known = { host: string; namesIn: NamesIn; kindOf: KindOf };

type Row = ListedServing & { certificatePath: string | null; index: number };

/** What one handshake is answered with. The rows by their indexes: those that some client gets, and those that a scan is shown. */
type Answer = {
  isUnsure: boolean;
  gotten: ReadonlySet<number>;
  shown: ReadonlySet<number>;
  pairs: readonly Pair[];
};

type Ask = (address: string, name: string | null) => Answer;

/** What it may cost of the whole; what costs more is not known. */
const MOST_STEPS = 15_000_000;

/**
 * What would show each of these rows, in their order: a handshake is chosen for as the server itself chooses, and it is given only where
 * it is answered with that row. Null where it is not known.
 */
export function findShownBy(rows: readonly ListedServing[], known: Known): (ShownBy | null)[] {
  return judgeWithin(
    MOST_STEPS,
    () => findAll(rows, known),
    () => rows.map(() => null),
  );
}

function findAll(rows: readonly ListedServing[], known: Known): (ShownBy | null)[] {
  const answers = rows.map((): ShownBy | null => null);
  const indexed = rows.map(
    (row, index): Row => ({ ...row, certificatePath: row.certificate?.path ?? null, index }),
  );
  const ports = Map.groupBy(indexed, ({ server, root, port }) => JSON.stringify([server, root, port]));
  for (const own of ports.values()) {
    const ask = createAsker(own, known);
    for (const row of own) answers[row.index] = findOne(row, ask, known);
  }
  return answers;
}

function findOne(row: Row, ask: Ask, known: Known): ShownBy | null {
  const { names, isAll } = listNamesToAsk(row, known.namesIn);
  for (const { host, addresses, name: own } of listPlaces(row, known.host))
    for (const name of names)
      if (
        addresses.length > 0 &&
        addresses.every((address) => ask(address, name ?? own).shown.has(row.index))
      ) {
        const serverName = name === own ? null : name;
        return { kind: "scan", host, serverName };
      }
  return findNever(row, { names: isAll ? names : [], ask, known }) ?? findUnreached(row);
}

/** `addresses`: all that a scan of it may come to, one at least. `name`: what is asked for where nothing else is. */
type Place = { host: string; addresses: readonly string[]; name: string | null };

const ADDRESS = /^[\d.]+$|^[\da-f:.]+$/i;

const isLoopback = (address: string): boolean =>
  address.startsWith("127.") || address === "::1" || address === "localhost";

/** So many addresses of the host itself are tried. */
const MOST_ADDRESSES = 8;

/** Where a scan may ask for it: the host as it is named, and else the address of the listener, or one that it takes. */
function listPlaces({ address, port, source: { configuration } }: Row, host: string): Place[] {
  const isByAddress = isAddress(host);
  const all = (configuration.addresses ?? []).filter((one) => ADDRESS.test(one) && !isLoopback(one));
  const listened = all.filter((one) => isListenedAt(configuration, port, one));
  const isKnown = listened.length > 0 && listened.length <= MOST_ADDRESSES;
  const own = [
    ...(address !== null && ADDRESS.test(address) && !isLoopback(address) && !EVERY.includes(address)
      ? [address]
      : []),
    ...all.filter((one) => rankAddress(address, one) > 0),
  ];
  const reached = listReached(configuration, port).filter(
    (one) => isLoopback(one) === (host === "localhost") || EVERY.includes(one),
  );
  return [
    isByAddress
      ? { host, addresses: [host], name: null }
      : { host, addresses: isKnown && host !== "localhost" ? listened : reached, name: host },
    ...[...new Set(own)].slice(0, MOST_ADDRESSES).map((one) => ({ host: one, addresses: [one], name: null })),
  ];
}

/** By TLS or without: nothing else answers there. */
function isListenedAt({ servings, plain = [] }: Configuration, port: number, address: string): boolean {
  const listens = [...servings.flatMap((serving) => serving.listens), ...plain];
  return listens.some((listen) => listen.port === port && rankAddress(listen.address, address) > 0);
}

const EVERY = ["0.0.0.0", "::"];

/** Why no handshake at all is answered by it, wherever it comes from and whatever it asks for; null: one may be. */
function findNever(
  row: Row,
  { names, ask, known: { kindOf } }: { names: readonly (string | null)[]; ask: Ask; known: Known },
): ShownBy | null {
  const { configuration, serving, pair } = row.source;
  const isWhole =
    configuration.mayLack === null && configuration.unknown.length === 0 && serving.unsure === null;
  if (!isWhole || !pair) return null;
  const kept = oneOfEachKind(configuration, serving.pairs, kindOf);
  const isKept = kept.some(({ certificate }) => certificate.path === pair.certificate.path);
  if (configuration.server !== "haproxy" && !isKept) return sayNever(pair, kept, kindOf);
  const places = row.address === null ? EVERY : [row.address];
  const answers = places.flatMap((address) => names.map((name) => ask(address, name)));
  const isNever = answers.length > 0 && answers.every((one) => !one.isUnsure && !one.gotten.has(row.index));
  return isNever
    ? sayNever(
        pair,
        answers.flatMap(({ pairs }) => pairs),
        kindOf,
      )
    : null;
}

/** `instead`: what handshakes get that would lead to it. */
function sayNever(pair: Pair, instead: readonly Pair[], kindOf: KindOf): ShownBy {
  const kind = kindOf(pair.certificate.path);
  const ofKind = instead.find((one) => kindOf(one.certificate.path) === kind);
  const { certificate } = ofKind ?? instead[0] ?? {};
  if (!certificate)
    return { kind: "never", why: "no name leads to it, and it is not for whoever asks for another one" };
  const { path, directive, at } = certificate;
  const which = ofKind ? `, which is for the same kind of key (${kind})` : "";
  return {
    kind: "never",
    why: `${path} is served in its place, by ${directive} in ${at.file}:${at.line}${which}`,
  };
}

function findUnreached({ address, source }: Row): ShownBy | null {
  if (address !== null && isLoopback(address))
    return { kind: "unreached", why: `only the host itself reaches ${address}` };
  const own = source.configuration.addresses ?? null;
  const family = address === "::" ? "IPv6" : "IPv4";
  if (address === null || !EVERY.includes(address) || own === null) return null;
  if (own.some((one) => rankAddress(address, one) > 0)) return null;
  return { kind: "unreached", why: `the host has no address of ${family} by which others reach it` };
}

/** For the rows of one port of one configuration; each question is asked once. */
function createAsker(rows: readonly Row[], { namesIn, kindOf }: Known): Ask {
  const [first] = rows;
  if (!first) throw new Error("there is nothing to ask for");
  const { port, source } = first;
  const { configuration } = source;
  const narrow = createNarrower(configuration, port, namesIn);
  const findRows = createRowFinder(rows);
  const known = new Map<string, Answer>();

  return (address, name) => {
    const key = JSON.stringify([address, name]);
    const answer = known.get(key) ?? ask(address, name);
    known.set(key, answer);
    return answer;
  };

  function ask(address: string, name: string | null): Answer {
    const asked = { address, port, name };
    const narrowed = narrow(asked);
    for (const serving of narrowed.configuration.servings)
      spend(10 + serving.names.length + serving.pairs.length);
    const choice = chooseNarrowed(narrowed, asked, namesIn);
    if (choice.kind !== "chosen") return { ...NOBODY, isUnsure: choice.kind === "unsure" };
    const { servings } = choice;
    const pairs = oneOfEachKind(configuration, choice.pairs, kindOf);
    const indexesOf = (some: readonly Pair[]) => {
      const found = findRows({ configuration, servings, pairs: some }, asked);
      spend(found.length);
      return new Set(found.map(({ index }) => index));
    };
    const toScan = pairs.filter((pair) => isShown(pair, { configuration, servings, pairs, kindOf }));
    return {
      isUnsure: false,
      gotten: indexesOf(pairs),
      shown: toScan.length < pairs.length && toScan.length === 0 ? NOBODY.shown : indexesOf(toScan),
      pairs,
    };
  }
}

const NOBODY: Answer = { isUnsure: false, gotten: new Set(), shown: new Set(), pairs: [] };

type Chosen = {
  configuration: Configuration;
  servings: readonly Serving[];
  pairs: readonly Pair[];
  kindOf: KindOf;
};

/** Whether a scan has a handshake that gets it: it asks for any key, and for one kind alone where several stand side by side. */
function isShown(pair: Pair, { configuration, servings, pairs, kindOf }: Chosen): boolean {
  const kind = kindOf(pair.certificate.path);
  const tls = servings.find((serving) => serving.pairs.includes(pair))?.tls;
  const isOld = tls?.versions?.every((version) => /^(SSLv3|TLSv1(\.[12])?)$/.test(version)) ?? false;
  if (kind !== null && isOld && tls && tls.ciphers !== null)
    if (takesKey(tls.ciphers, kind.startsWith("RSA") ? "RSA" : "ECDSA") !== true) return false;
  if (pairs.length === 1) return true;
  if (pairs.some(({ certificate }) => kindOf(certificate.path) === null)) return false;
  // HAProxy tells those two kinds apart, and no others.
  const askable: readonly string[] = configuration.server === "haproxy" ? ["EC", "RSA"] : SERVER_KEY_KINDS;
  return kind !== null && askable.includes(kind);
}
