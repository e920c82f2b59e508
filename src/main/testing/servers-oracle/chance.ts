/** Choices that look random and are the same for the same seed. */
export type Chance = {
  below(limit: number): number;
  pick<T>(from: readonly T[]): T;
  /** Between `least` and `most` of them, in their order. */
  some<T>(from: readonly T[], least: number, most: number): T[];
  /** True in `percent` of a hundred cases. */
  happens(percent: number): boolean;
  shuffle<T>(things: readonly T[]): T[];
};

export function createChance(seed: number): Chance {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
  const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T;
  const shuffle = <T>(things: readonly T[]): T[] => {
    const left = [...things];
    return things.map(() => left.splice(below(left.length), 1)[0] as T);
  };
  const some = <T>(from: readonly T[], least: number, most: number): T[] => {
    const count = Math.min(from.length, least + below(most - least + 1));
    const taken = new Set(shuffle(from.map((_, index) => index)).slice(0, count));
    return from.filter((_, index) => taken.has(index));
  };
  return { below, pick, some, happens: (percent) => below(100) < percent, shuffle };
}
