/** What a roster says of a person who has a key. */
export type Entry = {
  id: number;
  roster: number;
  name: string;
  logins: readonly string[];
  /** The entry that decides about them, where one does: entries with the same one are of one person. */
  decidedBy: number | null;
};

/**
 * The people that entries are of, one entry each. Entries of two rosters that share a login are of one person, as where it is
 * settled who is still there; two of one roster never are.
 */
export function tellPeopleApart(entries: readonly Entry[]): Entry[] {
  const groups: Entry[][] = [];
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

function isSame(one: Entry, other: Entry): boolean {
  if (one.roster === other.roster) return one.id === other.id;
  if (one.decidedBy !== null && one.decidedBy === other.decidedBy) return true;
  return one.logins.some((login) => other.logins.includes(login));
}
