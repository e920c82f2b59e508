import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { PlanId } from "#shared/model/plan.ts";
import type { Scripts } from "#shared/model/script.ts";
import { printable } from "#shared/text/printable.ts";
import type { World } from "./world.ts";

type ScriptWish = {
  planId: PlanId;
  folder: string;
  /** The key that signs them; null: none does. */
  signWith: string | null;
  consents?: string[];
  typed?: string | null;
};

/** Writes what of a plan can be carried now into a folder, each script with its signature beside it. */
export async function writeScripts(
  { folder, ...wish }: ScriptWish,
  client: LatchkeyClient,
): Promise<Scripts> {
  const scripts = await client.runbooks.exportScripts(wish);
  await mkdir(folder, { recursive: true });
  for (const { name, text, signature } of scripts.files) {
    const path = join(folder, name);
    await writeFile(path, text, { mode: 0o700 });
    // One of an earlier export would be wrong.
    await rm(`${path}.sig`, { force: true });
    if (signature !== null) await writeFile(`${path}.sig`, signature, { mode: 0o600 });
  }
  return scripts;
}

export function sayScripts({ files, notes }: Scripts, folder: string, world: World): void {
  for (const { name, signature } of files)
    world.err(printable(`written: ${join(folder, name)}${signature === null ? "" : " and its .sig"}`));
  for (const note of notes) world.err(printable(`  ${note}`));
}
