import type { Configuration, Deployment, TlsBinding } from "./configuration.ts";

/** One question to a server: a port, the address that it was reached at, and the name that was asked for, if any. */
export type BindingQuery = { address: string | null; port: number; name: string | null };

type ChosenBy = "name" | "wildcard" | "certificate" | "default";

/**
 * What the server picks by itself: `deployments` are those that it may then serve, of which `deploymentsForClient` tells the one that a client gets.
 * They are those of `bindings`, of which `binding` is the first: only HAProxy goes through several.
 */
export type Choice =
  | { kind: "chosen"; binding: TlsBinding; bindings: TlsBinding[]; deployments: Deployment[]; by: ChosenBy }
  | { kind: "unsure"; why: string }
  /** Nothing listens there by this configuration, or it turns away who asks for another name. */
  | { kind: "none" };

/**
 * Which binding of a configuration answers, as that server itself chooses. `namesIn` tells the DNS names of the first
 * certificate of a file, null where that is not known: HAProxy goes by them.
 */
export function chooseBinding(
  configuration: Configuration,
  query: BindingQuery,
  namesIn: (path: string) => readonly string[] | null,
): Choice {
  const addresses = listAddresses(configuration, query);
  if (addresses === null) return chooseAt(configuration, query, namesIn);
  const choices = addresses
    .map((address) => chooseAt(configuration, { ...query, address }, namesIn))
    .filter(({ kind }) => kind !== "none");
  const [first = NONE, ...others] = choices;
  const isSame = others.every((other) => filesOf(other) === filesOf(first));
  return isSame ? first : unsureOf(configuration, query);
}

/** The addresses of which one may have been reached; null where it is the one that was asked at. */
function listAddresses(configuration: Configuration, { address, port }: BindingQuery): string[] | null {
  if (address !== null && !isTranslated(configuration, address)) return null;
  const reached = listReached(configuration, port);
  if (address === null) return reached;
  const isSix = address.includes(":");
  // What translates an address keeps its family.
  const own = reached.filter(
    (one) => !isLoopback(one) && (!ADDRESS.test(one) || one.includes(":") === isSix),
  );
  return own.length > 0 ? own : null;
}

const ADDRESS = /^[\d.]+$|:/;

/** `addresses`: the host's own; null: they are not known. */
type HostOfServer = { addresses?: readonly string[] | null };

/** Whether it is none of the host's own, as far as these are known: whatever stands before the host leads from it to one of them. */
export const isTranslated = ({ addresses }: HostOfServer, address: string): boolean => {
  const own = address.toLowerCase();
  const isNearby = isLoopback(own) || EVERY.includes(own) || /^fe[89ab]/.test(own);
  return !isNearby && !!addresses && addresses.length > 0 && !addresses.includes(own);
};

const NONE: Choice = { kind: "none" };

const filesOf = (choice: Choice): string =>
  JSON.stringify(
    choice.kind === "chosen" ? choice.deployments.map(({ certificate }) => certificate.path) : choice,
  );

const unsureWhere = ({ port }: BindingQuery): Choice =>
  unsure(`at which of its addresses port ${port} was reached is not known`);

const unsureOf = (configuration: Configuration, query: BindingQuery): Choice =>
  query.address !== null && isTranslated(configuration, query.address)
    ? unsure(
        `${query.address} is none of the host's own addresses, and at which of these port ${query.port} was reached is not known`,
      )
    : unsureWhere(query);

/** Every address of a family. */
export const EVERY = ["0.0.0.0", "::"];

/**
 * One address for each way to be reached there by another machine, of which `0.0.0.0` and `::` stand for any other one of their family;
 * by the host alone where no other gets in.
 */
export function listReached({ bindings }: { bindings: readonly TlsBinding[] }, port: number): string[] {
  const listened = new Set(
    bindings.flatMap(({ listens }) =>
      listens.flatMap((listen) => (listen.port === port ? (listen.address ?? EVERY) : [])),
    ),
  );
  const open = [...listened].filter((address) => !isLoopback(address));
  return open.length > 0 ? open : [...listened];
}

export const isLoopback = (address: string): boolean =>
  address.startsWith("127.") || address === "::1" || address === "localhost";

function chooseAt(
  configuration: Configuration,
  query: BindingQuery,
  namesIn: (path: string) => readonly string[] | null,
): Choice {
  const { incomplete, server } = configuration;
  const reached = findReached(configuration, query);
  if (reached === null) return unsureOf(configuration, query);
  const name = query.name?.toLowerCase().replace(/\.$/, "") ?? null;
  const rules = name === null ? [] : reached.map(({ binding }) => readNames(server, binding, namesIn));
  const fitting = name === null ? null : pickByName(reached, rules, name, server);
  if (name !== null && isLookedUp(reached, fitting, name))
    return unsure("a virtual host without a ServerName takes one that Apache looks up when it starts");
  const isOpen = rules.some((rule) => rule.isOpen);
  // HAProxy prefers a kind of key to an exact name: what was not read may come before whatever fits.
  const isAnyFirst = server === "haproxy";
  const isExact = fitting?.by === "name" || fitting?.by === "certificate";
  if (fitting && isExact && !isAnyFirst) return settle(fitting.bindings, fitting.by);
  if (incomplete && !(incomplete.onlyForNames && name === null)) return unsure(incomplete.why);
  if (fitting && !(isAnyFirst && isOpen)) return settle(fitting.bindings, fitting.by);
  if (isOpen) return unsure("a pattern or a certificate that was not read may fit the name");
  const usual = reached.filter(({ isDefault }) => isDefault).map(({ binding }) => binding);
  return settle(isAnyFirst ? usual : usual.slice(0, 1), "default");
}

/** Whether a binding that comes before the one that is chosen may have that name by what its server has looked up. */
function isLookedUp(reached: readonly Reached[], fitting: Picked | null, name: string): boolean {
  const may = reached.findIndex(({ binding: { lookedUpName: own } }) =>
    own === undefined ? false : own.label === null || own.label === name.split(".")[0],
  );
  if (may < 0) return false;
  const [chosen] = fitting?.bindings ?? [];
  if (!chosen) return reached[may]?.isDefault !== true;
  return may < reached.findIndex(({ binding }) => binding === chosen);
}

const unsure = (why: string): Choice => ({ kind: "unsure", why });

function settle(bindings: TlsBinding[], by: ChosenBy): Choice {
  const [binding] = bindings;
  const open = bindings.find((one) => one.unsure !== null)?.unsure;
  if (!binding) return { kind: "none" };
  if (open) return unsure(open);
  return {
    kind: "chosen",
    binding,
    bindings,
    deployments: bindings.flatMap(({ deployments }) => deployments),
    by,
  };
}

type Reached = { binding: TlsBinding; isDefault: boolean; rank: number };

/** The bindings at the address that fits best; null where it cannot be told which one that is. */
function findReached(
  { bindings, addresses, plain }: Configuration,
  { address, port }: BindingQuery,
): Reached[] | null {
  const own = address?.toLowerCase() ?? "";
  const here = bindings.flatMap((binding): Reached[] => {
    const listens = binding.listens.filter((listen) => listen.port === port);
    const ranks = listens.map((listen) => rankAddress(listen.address, own));
    const rank = Math.max(...ranks, 0);
    const isDefault = listens.some((listen, index) => listen.isDefault && ranks[index] === rank);
    return listens.length > 0 ? [{ binding, isDefault, rank }] : [];
  });
  const fitting = here.filter(({ rank }) => rank > 0).sort((one, other) => other.rank - one.rank);
  const best = fitting[0]?.rank ?? 0;
  const isPlain = plain?.some((listen) => listen.port === port && rankAddress(listen.address, own) > best);
  if (isPlain) return [];
  if (best > 0) return fitting.filter(({ rank }) => rank === best);
  const listened = new Set(here.flatMap(({ binding }) => binding.listens.map((listen) => listen.address)));
  if (here.length === 0 || isElsewhere(own, addresses, listened)) return [];
  return listened.size === 1
    ? here.map((one) => ({ ...one, isDefault: isDefaultAt(one.binding, port) }))
    : null;
}

/** Of the host itself, so that no other address leads to it, and none of those that are listened at. */
const isElsewhere = (
  own: string,
  addresses: Configuration["addresses"],
  listened: ReadonlySet<string | null>,
): boolean =>
  (addresses?.includes(own) || own.startsWith("127.") || own === "::1") &&
  [...listened].every((address) => address !== null && ADDRESS.test(address));

const isDefaultAt = ({ listens }: TlsBinding, port: number): boolean =>
  listens.some((listen) => listen.port === port && listen.isDefault);

/**
 * How well a listener takes what came to an address, in small letters. 0: not at all. An address of its own comes before every address
 * of a family, and that before every one of both.
 */
export function rankAddress(listened: string | null, own: string): number {
  if (listened === null) return 1;
  if (listened === (own.includes(":") ? "::" : "0.0.0.0")) return 2;
  if (listened === own) return 3;
  return listened === "localhost" && (own === "127.0.0.1" || own === "::1") ? 3 : 0;
}

type Picked = { bindings: TlsBinding[]; by: "name" | "wildcard" | "certificate" };

function pickByName(
  reached: readonly Reached[],
  rules: readonly NameRule[],
  name: string,
  server: Configuration["server"],
): Picked | null {
  const all = reached.map(({ binding }, index) => ({ binding, weight: rules[index]?.weigh(name) ?? 0 }));
  const fitting = all.filter(({ weight }) => weight > 0);
  // Apache takes the first that fits, however it fits.
  const best = server === "apache" ? fitting[0]?.weight : Math.max(0, ...fitting.map(({ weight }) => weight));
  if (!best) return null;
  const chosen = fitting.filter(({ weight }) => weight === best).map(({ binding }) => binding);
  // HAProxy goes on to patterns, where one may have a key of a kind that it prefers.
  const others = fitting.filter(({ weight }) => weight !== best).map(({ binding }) => binding);
  const bindings = server === "haproxy" ? [...chosen, ...others] : chosen.slice(0, 1);
  if (best < EXACT) return { bindings, by: "wildcard" };
  return { bindings, by: bindings[0]?.namesFromCertificate ? "certificate" : "name" };
}

/** How a binding's names are held against a name that is asked for, as its server does. */
type NameRule = {
  /** 0: none fits; EXACT: one is that name; in between: a pattern fits, and a larger number is the closer one. */
  weigh(name: string): number;
  /** Whether a name may fit of which that cannot be told: a regular expression, a certificate that is not known. */
  isOpen: boolean;
};

/** A name that is written out weighs more than any pattern. */
export const EXACT = 1_000_000;

/** `namesIn`: the DNS names of the certificate in a file, null where they are not known. */
export function readNames(
  server: Configuration["server"],
  binding: TlsBinding,
  namesIn: (path: string) => readonly string[] | null,
): NameRule {
  if (binding.namesFromCertificate) return readCertificateNames(binding, namesIn);
  const names = binding.names.map((name) => name.toLowerCase());
  if (server === "nginx")
    return { weigh: (name) => best(names, (own) => weighNginx(own, name)), isOpen: names.some(isOpen) };
  if (server === "apache")
    return { weigh: (name) => best(names, (own) => weighGlob(own, name)), isOpen: false };
  if (server === "postfix")
    return { weigh: (name) => best(names, (own) => weighPostfix(own, name)), isOpen: false };
  const refused = new Set(names.filter((name) => name.startsWith("!")).map((name) => name.slice(1)));
  return {
    // What is refused is refused of the patterns in its line, not of the same name where that is written out there.
    weigh: (name) => best(names, (own) => (own !== name && refused.has(name) ? 0 : weighLabel(own, name))),
    isOpen: false,
  };
}

/** HAProxy goes by the common name as well, which is none of the names asked for here: it may be all that there is. */
function readCertificateNames(
  { deployments }: TlsBinding,
  namesIn: (path: string) => readonly string[] | null,
): NameRule {
  const names = deployments.map(({ certificate }) => namesIn(certificate.path));
  const known = names.flatMap((some) => some ?? []).map((name) => name.toLowerCase());
  return {
    weigh: (name) => best(known, (own) => weighLabel(own, name)),
    isOpen: known.length === 0 || names.includes(null),
  };
}

const best = (names: readonly string[], weigh: (own: string) => number): number =>
  names.reduce((most, own) => Math.max(most, weigh(own)), 0);

/** They are never run: an expression from a stranger's host may take for ever. */
const isOpen = (name: string): boolean => name.startsWith("~") || name.includes("$");

/** `.example.com` is the name and all below it; a star at the beginning comes before one at the end. */
function weighNginx(own: string, name: string): number {
  if (own === name || own === `.${name}`) return EXACT;
  const ending = own.startsWith("*.") ? own.slice(1) : own.startsWith(".") ? own : null;
  if (ending !== null)
    return name.endsWith(ending) && name.length > ending.length ? 10_000 + ending.length : 0;
  if (!own.endsWith(".*")) return 0;
  const beginning = own.slice(0, -1);
  return name.startsWith(beginning) && name.length > beginning.length ? beginning.length : 0;
}

/** `.example.com` is all below it, and not the name itself. */
function weighPostfix(own: string, name: string): number {
  if (own === name) return EXACT;
  return own.startsWith(".") && name.endsWith(own) && name.length > own.length ? own.length : 0;
}

/** `*` and `?` for any characters at all. */
function weighGlob(own: string, name: string): number {
  if (own === name) return EXACT;
  return /[*?]/.test(own) && fitsGlob(own, name) ? 1 : 0;
}

function fitsGlob(pattern: string, name: string): boolean {
  let [at, next, star, resume] = [0, 0, -1, 0];
  while (at < name.length) {
    if (pattern.charAt(next) === "*") {
      star = next++;
      resume = at;
    } else if (
      next < pattern.length &&
      (pattern.charAt(next) === "?" || pattern.charAt(next) === name.charAt(at))
    ) {
      next++;
      at++;
    } else if (star >= 0) {
      next = star + 1;
      at = ++resume;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(next));
}

/** A star stands for one label. */
function weighLabel(own: string, name: string): number {
  if (own === name) return EXACT;
  const dot = name.indexOf(".");
  return own.startsWith("*.") && dot > 0 && own.slice(1) === name.slice(dot) ? own.length : 0;
}
