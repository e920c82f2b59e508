import { DesktopRequest } from "#shared/contract/desktop.ts";
import { CHANNELS } from "#shells/electron/channels.ts";
import { PAGE_ORIGIN } from "./page-protocol.ts";

/** A frame of a page, and the page. */
type Frame = { origin: string };
export type Sender = { mainFrame: Frame };

/** The sliver of an event that says who sent it. The frame is null once it has navigated away or is gone. */
type SenderEvent<Contents extends Sender> = { sender: Contents; senderFrame: Frame | null };

/** The sliver of ipcMain on which the page is heard. */
export type Hearing<Contents extends Sender> = {
  handle(
    channel: string,
    listener: (event: SenderEvent<Contents>, ...args: unknown[]) => Promise<void>,
  ): void;
};

/** Hears the page's requests on the one channel there is: from our own page, and of a known shape. */
export function hearPage<Contents extends Sender>(
  ipc: Hearing<Contents>,
  answer: (request: DesktopRequest, page: Contents) => void | Promise<void>,
): void {
  ipc.handle(CHANNELS.request, async (event, ...args) => {
    if (!isOwnPage(event)) throw new Error("only Latchkey's own page may ask this");
    const request = DesktopRequest.safeParse(args[0]);
    if (!request.success || args.length !== 1) throw new Error("there is no such request");
    await answer(request.data, event.sender);
  });
}

/** Whether our page itself has sent it, and no frame in it. */
export function isOwnPage({ sender, senderFrame }: SenderEvent<Sender>): boolean {
  return senderFrame !== null && senderFrame === sender.mainFrame && isOwnOrigin(senderFrame.origin);
}

/** Compared by what the parser finds, not by how it begins: `latchkey-app://page.evil` begins well. */
function isOwnOrigin(origin: string): boolean {
  const found = URL.parse(origin);
  const own = new URL(PAGE_ORIGIN);
  return (
    found !== null && found.protocol === own.protocol && found.host === own.host && found.href === own.href
  );
}
