import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { END_ALIASES, joinScripts } from "#shared/text/join-scripts.ts";

const RESOURCES = join(import.meta.dirname, "../../../resources");

/** What a folder of them runs of the libraries. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = { challenge: ["lib/nginx.awk"] };

/** A script that runs on hosts, as it is shipped: "holders.sh", or all files of "hand". */
export async function readRotationScript(name: string): Promise<string> {
  if (name.endsWith(".sh")) return readFile(join(RESOURCES, "rotation", name), "utf8");
  const own = (await readdir(join(RESOURCES, "rotation", name))).map((file) => `rotation/${name}/${file}`);
  const files = [...own, ...(LIBRARIES[name] ?? [])].map(async (file) => [
    file,
    await readFile(join(RESOURCES, file), "utf8"),
  ]);
  const script = joinScripts(Object.fromEntries(await Promise.all(files)));
  return name === "hand" ? `${END_ALIASES}\n${script}` : script;
}
