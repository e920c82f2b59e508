import { Refusal } from "#shared/model/refusal.ts";
import { readFileAtMost } from "./terminal.ts";

/** The bytes of a file that the user named; null when there are more than so many. */
export async function readFileOrRefuse(path: string, mostBytes: number): Promise<Uint8Array | null> {
  try {
    return await readFileAtMost(path, mostBytes);
  } catch (error) {
    throw new Refusal("not-found", `${path} cannot be read (${sayFileError(error)})`);
  }
}

const WHY: Record<string, string> = {
  ENOENT: "there is no such file",
  EACCES: "this user may not",
  EISDIR: "it is a folder",
};

const sayFileError = (error: unknown): string => {
  const { code = "", message } = error as NodeJS.ErrnoException;
  return WHY[code] ?? message;
};
