import { readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { Refusal } from "#shared/model/refusal.ts";
import { readFileOrRefuse } from "./read-file.ts";

const MOST_BYTES = 16 * 1024 * 1024;

type RosterFiles = { name: string; files: { name: string; base64: string }[] };

/** What of a folder is a roster: other files that lie there are none of it. */
const OF_A_ROSTER = /\.(keys|pub|csv|tsv|ldif|ldi)$/i;

/** The files of a roster: the one of that name, or those of the folder of that name, as the contract takes them. */
export async function readRosterFiles(path: string): Promise<RosterFiles> {
  const name = basename(resolve(path));
  const about = await stat(path).catch(() => null);
  if (!about?.isDirectory()) return { name, files: [await readOne(path, name)] };
  const names = (await readdir(path)).filter((entry) => OF_A_ROSTER.test(entry)).toSorted();
  if (names.length === 0)
    throw new Refusal(
      "invalid-input",
      `${path} has no file of a roster in it: NAME.keys, NAME.pub, .csv or .ldif`,
    );
  const files = [];
  for (const entry of names) files.push(await readOne(join(path, entry), entry));
  return { name, files };
}

async function readOne(path: string, name: string): Promise<RosterFiles["files"][number]> {
  const bytes = await readFileOrRefuse(path, MOST_BYTES);
  if (bytes === null) throw new Refusal("too-many", `${path} is larger than 16 MiB; a roster is not`);
  return { name, base64: Buffer.from(bytes).toString("base64") };
}
