/** A name of a unit of systemd in its parts: "getty@tty1.service" is of the template "getty@.service". */
export type UnitName = {
  name: string;
  /** "getty". */
  prefix: string;
  /** "tty1"; "" for a template, null for a unit that is of none. */
  instance: string | null;
  /** "service". */
  type: string;
};

export function parseUnitName(name: string): UnitName | null {
  const [, prefix = "", , instance = null, type = ""] =
    /^([\w:.\\-]+)(@([\w:.\\@-]*))?\.(service|timer|socket|path|target)$/.exec(name) ?? [];
  return prefix === "" || name.length > 255 ? null : { name, prefix, instance, type };
}

/** The template of an instance; null if the unit is none. */
export const templateOf = ({ prefix, instance, type }: UnitName): string | null =>
  instance ? `${prefix}@.${type}` : null;

/** The prefix up to the next dash that a drop-in folder may end at: of "a-b" it is "a-"; "" if there is none. */
export function shortenPrefix(prefix: string): string {
  const dash = prefix.length < 2 ? -1 : prefix.lastIndexOf("-", prefix.length - 2);
  return dash <= 0 ? "" : prefix.slice(0, dash + 1);
}

/** A text of a unit with its specifiers expanded; null if one of them is not known here. */
export function expandSpecifiers(text: string, { name, prefix, instance, type }: UnitName): string | null {
  let isKnown = true;
  // A template has none yet.
  const own = instance === "" ? undefined : (instance ?? "");
  const known: { [letter: string]: string | undefined } = {
    "%": "%",
    n: name,
    N: name.slice(0, -type.length - 1),
    p: prefix,
    P: unescapeName(prefix),
    j: prefix.slice(prefix.lastIndexOf("-") + 1),
    J: unescapeName(prefix.slice(prefix.lastIndexOf("-") + 1)),
    i: own,
    I: own === undefined ? undefined : unescapeName(own),
  };
  const expanded = text.replace(/%(.?)/gs, (_, letter: string) => {
    const value = known[letter];
    if (value === undefined) isKnown = false;
    return value ?? "";
  });
  return isKnown ? expanded : null;
}

const unescapeName = (text: string): string =>
  text
    .replaceAll("-", "/")
    .replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
