import { stat } from "node:fs/promises";
import { Refusal } from "#shared/model/refusal.ts";
import { readFileAtMost } from "./terminal.ts";

/** The bytes of a file that the user named; null when there are more than so many. */
export async function readFileOrRefuse(path: string, mostBytes: number): Promise<Uint8Array | null> {
  if (await isNamedPipe(path))
    throw new Refusal(
      "not-found",
      `${path} cannot be read (it is a named pipe, which may block for ever; use <(cat ${path}))`,
    );
  try {
    return await readFileAtMost(path, mostBytes);
  } catch (error) {
    throw new Refusal("not-found", `${path} cannot be read (${formatFileError(error)})`);
  }
}

/** One that a shell has opened, such as <(...), has whoever writes to it. */
const OPENED = /^\/(?:dev\/(?:fd\/\d+|stdin)|proc\/(?:self|\d+)\/fd\/\d+)$/;

const isNamedPipe = (path: string): Promise<boolean> =>
  stat(path).then(
    (about) => about.isFIFO() && !OPENED.test(path),
    () => false,
  );

const WHY: Record<string, string> = {
  ENOENT: "there is no such file",
  EACCES: "permission denied",
  EISDIR: "it is a folder",
};

const formatFileError = (error: unknown): string => {
  const { code = "", message } = error as NodeJS.ErrnoException;
  return WHY[code] ?? message;
};
