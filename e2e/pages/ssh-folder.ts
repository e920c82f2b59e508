import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Fills ~/.ssh for as long as a test lasts: the home is that of every test. */
export async function fillSshFolder(home: string, files: Record<string, string>): Promise<AsyncDisposable> {
  const folder = join(home, ".ssh");
  await mkdir(folder, { mode: 0o700, recursive: true });
  for (const [name, text] of Object.entries(files))
    await writeFile(join(folder, name), text, { mode: 0o600 });
  return {
    [Symbol.asyncDispose]: async () => {
      for (const name of Object.keys(files)) await rm(join(folder, name));
    },
  };
}
