import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { joinCollector } from "#shared/text/join-collector.ts";

const RESOURCES = join(import.meta.dirname, "../../../resources");

/** The collector as it is shipped, for what runs under a bare Node. */
export async function readCollector(): Promise<string> {
  const libraries: Record<string, string> = {};
  for (const name of await readdir(join(RESOURCES, "lib")))
    libraries[name] = await readFile(join(RESOURCES, "lib", name), "utf8");
  return joinCollector(libraries, await readFile(join(RESOURCES, "collector/collect.sh"), "utf8"));
}
