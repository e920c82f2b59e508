import { isWithin, splitNames } from "./addresses.ts";
import type { Section, Setting } from "./sections.ts";

/** Settings that hold for some connections only: all conditions of the blocks that they stand in must fit. */
export type Filter = {
  /** From the outermost block to the one that they stand in; empty for those that hold everywhere. */
  path: Section[];
  settings: ReadonlyMap<string, Setting>;
};

/** One kind of connection: `name` null for one that asks for none, `address` null for any other than is asked about. */
export type Connection = { protocol: string; name: string | null; address: string | null };

const CONDITIONS = new Set(["protocol", "local_name", "local", "remote"]);
const DEEPEST = 8;

/** In the order in which they are written first, those that hold everywhere before all: a block that is opened again goes on with itself. */
export function readFilters(whole: Section): Filter[] {
  const filters = new Map<string, Filter & { settings: Map<string, Setting> }>();
  gather(whole, []);
  return [...filters.values()];

  function gather(section: Section, path: Section[]): void {
    const key = JSON.stringify(path.map(({ words }) => words.map(withoutWholeMask)));
    const known = filters.get(key);
    if (!known) filters.set(key, { path, settings: new Map(section.settings) });
    else {
      for (const [name, setting] of section.settings) known.settings.set(name, setting);
      const last = known.path.at(-1);
      if (last && section.hasGap) last.hasGap = true;
    }
    if (path.length >= DEEPEST) return;
    for (const inner of section.sections)
      if (CONDITIONS.has(inner.words[0] ?? "")) gather(inner, [...path, inner]);
  }
}

/** An address is the network of itself alone. */
const withoutWholeMask = (word: string): string => word.replace(word.includes(":") ? /\/128$/ : /\/32$/, "");

/**
 * What one setting is for a connection. 2.4 takes the last of the blocks that fit. "unclear" for blocks within blocks
 * that say otherwise than another one that fits, and for any two in versions before.
 */
export function findSetting(
  names: readonly string[],
  filters: readonly Filter[],
  connection: Connection,
  isNew: boolean,
): Setting | "unclear" | undefined {
  const having = filters.flatMap((filter) => {
    const setting = names.map((name) => filter.settings.get(name)).find((one) => one);
    const isFitting = setting && filter.path.every((section) => fits(section, connection));
    return isFitting ? [{ setting, depth: filter.path.length }] : [];
  });
  const inBlocks = having.filter(({ depth }) => depth > 0);
  const isAgreed = new Set(inBlocks.map(({ setting }) => setting.value)).size < 2;
  const isInOrder = isNew && inBlocks.every(({ depth }) => depth === 1);
  return isAgreed || isInOrder ? (inBlocks.at(-1) ?? having.at(-1))?.setting : "unclear";
}

function fits({ words: [kind, ...values] }: Section, { protocol, name, address }: Connection): boolean {
  switch (kind) {
    case "protocol":
      return values.some(
        (value) => value === protocol || (value.startsWith("!") && value.slice(1) !== protocol),
      );
    case "local_name":
      return name !== null && splitNames(values).some((own) => coversName(own, name));
    case "local":
      return address !== null && splitNames(values).some((block) => isWithin(address, block));
    default:
      return false;
  }
}

/** A star stands for one label. */
function coversName(own: string, name: string): boolean {
  const dot = name.indexOf(".");
  return own === name || (own.startsWith("*.") && dot >= 0 && own.slice(1) === name.slice(dot));
}
