import { EVERY, isLoopback, listReached, rankAddress } from "#domain/server-configs/choose-binding.ts";
import type { Configuration, Deployment, TlsBinding } from "#domain/server-configs/configuration.ts";
import {
  describeClash,
  findClash,
  findClashAt,
  oneOfEachKind,
  takesKey,
} from "#domain/server-configs/deployments-for-client.ts";
import { evaluateWithin, spend } from "#domain/work-budget.ts";
import { SERVER_KEY_KINDS, type ShownBy } from "#shared/model/certificates/served.ts";
import { isAddress } from "#shared/model/hosts/target.ts";
import { createRowFinder, type ListedBinding, listedNames } from "./list-bindings.ts";
import { chooseNarrowed, createNarrower } from "./narrow-choice.ts";

type KindOf = (path: string) => string | null;

/**
 * `host`: the name that it is scanned by. `kindOf`: the kind of key of the first certificate in a file; null: not
 * known.
 */
type Known = { host: string; namesIn: NamesIn; kindOf: KindOf };

type Row = ListedBinding & { certificatePath: string | null; index: number };

/** How one handshake is answered. Rows by their indexes: `gotten` by some client, `shown` to a scan. */
type Answer = {
  isUnsure: boolean;
  gotten: ReadonlySet<number>;
  shown: ReadonlySet<number>;
  deployments: readonly Deployment[];
};

type Asker = (address: string, name: string | null) => Answer;

/** Budget for all rows of a host. Rows beyond it are unknown. */
const MOST_STEPS = 8_000_000;

/**
 * The handshake that would show each of these rows, in their order. A handshake is chosen for a row only if the server,
 * by its own rules, answers it with that row. Null if that is not known.
 */
export function findShownBy(rows: readonly ListedBinding[], known: Known): (ShownBy | null)[] {
  return evaluateWithin(
    MOST_STEPS,
    () => findAll(rows, known),
    () => rows.map(() => null),
  );
}

function findAll(rows: readonly ListedBinding[], known: Known): (ShownBy | null)[] {
  const answers = rows.map((): ShownBy | null => null);
  const indexed = rows.map(
    (row, index): Row => ({ ...row, certificatePath: row.certificate?.path ?? null, index }),
  );
  const ports = Map.groupBy(indexed, ({ server, root, port }) => JSON.stringify([server, root, port]));
  for (const own of ports.values()) {
    const [first] = own;
    if (!first) continue;
    const { configuration } = first.source;
    spend(configuration.bindings.length);
    const refused = listRefusedNames(configuration, first.port);
    const around = {
      named: findNamedTarget(first, known.host),
      answerTo: createAsker(own, known),
      refused,
      known,
    };
    for (const row of own) answers[row.index] = findOne(row, around);
  }
  return answers;
}

/** What the rows of one port of one configuration have in common. */
type Around = { named: ScanTarget; answerTo: Asker; refused: RefusedNames; known: Known };

function findOne(row: Row, { named, answerTo, refused, known }: Around): ShownBy | null {
  const { names, isAll } = listProbeNames(row, known.namesIn, refused);
  for (const { host, addresses, name: own } of [named, ...listOwnAddresses(row)])
    for (const name of names)
      if (
        addresses.length > 0 &&
        addresses.every((address) => answerTo(address, name ?? own).shown.has(row.index))
      ) {
        const serverName = name === own ? null : name;
        return { kind: "scan", host, serverName };
      }
  return findNever(row, { names: isAll ? names : [], answerTo, known }) ?? findUnreached(row);
}

/**
 * `addresses`: all that a scan of the host may reach, at least one. `name`: the server name that is requested by
 * default.
 */
type ScanTarget = { host: string; addresses: readonly string[]; name: string | null };

const ADDRESS = /^[\d.]+$|^[\da-f:.]+$/i;

/** At most this many addresses of the host itself are tried. */
const MOST_ADDRESSES = 8;

/** The addresses that a scan of the host by its name may reach at a port. */
function findNamedTarget({ source: { configuration }, port }: Row, host: string): ScanTarget {
  if (isAddress(host)) return { host, addresses: [host], name: null };
  const { bindings, plain = [], addresses } = configuration;
  const listened = new Set(
    [...bindings.flatMap(({ listens }) => listens), ...plain].flatMap((listen) =>
      listen.port === port ? [listen.address] : [],
    ),
  );
  spend(listened.size * MOST_ADDRESSES);
  // Listeners count with TLS or without: where nothing listens, nothing answers.
  const own = (addresses ?? []).slice(0, MOST_ADDRESSES + 1);
  const answering = own.filter(
    (one) => isOfScan(one) && [...listened].some((address) => rankAddress(address, one) > 0),
  );
  const isKnown = answering.length > 0 && own.length <= MOST_ADDRESSES && host !== "localhost";
  const reached = listReached(configuration, port).filter(
    (one) => isLoopback(one) === (host === "localhost") || EVERY.includes(one),
  );
  return { host, addresses: isKnown ? answering : reached, name: host };
}

const isOfScan = (address: string): boolean => ADDRESS.test(address) && !isLoopback(address);

/** Other targets for a row: the address of its listener, or those addresses of the host that the listener accepts. */
function listOwnAddresses({ address, source }: Row): ScanTarget[] {
  const own = [
    ...(address === null || EVERY.includes(address) ? [] : [address]),
    ...(source.configuration.addresses ?? [])
      .slice(0, MOST_ADDRESSES)
      .filter((one) => rankAddress(address, one) > 0),
  ].filter(isOfScan);
  return [...new Set(own)].map((one) => ({ host: one, addresses: [one], name: null }));
}

/** Why no handshake at all is answered by this row, from whatever client and for whatever name; null: one may be. */
function findNever(
  row: Row,
  {
    names,
    answerTo,
    known: { kindOf },
  }: { names: readonly (string | null)[]; answerTo: Asker; known: Known },
): ShownBy | null {
  const { configuration, binding, deployment } = row.source;
  const isWhole =
    configuration.incomplete === null && configuration.unknown.length === 0 && binding.unsure === null;
  if (!isWhole || !deployment) return null;
  const clash = findClash(configuration, binding.deployments, kindOf);
  if (clash !== null) return { kind: "never", why: describeClash(clash) };
  const kept = oneOfEachKind(configuration, binding.deployments, kindOf);
  const isKept = kept.some(({ certificate }) => certificate.path === deployment.certificate.path);
  if (configuration.server !== "haproxy" && !isKept) return toNeverShown(deployment, kept, kindOf);
  const addresses = row.address === null ? EVERY : [row.address];
  const answers = addresses.flatMap((address) => names.map((name) => answerTo(address, name)));
  const isNever = answers.length > 0 && answers.every((one) => !one.isUnsure && !one.gotten.has(row.index));
  return isNever
    ? toNeverShown(
        deployment,
        answers.flatMap(({ deployments }) => deployments),
        kindOf,
      )
    : null;
}

/** `instead`: what is presented to the handshakes that would lead to it. */
function toNeverShown(deployment: Deployment, instead: readonly Deployment[], kindOf: KindOf): ShownBy {
  const kind = kindOf(deployment.certificate.path);
  const ofKind = instead.find((one) => kind !== null && kindOf(one.certificate.path) === kind);
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

/** Answers queries about the rows of one port of one configuration; each query is evaluated once. */
function createAsker(rows: readonly Row[], { namesIn, kindOf }: Known): Asker {
  const [first] = rows;
  if (!first) throw new Error("there is nothing to ask for");
  const { port, source } = first;
  const { configuration } = source;
  const narrow = createNarrower(configuration, port, namesIn);
  const findRows = createRowFinder(rows);
  const known = new Map<string, Answer>();

  return (address, name) => {
    const key = JSON.stringify([address, name]);
    const answer = known.get(key) ?? answerTo(address, name);
    known.set(key, answer);
    return answer;
  };

  function answerTo(address: string, name: string | null): Answer {
    const query = { address, port, name };
    const narrowed = narrow(query);
    for (const binding of narrowed.configuration.bindings)
      spend(10 + binding.names.length + binding.deployments.length);
    const choice = chooseNarrowed(narrowed, query, namesIn);
    if (choice.kind !== "chosen") return { ...NOBODY, isUnsure: choice.kind === "unsure" };
    const { bindings } = choice;
    if (findClashAt(narrowed.configuration, bindings, kindOf) !== null) return { ...NOBODY, isUnsure: true };
    const deployments = oneOfEachKind(configuration, choice.deployments, kindOf);
    const indexesOf = (some: readonly Deployment[]) => {
      const found = findRows({ configuration, bindings, deployments: some }, query);
      spend(found.length);
      return new Set(found.map(({ index }) => index));
    };
    const toScan = deployments.filter((deployment) =>
      isShown(deployment, { configuration, bindings, deployments, kindOf }),
    );
    return {
      isUnsure: false,
      gotten: indexesOf(deployments),
      shown: toScan.length < deployments.length && toScan.length === 0 ? NOBODY.shown : indexesOf(toScan),
      deployments,
    };
  }
}

const NOBODY: Answer = { isUnsure: false, gotten: new Set(), shown: new Set(), deployments: [] };

type Chosen = {
  configuration: Configuration;
  bindings: readonly TlsBinding[];
  deployments: readonly Deployment[];
  kindOf: KindOf;
};

/**
 * Whether a handshake of a scan gets it: a scan accepts any key, and one kind alone if several certificates stand side
 * by side.
 */
function isShown(deployment: Deployment, { configuration, bindings, deployments, kindOf }: Chosen): boolean {
  const kind = kindOf(deployment.certificate.path);
  const tls = bindings.find((binding) => binding.deployments.includes(deployment))?.tls;
  const isOld = tls?.versions?.every((version) => /^(SSLv3|TLSv1(\.[12])?)$/.test(version)) ?? false;
  if (kind !== null && isOld && tls && tls.ciphers !== null)
    if (takesKey(tls.ciphers, kind.startsWith("RSA") ? "RSA" : "ECDSA") !== true) return false;
  if (deployments.length === 1) return true;
  if (deployments.some(({ certificate }) => kindOf(certificate.path) === null)) return false;
  // HAProxy distinguishes those two kinds of key, and no others.
  const askable: readonly string[] = configuration.server === "haproxy" ? ["EC", "RSA"] : SERVER_KEY_KINDS;
  return kind !== null && askable.includes(kind);
}

type NamesIn = (path: string) => readonly string[] | null;

/** Server names that a probe may request to get a certificate; a null in the list: no name. */
type ProbeNames = {
  names: readonly (string | null)[];
  /** Whether no other name can lead to the row if none of these does. */
  isAll: boolean;
};

/** A name that is written out, not a pattern. */
const PLAIN = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;

/** No configuration has a certificate for it (RFC 6761, 6.4). */
const STRANGER = "no-such-name.invalid";

/** One label that no configuration writes out: it stands for every other label that a wildcard matches. */
const LABEL = "no-such-label";

/** At most this many of a certificate's own names are requested. */
const MOST_NAMES = 40;

/**
 * Names that lines of HAProxy refuse, by what follows their first label: they pass the patterns of these lines and lead
 * to others.
 */
type RefusedNames = ReadonlyMap<string, readonly string[]>;

/** The refused names of everything that listens at a port. */
function listRefusedNames({ server, bindings }: Configuration, port: number): RefusedNames {
  if (server !== "haproxy") return new Map();
  const refused = bindings.flatMap(({ listens, names }) =>
    listens.some((listen) => listen.port === port)
      ? names.flatMap((name) => (name.startsWith("!") ? name.slice(1).toLowerCase() : []))
      : [],
  );
  const plain = unique(refused).filter((name) => PLAIN.test(name));
  return Map.groupBy(plain, (name) => name.slice(name.indexOf(".")));
}

/** The names that may reach a row; those that people know come first. */
function listProbeNames(
  {
    source: { configuration, binding, deployment },
    ...row
  }: Pick<ListedBinding, "source" | "name" | "isDefault">,
  namesIn: NamesIn,
  refused: RefusedNames = new Map(),
): ProbeNames {
  const refusedBelow = (pattern: string) =>
    pattern.startsWith("*.") ? (refused.get(pattern.slice(1)) ?? []) : [];
  const name = row.name?.toLowerCase() ?? null;
  const { server } = configuration;
  const held = (deployment && namesIn(deployment.certificate.path)) ?? null;
  const own = (held ?? []).slice(0, MOST_NAMES);
  const isFirst = listedNames(server, binding)[0]?.toLowerCase() === name || name === null;
  const strangers = row.isDefault && isFirst ? [null, STRANGER] : [];
  if (name === null) {
    // HAProxy chooses by the names in the certificate.
    const isByNames = binding.namesFromCertificate;
    const past = own.flatMap(refusedBelow);
    return {
      names: unique([
        ...(isByNames ? [] : strangers),
        ...own.flatMap(spellOut),
        ...past.slice(0, MOST_NAMES),
        ...strangers,
      ]),
      isAll:
        !isByNames ||
        (held !== null && held.length <= MOST_NAMES && past.length <= MOST_NAMES && held.every(canBeSpelled)),
    };
  }
  if (PLAIN.test(name)) return { names: unique([name, ...strangers]), isAll: true };
  const fitting = own.filter((one) => PLAIN.test(one));
  const past = refusedBelow(name);
  return {
    names: unique([...spellOut(name), ...fitting, ...past.slice(0, MOST_NAMES), ...strangers]),
    // Other servers prefer the longer pattern, or the first: a name that matches both may lead elsewhere.
    isAll: server === "haproxy" && canBeSpelled(name) && past.length <= MOST_NAMES,
  };
}

const canBeSpelled = (name: string): boolean => PLAIN.test(name.startsWith("*.") ? name.slice(2) : name);

/** Names that a pattern matches; the name itself if it is no pattern. */
function spellOut(name: string): string[] {
  if (PLAIN.test(name)) return [name];
  const spelled = name.startsWith(".")
    ? [name.slice(1), `www${name}`, `${LABEL}${name}`]
    : ["www", LABEL].map((label) => name.replace(/\*/g, label).replace(/\?/g, "a"));
  return spelled.filter((one) => PLAIN.test(one));
}

const unique = <T>(things: readonly T[]): T[] => [...new Set(things)];
