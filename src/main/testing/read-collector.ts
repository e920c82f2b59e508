import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { joinCollector } from "#shared/text/join-scripts.ts";

const RESOURCES = join(import.meta.dirname, "../../../resources");

/** The collector as it is shipped, for what runs under a bare Node. */
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
