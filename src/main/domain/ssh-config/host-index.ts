import type { Condition } from "./conditions.ts";

/**
 * Finds what may hold for a host without trying every Host line: of ten thousand lines one or two name it. A pattern is
 * filed under its whole text, or under what stands before its first wildcard, or after its last.
 */
export type HostIndex = {
  /** Numbers of the conditions that may hold for this host, ascending. */
  find(host: string): number[];
};

export function indexHosts(conditions: readonly Condition[]): HostIndex {
  const filed = new Map<string, number[]>();
  for (const [number, condition] of conditions.entries())
    for (const key of new Set(keysOf(condition))) {
      const numbers = filed.get(key);
      if (numbers) numbers.push(number);
      else filed.set(key, [number]);
    }
  const prefixLengths = lengthsOf(filed, "prefix ");
  const suffixLengths = lengthsOf(filed, "suffix ");
  return {
    find(host) {
      const keys = [
        ANY,
        `whole ${host}`,
        ...prefixLengths
          .filter((length) => length <= host.length)
          .map((length) => `prefix ${host.slice(0, length)}`),
        ...suffixLengths
          .filter((length) => length <= host.length)
          .map((length) => `suffix ${host.slice(host.length - length)}`),
      ];
      const found = keys.flatMap((key) => filed.get(key) ?? []);
      return [...new Set(found)].sort((one, other) => one - other);
    },
  };
}

const ANY = "any";

function keysOf(condition: Condition): string[] {
  if (condition.kind === "never") return [];
  if (condition.kind !== "host") return [ANY];
  return condition.patterns.filter(({ isNegated }) => !isNegated).map(({ text }) => keyOf(text));
}

function keyOf(pattern: string): string {
  const first = pattern.search(/[*?]/);
  if (first === -1) return `whole ${pattern}`;
  if (first > 0) return `prefix ${pattern.slice(0, first)}`;
  const suffix = pattern.slice(Math.max(pattern.lastIndexOf("*"), pattern.lastIndexOf("?")) + 1);
  return suffix === "" ? ANY : `suffix ${suffix}`;
}

function lengthsOf(filed: ReadonlyMap<string, unknown>, kind: string): number[] {
  const keys = [...filed.keys()].filter((key) => key.startsWith(kind));
  return [...new Set(keys.map((key) => key.length - kind.length))];
}
