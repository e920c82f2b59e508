import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { END_ALIASES, joinCollector, joinScripts } from "#shared/text/scripts.ts";

const RESOURCES = join(import.meta.dirname, "../../../resources");

/** The collector as it is shipped, for code that runs under a bare Node. */
export async function readCollector(): Promise<string> {
  const { "collector/collect.sh": collector = "", ...parts } = {
    ...(await readScripts("lib")),
    ...(await readScripts("collector")),
  };
  return joinCollector(parts, collector);
}

/** The scripts in a folder of resources and below it, by their paths there. */
async function readScripts(folder: string): Promise<Record<string, string>> {
  const names = await readdir(join(RESOURCES, folder), { recursive: true });
  return Object.fromEntries(
    await Promise.all(
      names
        .filter((name) => /[.](sh|awk)$/.test(name))
        .map(async (name) => [`${folder}/${name}`, await readFile(join(RESOURCES, folder, name), "utf8")]),
    ),
  );
}

/** The libraries that the scripts of a folder use. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  offline: ["lib/listening-process.awk"],
  challenge: ["lib/nginx.awk"],
};

/** A script that runs on hosts, as it is shipped: "key-location.sh", or all files of "session". */
export async function readRotationScript(name: string): Promise<string> {
  if (name.endsWith(".sh")) return readFile(join(RESOURCES, "rotation", name), "utf8");
  const own = (await readdir(join(RESOURCES, "rotation", name))).map((file) => `rotation/${name}/${file}`);
  const files = [...own, ...(LIBRARIES[name] ?? [])].map(async (file) => [
    file,
    await readFile(join(RESOURCES, file), "utf8"),
  ]);
  const script = joinScripts(Object.fromEntries(await Promise.all(files)));
  return name === "session" ? `${END_ALIASES}\n${script}` : script;
}
