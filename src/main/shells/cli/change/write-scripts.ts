import { mkdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { PlanId } from "#shared/model/plan.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { Scripts } from "#shared/model/script.ts";
import { printable } from "#shared/text/printable.ts";
import type { World } from "#shells/cli/session.ts";

type ScriptRequest = {
  planId: PlanId;
  folder: string;
  /** The key that signs them; null: none does. */
  signWith: string | null;
  consents?: string[];
  typed?: string | null;
};

/** Writes the offline scripts of a plan that can run now into a folder, each with its signature beside it. */
export async function writeScripts(
  { folder, ...wish }: ScriptRequest,
  client: LatchkeyClient,
): Promise<Scripts> {
  const scripts = await client.runbooks.exportScripts(wish);
  await makeFolder(folder);
  for (const { name, text, signature } of scripts.files) {
    const path = join(folder, name);
    await writeAnew(path, text, 0o700);
    // One of an earlier export would be wrong.
    if (signature === null) await rm(`${path}.sig`, { force: true });
    else await writeAnew(`${path}.sig`, signature, 0o600);
  }
  return scripts;
}

/** What root is to run is put where nobody else can exchange it. A folder that is there keeps its mode. */
async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (process.platform === "win32") return;
  const { mode } = await stat(folder);
  if ((mode & 0o002) === 0) return;
  throw new Refusal(
    "invalid-input",
    `everybody may write in ${folder}, and the scripts run as root: use chmod o-w, or another folder`,
  );
}

/** A file of this mode, whatever stood there: a link is replaced, and not followed. */
async function writeAnew(path: string, text: string, mode: number): Promise<void> {
  await rm(path, { force: true });
  await writeFile(path, text, { mode, flag: "wx" });
}

export function printScripts({ files, notes }: Scripts, folder: string, world: World): void {
  for (const { name, signature } of files)
    world.err(printable(`written: ${join(folder, name)}${signature === null ? "" : " and its .sig"}`));
  for (const note of notes) world.err(printable(`  ${note}`));
}
