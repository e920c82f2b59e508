import type { Configuration, Deployment, TlsBinding } from "./configuration.ts";

/** One connection to a server: its port, the address at which the server was reached, and the SNI name, if any. */
export type BindingQuery = { address: string | null; port: number; name: string | null };

type ChosenBy = "name" | "wildcard" | "certificate" | "default";

/**
 * What the server chooses by the address and name alone: it may present each of `deployments`, and
 * `deploymentsForClient` finds the one that a client gets. They are those of `bindings`, whose first is `binding`: only
 * HAProxy tries several.
 */
export type Choice =
  | { kind: "chosen"; binding: TlsBinding; bindings: TlsBinding[]; deployments: Deployment[]; by: ChosenBy }
  | { kind: "unsure"; why: string }
  /** By this configuration nothing listens there, or the server refuses other names. */
  | { kind: "none" };

/**
 * Which binding of a configuration answers, by that server's own rules. `namesIn`: the DNS names of the first
 * certificate of a file, by which HAProxy chooses; null where they are not known.
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

/** The addresses of which one may have been reached; null where it is the one in the query. */
function listAddresses(configuration: Configuration, { address, port }: BindingQuery): string[] | null {
  if (address !== null && !isTranslated(configuration, address)) return null;
  const reached = listReached(configuration, port);
  if (address === null) return reached;
  const isSix = address.includes(":");
  // Address translation (NAT) keeps the family.
  const own = reached.filter(
    (one) => !isLoopback(one) && (!ADDRESS.test(one) || one.includes(":") === isSix),
  );
  return own.length > 0 ? own : null;
}

const ADDRESS = /^[\d.]+$|:/;

/** `addresses`: the host's own; null: they are not known. */
type HostOfServer = { addresses?: readonly string[] | null };

/** Whether the address is none of the host's own, as far as they are known: a NAT before the host translates it. */
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
 * The addresses at which other machines reach the port, where `0.0.0.0` and `::` stand for any other address of their
 * family; where only the host itself reaches it, the loopback addresses.
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
  // HAProxy prefers a key type to an exact name: a binding that was not read may come before one that matches.
  const isAnyFirst = server === "haproxy";
  const isExact = fitting?.by === "name" || fitting?.by === "certificate";
  if (fitting && isExact && !isAnyFirst) return settle(fitting.bindings, fitting.by);
  if (incomplete && !(incomplete.onlyForNames && name === null)) return unsure(incomplete.why);
  if (fitting && !(isAnyFirst && isOpen)) return settle(fitting.bindings, fitting.by);
  if (isOpen) return unsure("a pattern or a certificate that was not read may fit the name");
  const usual = reached.filter(({ isDefault }) => isDefault).map(({ binding }) => binding);
  return settle(isAnyFirst ? usual : usual.slice(0, 1), "default");
}

/** Whether a binding before the chosen one may have that name, since its server looks its own name up. */
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

/** The bindings at the address that matches best; null where it is not known which one that is. */
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

/** Whether the address is the host's own, so that no NAT applies, and nothing listens at it. */
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
 * How closely a listener matches an address, in lower case. 0: not at all. The exact address comes before every address
 * of a family, and that before every address of both.
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
  // Apache takes the first that matches, by name or by pattern.
  const best = server === "apache" ? fitting[0]?.weight : Math.max(0, ...fitting.map(({ weight }) => weight));
  if (!best) return null;
  const chosen = fitting.filter(({ weight }) => weight === best).map(({ binding }) => binding);
  // HAProxy also tries patterns, since one may have a key type that it prefers.
  const others = fitting.filter(({ weight }) => weight !== best).map(({ binding }) => binding);
  const bindings = server === "haproxy" ? [...chosen, ...others] : chosen.slice(0, 1);
  if (best < EXACT) return { bindings, by: "wildcard" };
  return { bindings, by: bindings[0]?.namesFromCertificate ? "certificate" : "name" };
}

/** How a server matches the SNI name with the names of a binding. */
type NameRule = {
  /** 0: none matches; EXACT: one is that name; in between: a pattern matches, and a larger number is closer. */
  weigh(name: string): number;
  /** Whether a name may match without our knowing: a regular expression, a certificate that was not read. */
  isOpen: boolean;
};

/** An exact name weighs more than any pattern. */
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
    // `!name` excludes the name from the patterns in its line, but not where the line also has that exact name.
    weigh: (name) => best(names, (own) => (own !== name && refused.has(name) ? 0 : weighLabel(own, name))),
    isOpen: false,
  };
}

/** HAProxy also matches the common name, which `namesIn` leaves out: without DNS names, the answer is open. */
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

/** We never run regular expressions: one from an untrusted host may take for ever. */
const isOpen = (name: string): boolean => name.startsWith("~") || name.includes("$");

/** `.example.com` matches the name and all below it; a star at the beginning comes before one at the end. */
function weighNginx(own: string, name: string): number {
  if (own === name || own === `.${name}`) return EXACT;
  const ending = own.startsWith("*.") ? own.slice(1) : own.startsWith(".") ? own : null;
  if (ending !== null)
    return name.endsWith(ending) && name.length > ending.length ? 10_000 + ending.length : 0;
  if (!own.endsWith(".*")) return 0;
  const beginning = own.slice(0, -1);
  return name.startsWith(beginning) && name.length > beginning.length ? beginning.length : 0;
}

/** `.example.com` matches all below it, and not the name itself. */
function weighPostfix(own: string, name: string): number {
  if (own === name) return EXACT;
  return own.startsWith(".") && name.endsWith(own) && name.length > own.length ? own.length : 0;
}

/** `*` and `?` match any characters. */
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

/** A star matches one label. */
function weighLabel(own: string, name: string): number {
  if (own === name) return EXACT;
  const dot = name.indexOf(".");
  return own.startsWith("*.") && dot > 0 && own.slice(1) === name.slice(dot) ? own.length : 0;
}
