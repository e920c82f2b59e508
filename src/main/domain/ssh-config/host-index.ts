import type { Condition, Known } from "./conditions.ts";

/**
 * Finds what may hold for a host without trying every Host and Match line: of ten thousand lines one or two name it. A
 * pattern is filed under its whole text, or under what stands before its first wildcard, or after its last.
 */
export type HostIndex = {
  /** Numbers of the conditions that may hold for what is known of a host, ascending. */
  find(known: Pick<Known, "host" | "hostname" | "originalHost">): number[];
};

/** What a pattern is about: the host as ssh looks for it, or one of the two that Match asks for. */
type Scope = "host" | "hostname" | "originalHost";

type Place = "whole" | "prefix" | "suffix";

export function indexHosts(conditions: readonly Condition[]): HostIndex {
  const filed = new Map<string, number[]>();
  const lengths = new Map<string, Set<number>>();
  for (const [number, condition] of conditions.entries())
    for (const { key, length } of keysOf(condition)) {
      const numbers = filed.get(key) ?? [];
      if (numbers.at(-1) !== number) numbers.push(number);
      filed.set(key, numbers);
      const drawer = key.slice(0, key.indexOf(" ", key.indexOf(" ") + 1));
      lengths.set(drawer, (lengths.get(drawer) ?? new Set()).add(length));
    }
  return {
    find({ host, hostname, originalHost }) {
      const keys = [
        ANY.key,
        ...listKeys("host", host),
        ...listKeys("hostname", hostname.toLowerCase()),
        ...listKeys("originalHost", originalHost.toLowerCase()),
      ];
      const found = keys.flatMap((key) => filed.get(key) ?? []);
      return [...new Set(found)].sort((one, other) => one - other);
    },
  };

  function listKeys(scope: Scope, name: string): string[] {
    const fitting = (place: Place) =>
      [...(lengths.get(`${scope} ${place}`) ?? [])].filter((length) => length <= name.length);
    return [
      keyOf(scope, "whole", name),
      ...fitting("prefix").map((length) => keyOf(scope, "prefix", name.slice(0, length))),
      ...fitting("suffix").map((length) => keyOf(scope, "suffix", name.slice(name.length - length))),
    ];
  }
}

type Key = { key: string; length: number };

const ANY: Key = { key: "any host at all", length: 0 };

const keyOf = (scope: Scope, place: Place, text: string): string => `${scope} ${place} ${text}`;

function keysOf(condition: Condition): Key[] {
  switch (condition.kind) {
    case "always":
      return [ANY];
    case "never":
      return [];
    case "host":
      return condition.patterns
        .filter(({ isNegated }) => !isNegated)
        .map(({ text }) => keyOfPattern("host", text));
    case "match": {
      const sure = condition.criteria.find(
        ({ name, isNegated }) => !isNegated && (name === "host" || name === "originalhost"),
      );
      if (!sure) return [ANY];
      const scope = sure.name === "host" ? "hostname" : "originalHost";
      const patterns = sure.list.toLowerCase().split(",");
      return patterns.filter((text) => !text.startsWith("!")).map((text) => keyOfPattern(scope, text));
    }
  }
}

function keyOfPattern(scope: Scope, pattern: string): Key {
  const first = pattern.search(/[*?]/);
  if (first === -1) return { key: keyOf(scope, "whole", pattern), length: pattern.length };
  if (first > 0) return { key: keyOf(scope, "prefix", pattern.slice(0, first)), length: first };
  const suffix = pattern.slice(Math.max(pattern.lastIndexOf("*"), pattern.lastIndexOf("?")) + 1);
  return suffix === "" ? ANY : { key: keyOf(scope, "suffix", suffix), length: suffix.length };
}
