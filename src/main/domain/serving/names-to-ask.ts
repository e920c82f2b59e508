import type { Configuration } from "#domain/server-configs/configuration.ts";
import { type ListedServing, listedNames } from "./list-servings.ts";

export type NamesIn = (path: string) => readonly string[] | null;

/** Names to ask a server for, by which it may choose a certificate; null: none at all. */
export type NamesToAsk = {
  names: readonly (string | null)[];
  /** Whether no other name can lead to it where none of these does. */
  isAll: boolean;
};

/** A name that is written out, and no pattern. */
const PLAIN = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;

/** No configuration has a certificate for it (RFC 6761, 6.4). */
const STRANGER = "no-such-name.invalid";

/** One label that no configuration writes out: it stands for all others below a star. */
const LABEL = "no-such-label";

/** So many of a certificate's own names are asked for. */
const MOST_NAMES = 40;

/** Names that lines of HAProxy refuse, by what stands behind their first label: they lead past the patterns of these lines to others. */
export type RefusedNames = ReadonlyMap<string, readonly string[]>;

/** Of all that listens at a port. */
export function listRefusedNames({ server, servings }: Configuration, port: number): RefusedNames {
  if (server !== "haproxy") return new Map();
  const refused = servings.flatMap(({ listens, names }) =>
    listens.some((listen) => listen.port === port)
      ? names.flatMap((name) => (name.startsWith("!") ? name.slice(1).toLowerCase() : []))
      : [],
  );
  const plain = unique(refused).filter((name) => PLAIN.test(name));
  return Map.groupBy(plain, (name) => name.slice(name.indexOf(".")));
}

/** Those by which a row may be reached; those that people know come first. */
export function listNamesToAsk(
  { source: { configuration, serving, pair }, ...row }: Pick<ListedServing, "source" | "name" | "isDefault">,
  namesIn: NamesIn,
  refused: RefusedNames = new Map(),
): NamesToAsk {
  const refusedBelow = (pattern: string) =>
    pattern.startsWith("*.") ? (refused.get(pattern.slice(1)) ?? []) : [];
  const name = row.name?.toLowerCase() ?? null;
  const { server } = configuration;
  const held = (pair && namesIn(pair.certificate.path)) ?? null;
  const own = (held ?? []).slice(0, MOST_NAMES);
  const isFirst = listedNames(server, serving)[0]?.toLowerCase() === name || name === null;
  const strangers = row.isDefault && isFirst ? [null, STRANGER] : [];
  if (name === null) {
    // HAProxy goes by the names in the certificate.
    const isByNames = serving.namesFromCertificate;
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
    // Of other servers' patterns the longer one counts, or the first: a name in between may lead there.
    isAll: server === "haproxy" && canBeSpelled(name) && past.length <= MOST_NAMES,
  };
}

const canBeSpelled = (name: string): boolean => PLAIN.test(name.startsWith("*.") ? name.slice(2) : name);

/** Names that a pattern fits; the name itself where it is none. */
function spellOut(name: string): string[] {
  if (PLAIN.test(name)) return [name];
  const spelled = name.startsWith(".")
    ? [name.slice(1), `www${name}`, `${LABEL}${name}`]
    : ["www", LABEL].map((label) => name.replace(/\*/g, label).replace(/\?/g, "a"));
  return spelled.filter((one) => PLAIN.test(one));
}

const unique = <T>(things: readonly T[]): T[] => [...new Set(things)];
