import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { KeyName, KeyPair } from "./keys.ts";

/** Carol left two months ago: her account at the company is closed, and her keys are where she had put them. */
const LEFT_DAYS_AGO = 61;

const DAY_MS = 24 * 60 * 60 * 1_000;

/** What the company knows of its people: a table from its directory, and a folder of the keys that they work with. */
export async function writePeopleSources(folder: string, keys: Record<KeyName, KeyPair>): Promise<string[]> {
  const left = new Date(Date.now() - LEFT_DAYS_AGO * DAY_MS).toISOString().slice(0, 10);
  const table = join(folder, "people.csv");
  const people = [
    "Name,E-mail,Login,Status,Left on",
    "Alice Moore,alice@corp.example,alice,active,",
    "Bob Ruiz,bob@corp.example,bob,active,",
    `Carol Nolan,carol@corp.example,carol,left,${left}`,
    "Dan Stone,dan@corp.example,dan,active,",
  ];
  await writeFile(table, `${people.join("\n")}\n`);
  const team = join(folder, "team-keys");
  await mkdir(team);
  for (const name of ["alice", "bob", "carol"] as const)
    await writeFile(join(team, `${name}.keys`), `${keys[name].publicLine}\n`);
  return [table, team];
}
