import { execFileSync } from "node:child_process";

/** The numbers of a user that a package of a server has made. */
export function findUser(name: string): { uid: number; gid: number } {
  const idOf = (flag: string) => Number(execFileSync("id", [flag, name], { encoding: "utf8" }));
  return { uid: idOf("-u"), gid: idOf("-g") };
}
