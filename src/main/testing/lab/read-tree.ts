import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** The text of every file in a folder and the names in each folder of it, as a scan brings them from a host. */
export function readTree(folder: string): { files: Map<string, string>; folders: Map<string, string[]> } {
  const tree = { files: new Map<string, string>(), folders: new Map<string, string[]>() };
  readInto(tree, folder);
  return tree;
}

function readInto(tree: ReturnType<typeof readTree>, folder: string): void {
  const names = readdirSync(folder).sort();
  tree.folders.set(folder, names);
  for (const path of names.map((name) => join(folder, name))) {
    const entry = statSync(path, { throwIfNoEntry: false });
    if (entry?.isDirectory()) readInto(tree, path);
    else if (entry?.isFile()) tree.files.set(path, readFileSync(path, "utf8"));
  }
}
