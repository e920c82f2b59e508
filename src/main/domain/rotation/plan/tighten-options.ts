import { covers, readFromList } from "#domain/ssh/from-list.ts";
import { type LineOption, readExpiryTime, readLineOptions, valueOfOption } from "#domain/ssh/line-options.ts";

export type Tightening = { from: string | null; restrict: boolean; expiry: string | null };

/**
 * The options of a line with these ones added, or in the place of others of their name; what else stands there stays, byte
 * by byte. `restrict` comes first: what is written after it is allowed all the same. A sentence where that cannot be, or
 * would let in more than before.
 */
export function tightenOptions(options: string, wish: Tightening): { options: string } | { why: string } {
  const before = readLineOptions(options);
  if (before.problem !== null) return { why: `sshd ignores the line: ${before.problem}` };
  const later = wish.expiry === null ? null : findEarlierExpiry(before.options, wish.expiry);
  if (later !== null) return { why: `its key expires earlier already: expiry-time="${later}"` };
  const narrow = wish.from === null ? null : findNarrowerFrom(before.options, wish.from);
  if (narrow !== null)
    return { why: `from="${narrow}" stands there already, and not all of ${wish.from} is inside of it` };
  let pieces = splitOptions(options);
  if (wish.expiry !== null) pieces = replace(pieces, "expiry-time", wish.expiry);
  if (wish.from !== null) pieces = replace(pieces, "from", wish.from);
  // Where it stands already it stays: what is before it is forbidden, and would be allowed behind it.
  if (wish.restrict && !isRestricted(before.options)) pieces = ["restrict", ...pieces];
  const written = pieces.join(",");
  const problem = findProblem(written, wish);
  return problem === null ? { options: written } : { why: problem };
}

/** At the commas outside quotes; empty ones, which sshd lets pass, are dropped. */
function splitOptions(options: string): string[] {
  const pieces: string[] = [];
  let isQuoted = false;
  let from = 0;
  for (let at = 0; at <= options.length; at++) {
    const character = options[at];
    if (character === "\\" && options[at + 1] === '"') at++;
    else if (character === '"') isQuoted = !isQuoted;
    else if (character === undefined || (character === "," && !isQuoted)) {
      pieces.push(options.slice(from, at));
      from = at + 1;
    }
  }
  return pieces.filter((piece) => piece !== "");
}

const nameOf = (piece: string): string => (/^[^=]*/.exec(piece)?.[0] ?? "").toLowerCase();

/** The first of that name gives its place, the others go; where there is none, it comes first. */
function replace(pieces: readonly string[], name: string, value: string): string[] {
  const piece = `${name}="${value.replaceAll('"', '\\"')}"`;
  const at = pieces.findIndex((one) => nameOf(one) === name);
  const others = pieces.filter((one) => nameOf(one) !== name);
  return at < 0
    ? [piece, ...others]
    : [
        ...others.slice(0, countOthers(pieces, name, at)),
        piece,
        ...others.slice(countOthers(pieces, name, at)),
      ];
}

const countOthers = (pieces: readonly string[], name: string, until: number): number =>
  pieces.slice(0, until).filter((one) => nameOf(one) !== name).length;

/** sshd goes by the earliest. Dates in a zone of the host's are compared as they are written. */
function findEarlierExpiry(options: readonly LineOption[], wanted: string): string | null {
  const limit = readExpiryTime(wanted)?.seconds ?? 0;
  const dates = options.filter(({ name }) => name === "expiry-time").map(({ value }) => value ?? "");
  return dates.find((date) => (readExpiryTime(date)?.seconds ?? limit) < limit) ?? null;
}

/** The list that stands there, where not all that is wanted is plainly inside of it; null: there is none, or it is. */
function findNarrowerFrom(options: readonly LineOption[], wanted: string): string | null {
  const list = valueOfOption(options, "from");
  if (list === null || list === wanted) return null;
  const [old, fresh] = [readFromList(list), readFromList(wanted)];
  if (typeof old === "string" || typeof fresh === "string") return list;
  const isInside = fresh
    .filter(({ isNegated }) => !isNegated)
    .every((item) => old.some((one) => !one.isNegated && covers(one, item)));
  const isKept = old
    .filter(({ isNegated }) => isNegated)
    .every((item) => fresh.some((one) => one.isNegated && covers(one, item)));
  return isInside && isKept ? null : list;
}

const isRestricted = (options: readonly LineOption[]): boolean =>
  options.some(({ name }) => name === "restrict");

/** Read by our own grammar, for what is written must mean what is wished. */
function findProblem(written: string, { from, restrict, expiry }: Tightening): string | null {
  const { options, problem } = readLineOptions(written);
  if (problem !== null) return `sshd would ignore the line: ${problem}`;
  const isMeant =
    (from === null || valueOfOption(options, "from") === from) &&
    (expiry === null || valueOfOption(options, "expiry-time") === expiry) &&
    (!restrict || isRestricted(options));
  return isMeant ? null : "its options cannot be changed so that they mean what is wished";
}

/** The options of a line for the certificates of an authority, made of those of a line for a key. */
export function authorityOptions(
  options: string,
  principals: readonly string[],
): { options: string } | { why: string } {
  const before = readLineOptions(options);
  if (before.problem !== null) return { why: `sshd ignores the line: ${before.problem}` };
  const pieces = splitOptions(options).filter(
    (piece) => !["cert-authority", "principals"].includes(nameOf(piece)),
  );
  const written = ["cert-authority", `principals="${principals.join(",")}"`, ...pieces].join(",");
  const { problem } = readLineOptions(written);
  return problem === null ? { options: written } : { why: `sshd would ignore the line: ${problem}` };
}
