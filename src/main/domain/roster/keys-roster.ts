import { readKeyLines } from "./keys-in-text.ts";
import { MOST_PEOPLE, mergePeople, type Roster, type RosterFile, toPerson } from "./roster.ts";

const NAMED_BY_FILE = /^(?:.*\/)?([^/]+)\.(?:keys|pub)$/i;

/** Whose keys a file holds, by its name: `alice.keys` as GitHub serves it, `alice.pub`; null where it does not say. */
export const nameOfKeysFile = (name: string): string | null => NAMED_BY_FILE.exec(name)?.[1] ?? null;

/** A file for each person, with that person's public keys, one a line. It says nothing of who has left. */
export function readKeysRoster(files: readonly RosterFile[]): Roster {
  const read = files.slice(0, MOST_PEOPLE).map((file) => {
    const { name, bytes } = file;
    const login = nameOfKeysFile(name);
    const { keys, broken } = readKeyLines(bytes, (line) => `${name} line ${line}`);
    const person = toPerson({
      name: login,
      email: null,
      logins: [login ?? ""],
      said: "nothing",
      leftOn: null,
      keys,
    });
    return { broken, person };
  });
  return {
    kind: "keys",
    people: mergePeople(read.flatMap(({ person }) => person ?? [])),
    broken: read.flatMap(({ broken }) => broken),
    notes: [],
  };
}
