import type { PersonDecision } from "#shared/model/access/person.ts";

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
  /** It has a name that is none of its logins. */
  isNamed: boolean;
  standing: "known" | "gone";
  decidedBy: number | null;
  /** The entry by which its person is known and named; null before it was settled. */
  lead: number | null;
};

type SettledEntry = Pick<PersonEntry, "id" | "standing" | "decidedBy" | "lead">;

/** The standing by one entry alone; null where it says nothing. */
type Word = "known" | "gone" | null;

/**
 * Who is one person, and who is still there. Entries that share a login or an address are of one person, unless the user
 * says otherwise; a key joins nobody, for anybody can list a public key (decision 0064). The newest reading that says
 * anything decides for all entries of a person; of two readings at the same moment, the one with "gone" decides. The entry
 * that decides leads; where none does, the first that has a name beside its logins. Returns only what has changed.
 */
export function settleStandings(
  entries: readonly PersonEntry[],
  today: string,
  decisions: readonly PersonDecision[],
): SettledEntry[] {
  return groupEntries(entries, decisions).flatMap((group) => {
    const decider = decide(group, today);
    const standing = decider ? (wordOf(decider, today) ?? "known") : "known";
    const decidedBy = decider?.id ?? null;
    const lead = decidedBy ?? (group.find(({ isNamed }) => isNamed) ?? group[0])?.id ?? null;
    return group
      .filter((entry) => standing !== entry.standing || decidedBy !== entry.decidedBy || lead !== entry.lead)
      .map(({ id }) => ({ id, standing, decidedBy, lead }));
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

/** The entries of each person. A login that two people of one people source share identifies nobody, and joins nothing. */
function groupEntries(
  entries: readonly PersonEntry[],
  decisions: readonly PersonDecision[],
): PersonEntry[][] {
  const split = new Set(decisions.flatMap((one) => (one.kind === "split" ? [one.entry] : [])));
  const byLogin = new Map<string, PersonEntry[]>();
  for (const entry of entries) {
    if (split.has(entry.id)) continue;
    for (const login of entry.logins) {
      const known = byLogin.get(login);
      if (known) known.push(entry);
      else byLogin.set(login, [entry]);
    }
  }
  const { rootOf, unite } = createSets();
  for (const [first, ...others] of byLogin.values()) {
    if (!first || others.length === 0) continue;
    const sources = new Set([first, ...others].map(({ source }) => source));
    if (sources.size <= others.length) continue;
    for (const other of others) unite(first.id, other.id);
  }
  for (const one of decisions) if (one.kind === "join") unite(one.entry, one.other);
  const inOrder = entries.toSorted((one, other) => one.id - other.id);
  return [...Map.groupBy(inOrder, ({ id }) => rootOf(id)).values()];
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
