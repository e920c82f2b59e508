import { execFileSync } from "node:child_process";

export type UserIds = { uid: number; gid: number };

const known = new Map<string, UserIds>();

/** The numbers of a user that a package of a server has made. */
export function findUser(name: string): UserIds {
  const idOf = (flag: string) => Number(execFileSync("id", [flag, name], { encoding: "utf8" }));
  const ids = known.get(name) ?? { uid: idOf("-u"), gid: idOf("-g") };
  known.set(name, ids);
  return ids;
}
