import type { Configuration, Serving } from "./configuration.ts";

/** How a serving's names are held against a name that is asked for, as its server does. */
export type NameRule = {
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
  serving: Serving,
  namesIn: (path: string) => readonly string[] | null,
): NameRule {
  if (serving.namesFromCertificate) return readCertificateNames(serving, namesIn);
  const names = serving.names.map((name) => name.toLowerCase());
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
  { pairs }: Serving,
  namesIn: (path: string) => readonly string[] | null,
): NameRule {
  const names = pairs.map(({ certificate }) => namesIn(certificate.path));
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
