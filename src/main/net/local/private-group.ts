/** The texts of /etc/passwd and /etc/group. */
type Accounts = { passwd: string; group: string };

/**
 * Whether one user alone is in a group, as where everybody has a group of their own. Groups that stand elsewhere, such
 * as in a directory, count as shared.
 */
export function isPrivateGroup(gid: number, uid: number, { passwd, group }: Accounts): boolean {
  const users = readFields(passwd).map(([name, , user, first]) => ({
    name,
    isIt: user === String(uid),
    first,
  }));
  const own = users.filter(({ first }) => first === String(gid));
  const groups = readFields(group).filter(([, , number]) => number === String(gid));
  const added = groups.flatMap(([, , , names = ""]) => names.split(",").filter(Boolean));
  const isIt = (name: string) => users.some((user) => user.name === name && user.isIt);
  return groups.length > 0 && own.length > 0 && own.every((user) => user.isIt) && added.every(isIt);
}

const readFields = (text: string): string[][] => text.split("\n").map((line) => line.split(":"));
