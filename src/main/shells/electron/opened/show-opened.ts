import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";
import type { DesktopMessage } from "#shared/contract/desktop.ts";
import { MOST_FILE_BYTES } from "#shared/contract/desktop.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import { parseDeepLink } from "#shared/text/deep-link.ts";
import type { Opened } from "./launch.ts";

/** Tells the page what was opened. A link that is none of ours opens the window, and nothing in it. */
export async function showOpened(
  opened: readonly Opened[],
  tell: (message: DesktopMessage) => void,
): Promise<void> {
  for (const each of opened) {
    const message = await toMessage(each);
    if (message) tell(message);
  }
}

async function toMessage(opened: Opened): Promise<DesktopMessage | null> {
  switch (opened.kind) {
    case "file":
      return await readOpenedFile(opened.path);
    case "link": {
      const link = parseDeepLink(opened.link);
      return link && { kind: "go", ...link };
    }
    default:
      return assertNever(opened);
  }
}

/**
 * Reads a file that the operating system handed to the window, for its page to look into: a regular file of a
 * bounded size. A pipe or a device would keep us waiting, or never end.
 */
async function readOpenedFile(path: string): Promise<DesktopMessage> {
  const name = basename(path);
  try {
    // Without waiting for somebody to write, should it be a pipe.
    await using file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stat = await file.stat();
    if (!stat.isFile()) return unreadable(name, "it is not a regular file");
    const bytes = await readAtMost(file, MOST_FILE_BYTES);
    if (!bytes)
      return unreadable(name, `it is larger than ${MOST_FILE_BYTES / 1024} KiB; latchkey inspect reads it`);
    return { kind: "file", name, base64: bytes.toString("base64") };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return unreadable(name, error.message);
  }
}

/** Null when there is more: a file may grow while it is read. */
async function readAtMost(file: FileHandle, most: number): Promise<Buffer | null> {
  const buffer = Buffer.alloc(most + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length);
    length += bytesRead;
    if (length > most) return null;
    if (bytesRead === 0) return buffer.subarray(0, length);
  }
}

const unreadable = (name: string, why: string): DesktopMessage => ({
  kind: "unreadable-file",
  name,
  sentence: `${name} could not be read: ${why}`,
});
