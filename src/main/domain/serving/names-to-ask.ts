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

/** Those by which a row may be reached; those that people know come first. */
export function listNamesToAsk(
  { source: { configuration, serving, pair }, ...row }: Pick<ListedServing, "source" | "name" | "isDefault">,
  namesIn: NamesIn,
): NamesToAsk {
  const name = row.name?.toLowerCase() ?? null;
  const { server } = configuration;
  const held = (pair && namesIn(pair.certificate.path)) ?? null;
  const own = (held ?? []).slice(0, MOST_NAMES);
  const isFirst = listedNames(server, serving)[0]?.toLowerCase() === name || name === null;
  const strangers = row.isDefault && isFirst ? [null, STRANGER] : [];
  if (name === null) {
    // HAProxy goes by the names in the certificate.
    const isByNames = serving.namesFromCertificate;
    return {
      names: unique([...(isByNames ? [] : strangers), ...own.flatMap(spellOut), ...strangers]),
      isAll: !isByNames || (held !== null && held.length <= MOST_NAMES && held.every(canBeSpelled)),
    };
  }
  if (PLAIN.test(name)) return { names: unique([name, ...strangers]), isAll: true };
  const fitting = own.filter((one) => PLAIN.test(one));
  return {
    names: unique([...spellOut(name), ...fitting, ...strangers]),
    // Of other servers' patterns the longer one counts, or the first: a name in between may lead there.
    isAll: server === "haproxy" && canBeSpelled(name),
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
