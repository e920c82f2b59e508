/** The entry of one person in one people source; other sources may have further ones. */
export type PersonEntry = {
  id: number;
  source: number;
  said: "active" | "gone" | "nothing";
  leftOn: string | null;
  isMissing: boolean;
  sourceIsWhole: boolean;
  readAt: string;
  logins: readonly string[];
  standing: "known" | "gone";
  decidedBy: number | null;
};

type SettledStanding = Pick<PersonEntry, "id" | "standing" | "decidedBy">;

/** The standing by one entry alone; null where it says nothing. */
type Word = "known" | "gone" | null;

/**
 * Who is still there. Entries that share a login or an address are of one person, and the newest reading that says
 * anything decides for all of them; of two readings at the same moment, the one with "gone" decides. Returns only what
 * has changed.
 */
export function settleStandings(entries: readonly PersonEntry[], today: string): SettledStanding[] {
  const groupOf = groupByLogin(entries);
  const deciders = new Map<readonly PersonEntry[], PersonEntry | null>();
  return entries.flatMap((entry) => {
    const group = groupOf(entry);
    const decider = deciders.has(group) ? deciders.get(group) : decide(group, today);
    deciders.set(group, decider ?? null);
    const standing = decider ? (wordOf(decider, today) ?? "known") : "known";
    const decidedBy = decider?.id ?? null;
    return standing === entry.standing && decidedBy === entry.decidedBy
      ? []
      : [{ id: entry.id, standing, decidedBy }];
  });
}

function decide(group: readonly PersonEntry[], today: string): PersonEntry | null {
  const saying = group.filter((entry) => wordOf(entry, today) !== null);
  const rank = (entry: PersonEntry) => `${entry.readAt} ${wordOf(entry, today) === "gone" ? 1 : 0}`;
  return saying.toSorted((one, other) => (rank(one) < rank(other) ? 1 : -1))[0] ?? null;
}

function wordOf({ said, leftOn, isMissing, sourceIsWhole }: PersonEntry, today: string): Word {
  if (isMissing && sourceIsWhole) return "gone";
  if (said === "gone") return "gone";
  if (leftOn !== null) return leftOn < today ? "gone" : "known";
  return said === "active" ? "known" : null;
}

/**
 * Returns a function that gives all entries of an entry's person. A login that two people of one people source share
 * identifies nobody, and joins nothing.
 */
function groupByLogin(entries: readonly PersonEntry[]): (entry: PersonEntry) => readonly PersonEntry[] {
  const byLogin = new Map<string, PersonEntry[]>();
  for (const entry of entries)
    for (const login of entry.logins) {
      const known = byLogin.get(login);
      if (known) known.push(entry);
      else byLogin.set(login, [entry]);
    }
  const { rootOf, unite } = createSets();
  for (const [first, ...others] of byLogin.values()) {
    if (!first || others.length === 0) continue;
    const sources = new Set([first, ...others].map(({ source }) => source));
    if (sources.size <= others.length) continue;
    for (const other of others) unite(first.id, other.id);
  }
  const groups = Map.groupBy(entries, ({ id }) => rootOf(id));
  return ({ id }) => groups.get(rootOf(id)) ?? [];
}

/** Disjoint sets of numbers (union-find): the root identifies the set. */
function createSets() {
  const parents = new Map<number, number>();
  const rootOf = (id: number): number => {
    let root = id;
    for (let parent = parents.get(root); parent !== undefined; parent = parents.get(root)) root = parent;
    for (let at = id; at !== root; ) {
      const next = parents.get(at) ?? root;
      parents.set(at, root);
      at = next;
    }
    return root;
  };
  const unite = (one: number, other: number): void => {
    const [root, joined] = [rootOf(one), rootOf(other)];
    if (root !== joined) parents.set(joined, root);
  };
  return { rootOf, unite };
}

/** An entry of a people source for a person who has a key. */
export type NamedEntry = {
  id: number;
  source: number;
  name: string;
  logins: readonly string[];
  /** The entry that decides about their standing, if any: entries with the same one are of one person. */
  decidedBy: number | null;
};

/**
 * One entry for each person. Entries of two people sources that share a login are of one person, as in
 * settleStandings; two entries of one people source are never matched directly.
 */
export function distinguishPeople(entries: readonly NamedEntry[]): NamedEntry[] {
  const groups: NamedEntry[][] = [];
  for (const entry of entries) {
    const [first, ...others] = groups.filter((group) => group.some((known) => isSame(known, entry)));
    if (!first) {
      groups.push([entry]);
      continue;
    }
    first.push(entry, ...others.flat());
    for (const other of others) groups.splice(groups.indexOf(other), 1);
  }
  return groups.flatMap(([entry]) => entry ?? []);
}

function isSame(one: NamedEntry, other: NamedEntry): boolean {
  if (one.source === other.source) return one.id === other.id;
  if (one.decidedBy !== null && one.decidedBy === other.decidedBy) return true;
  return one.logins.some((login) => other.logins.includes(login));
}
