import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const ROTATION = join(import.meta.dirname, "../../../resources/rotation");

/** A script that runs on hosts, as it is shipped: "pair.sh", or all files of "hand". */
export async function readRotationScript(name: string): Promise<string> {
  if (name.endsWith(".sh")) return readFile(join(ROTATION, name), "utf8");
  const files = (await readdir(join(ROTATION, name))).toSorted();
  const texts = await Promise.all(files.map((file) => readFile(join(ROTATION, name, file), "utf8")));
  return texts.join("\n");
}
