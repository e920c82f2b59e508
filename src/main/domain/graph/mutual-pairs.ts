/** The pairs that are there in both directions, each once, with the smaller number first. What points to itself is none. */
export function mutualPairs(pairs: readonly (readonly [number, number])[]): [number, number][] {
  const targets = new Map<number, Set<number>>();
  for (const [from, to] of pairs) {
    const known = targets.get(from);
    if (known) known.add(to);
    else targets.set(from, new Set([to]));
  }
  const mutual: [number, number][] = [];
  for (const [from, tos] of targets)
    for (const to of tos) if (from < to && targets.get(to)?.has(from)) mutual.push([from, to]);
  return mutual.sort(([one, two], [other, another]) => one - other || two - another);
}
