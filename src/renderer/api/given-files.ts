import { MOST_FILE_BYTES } from "#shared/contract/desktop.ts";

/** A file that was dropped, chosen or opened, to be looked into. */
export type GivenFile = {
  name: string;
  /** Its bytes as the contract takes them; an error says why there are none. */
  read(): Promise<string>;
  /** The file itself, where the browser has it: what is too large for a message can be read in parts. */
  blob?: Blob;
};

/** Files of the browser. None is read before it is shown, nor one that is too large. */
export const toGivenFiles = (files: Iterable<File>): GivenFile[] =>
  [...files].map((file) => ({ name: file.name, read: () => readBase64(file), blob: file }));

function readBase64(file: File): Promise<string> {
  if (file.size > MOST_FILE_BYTES)
    throw new Error(`it is larger than ${MOST_FILE_BYTES / 1024} KiB; latchkey inspect reads it`);
  return toBase64(file);
}

/** Bytes as the contract takes them. */
export async function toBase64(file: Blob): Promise<string> {
  const reader = new FileReader();
  const ended = new Promise<void>((resolve, reject) => {
    reader.addEventListener("load", () => resolve());
    reader.addEventListener("error", () => reject(new Error("it is no file, or may not be read")));
  });
  reader.readAsDataURL(file);
  await ended;
  return String(reader.result).replace(/^data:[^,]*,/, "");
}
