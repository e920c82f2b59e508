import type { DesktopMessage } from "#shared/contract/desktop.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import { parseDeepLink } from "#shared/text/deep-link.ts";
import type { Opened } from "./launch.ts";
import { readOpenedFile } from "./read-opened-file.ts";

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
