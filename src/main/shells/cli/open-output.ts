import { chmod, type FileHandle, open, realpath, rename, rm, stat } from "node:fs/promises";
import { Refusal } from "#shared/model/refusal.ts";

/** A file to be written; what was not written is gone when it is disposed of. */
export type Output = { write(text: string): Promise<void>; [Symbol.asyncDispose](): Promise<void> };

/** A file that is not there yet. It is opened at once, so that what cannot be written costs nothing. */
export async function openNew(path: string): Promise<Output> {
  const handle = await orRefuse(path, () => open(path, "wx", 0o644));
  return finishing(handle, path, { part: path, finish: async () => undefined });
}

/** A file that may be there: whoever reads it meanwhile reads the old one or the new one, whole. */
export async function openOver(path: string): Promise<Output> {
  const before = await stat(path).catch(() => null);
  if (before && !before.isFile()) throw new Refusal("conflict", `${path} is no file; name another one`);
  const real = before ? await realpath(path) : path;
  const part = `${real}.part-${process.pid}`;
  const handle = await orRefuse(path, () => open(part, "wx", 0o644));
  const finish = async () => {
    if (before) await chmod(part, before.mode & 0o777);
    await rename(part, real);
  };
  return finishing(handle, path, { part, finish });
}

function finishing(
  handle: FileHandle,
  path: string,
  { part, finish }: { part: string; finish: () => Promise<void> },
): Output {
  let isWritten = false;
  return {
    write: (text) =>
      orRefuse(path, async () => {
        await handle.writeFile(text);
        await handle.sync();
        await finish();
        isWritten = true;
      }),
    async [Symbol.asyncDispose]() {
      await handle.close();
      if (!isWritten) await rm(part, { force: true });
    },
  };
}

async function orRefuse<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    const why = code === "EEXIST" ? "is there already; name another file" : `cannot be written (${code})`;
    throw new Refusal("conflict", `${path} ${why}`);
  }
}
