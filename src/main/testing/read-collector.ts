import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { joinCollector } from "#shared/text/join-collector.ts";

const RESOURCES = join(import.meta.dirname, "../../../resources");

/** The collector as it is shipped, for what runs under a bare Node. */
export async function readCollector(): Promise<string> {
  const { "collector/collect.sh": collector = "", ...parts } = {
    ...(await readScripts("lib")),
    ...(await readScripts("collector")),
  };
  return joinCollector(parts, collector);
}

/** What is in a folder of resources, by its path there. */
async function readScripts(folder: string): Promise<Record<string, string>> {
  const names = await readdir(join(RESOURCES, folder));
  return Object.fromEntries(
    await Promise.all(
      names.map(async (name) => [`${folder}/${name}`, await readFile(join(RESOURCES, folder, name), "utf8")]),
    ),
  );
}
