import {
  type BindingQuery,
  type Choice,
  chooseBinding,
  isTranslated,
} from "#domain/server-configs/choose-binding.ts";
import type { Configuration, TlsBinding } from "#domain/server-configs/configuration.ts";

/** The part of a configuration that may decide one query; `whole` gives the original of a narrowed binding. */
type Narrowed = { configuration: Configuration; whole: (binding: TlsBinding) => TlsBinding };

/** Chooses from what is left, and gives the answer in terms of the whole configuration. */
export function chooseNarrowed(
  { configuration, whole }: Narrowed,
  query: BindingQuery,
  namesIn: NamesIn,
): Choice {
  const choice = chooseBinding(configuration, query, namesIn);
  if (choice.kind !== "chosen") return choice;
  return { ...choice, binding: whole(choice.binding), bindings: choice.bindings.map(whole) };
}

type NarrowQuery = { address: string | null; name: string | null };

type NamesIn = (path: string) => readonly string[] | null;

/** Names of one binding, by its index in the configuration; null: all that it has. */
type Named = { at: number; names: readonly string[] | null };

/** Bindings at one address: those that take part in every query, and the others by the names that lead to them. */
type Group = { always: readonly Named[]; byName: ReadonlyMap<string, readonly Named[]> };

/**
 * Leaves out of a configuration what cannot decide which binding answers at a port: `chooseBinding` gives the same
 * answer for what is left, and need not go through thousands of names for each query.
 */
export function createNarrower(
  configuration: Configuration,
  port: number,
  namesIn: NamesIn,
): (query: NarrowQuery) => Narrowed {
  const here = configuration.bindings.flatMap(({ listens }, at) =>
    listens.some((listen) => listen.port === port) ? [at] : [],
  );
  const byAddress = groupByAddress(configuration, port, here);
  const groups = new Map<string, Group>();
  const twoAddresses = findTwoAddresses(configuration, here);
  // If it is not known which address was reached, one binding of each address counts.
  const onePerAddress = toMap([...byAddress.values()].flatMap((members) => members.slice(0, 1)));

  return ({ address, name }) => {
    if (address === null || isTranslated(configuration, address))
      return keep(
        configuration,
        new Map([...gather(groupOf(null), name), ...onePerAddress, ...toMap(twoAddresses ?? [])]),
      );
    const addresses = findAddresses(byAddress, address);
    if (!addresses && twoAddresses) return keep(configuration, toMap(twoAddresses));
    return keep(configuration, gather(groupOf(addresses), name));
  };

  function groupOf(addresses: readonly (string | null)[] | null): Group {
    const key = JSON.stringify(addresses);
    const known = groups.get(key);
    if (known) return known;
    const members = addresses?.flatMap((address) => byAddress.get(address) ?? []) ?? here;
    const group = makeGroup(configuration, new Set(members), port, namesIn);
    groups.set(key, group);
    return group;
  }
}

/** `null` stands for every address of both families. */
function groupByAddress({ bindings }: Configuration, port: number, here: readonly number[]) {
  const groups = new Map<string | null, number[]>();
  for (const at of here) {
    const listens = bindings[at]?.listens.filter((listen) => listen.port === port) ?? [];
    for (const address of new Set(listens.map((listen) => listen.address))) {
      const group = groups.get(address) ?? [];
      group.push(at);
      groups.set(address, group);
    }
  }
  return groups;
}

const LOOPBACK = new Set(["127.0.0.1", "::1"]);

/** The listened addresses that fit best, as `chooseBinding` ranks them; null: none is known to fit. */
function findAddresses(
  listened: ReadonlyMap<string | null, unknown>,
  address: string,
): readonly (string | null)[] | null {
  const own = address.toLowerCase();
  const exact = [own, ...(LOOPBACK.has(own) ? ["localhost"] : [])];
  const open = [own.includes(":") ? "::" : "0.0.0.0"];
  for (const rank of [exact, open, [null]]) {
    const found = rank.filter((one) => listened.has(one));
    if (found.length > 0) return found;
  }
  return null;
}

/** Bindings that together listen at two addresses, if there are as many: then it is unknown which one was reached. */
function findTwoAddresses({ bindings }: Configuration, here: readonly number[]): number[] | null {
  const addresses = new Set<string | null>();
  const found: number[] = [];
  for (const at of here) {
    const before = addresses.size;
    for (const { address } of bindings[at]?.listens ?? []) addresses.add(address);
    if (addresses.size > before) found.push(at);
    if (addresses.size > 1) return found;
  }
  return null;
}

function makeGroup(
  { bindings }: Configuration,
  members: ReadonlySet<number>,
  port: number,
  namesIn: NamesIn,
): Group {
  const always: Named[] = [];
  const byName = new Map<string, Named[]>();
  for (const at of members) {
    const binding = bindings[at];
    if (!binding) continue;
    const isDefault = binding.listens.some((listen) => listen.port === port && listen.isDefault);
    const names = binding.namesFromCertificate ? certificateNames(binding, namesIn) : binding.names;
    if (isDefault || !names || binding.lookedUpName) always.push({ at, names: names && [] });
    for (const name of names ?? []) {
      const key = keyOf(name.toLowerCase());
      const named = key === null ? always : (byName.get(key) ?? []);
      named.push({ at, names: [name] });
      if (key !== null) byName.set(key, named);
    }
  }
  return { always, byName };
}

/** Null if not all names that may lead to it are known. */
function certificateNames({ deployments }: TlsBinding, namesIn: NamesIn): string[] | null {
  const names = deployments.map(({ certificate }) => namesIn(certificate.path));
  const known = names.flatMap((some) => some ?? []);
  return known.length === 0 || names.includes(null) ? null : known;
}

/**
 * The name, or the part of it from a dot on, that a query has to have for this one to match; null: it cannot be looked
 * up.
 */
function keyOf(name: string): string | null {
  const key = name.startsWith("*.") ? name.slice(1) : name;
  return /[*?~!$]/.test(key) ? null : key;
}

function gather({ always, byName }: Group, name: string | null): Map<number, string[] | null> {
  const found = new Map<number, string[] | null>();
  const led = keysOf(name).flatMap((key) => byName.get(key) ?? []);
  for (const { at, names } of [...always, ...led]) {
    const before = found.get(at);
    if (names === null) found.set(at, null);
    else if (before === undefined) found.set(at, [...names]);
    else before?.push(...names);
  }
  return found;
}

/** The name itself, and each part of it that begins with a dot. */
function keysOf(name: string | null): string[] {
  if (name === null) return [];
  const query = name.toLowerCase().replace(/\.$/, "");
  const ends = [...query.matchAll(/\./g)].map(({ index }) => query.slice(index));
  return [...new Set([query, `.${query}`, ...ends])];
}

const toMap = (bindings: readonly number[]) => new Map<number, null>(bindings.map((at) => [at, null]));

/** These bindings in their order, each with these of its names. */
function keep(configuration: Configuration, kept: ReadonlyMap<number, readonly string[] | null>): Narrowed {
  const wholeOf = new Map<TlsBinding, TlsBinding>();
  const bindings = [...kept]
    .sort(([one], [other]) => one - other)
    .flatMap(([at, names]) => {
      const whole = configuration.bindings[at];
      if (!whole) return [];
      const isAll = names === null || whole.namesFromCertificate || names.length === whole.names.length;
      const narrow = isAll ? whole : { ...whole, names: [...names] };
      wholeOf.set(narrow, whole);
      return [narrow];
    });
  return {
    configuration: { ...configuration, bindings },
    whole: (binding) => wholeOf.get(binding) ?? binding,
  };
}
