import { TAB_CHANNEL, TAB_REQUEST, TabMessage, TabReply } from "#shared/contract/transport/web-protocol.ts";

/** How long a new tab waits for those that are open. */
const TABS_MS = 1_500;

/** A launch code by which another tab of this browser gets a session of its own; null where the server gives none. */
type RequestCode = () => Promise<string | null>;

/** 256 bits in base64url. */
type MakeWord = () => string;

/**
 * Asks the other tabs of this browser for a launch code; null if none of them has an open connection. Without one, a
 * link or a bookmark in a new tab would lead to a page that may show nothing.
 */
export async function requestFromTabs(makeWord: MakeWord): Promise<string | null> {
  using tabs = openChannel();
  const tab = makeWord();
  const { promise, resolve } = Promise.withResolvers<string | null>();
  let by: string | null = null;
  tabs.onMessage((message) => {
    if (message.tab !== tab) return;
    if (message.kind === "code") resolve(message.code);
    // One offer is enough: each code that is not used would only be in the way of others.
    if (message.kind !== "offer" || by !== null) return;
    by = message.by;
    tabs.post({ kind: "take", tab, by });
  });
  tabs.post({ kind: "request", tab });
  const timeout = setTimeout(() => resolve(null), TABS_MS);
  const code = await promise;
  clearTimeout(timeout);
  return code;
}

/**
 * Offers a session to other tabs, for as long as a verified connection is open. The code is the server's own, and comes
 * over that connection: who asks after the server has ended gets nothing, and nothing that is kept here is given to
 * anybody.
 */
export function offerToTabs(makeWord: MakeWord) {
  const own = makeWord();
  const tabs = openChannel();
  let requestCode: RequestCode | null = null;
  tabs.onMessage((message) => {
    if (message.kind === "request" && requestCode) tabs.post({ kind: "offer", tab: message.tab, by: own });
    if (message.kind === "take" && message.by === own) void give(message.tab);
  });

  async function give(tab: string): Promise<void> {
    const code = await requestCode?.();
    if (code) tabs.post({ kind: "code", tab, code });
  }

  return {
    /** Null: the connection is closed. */
    use(next: RequestCode | null): void {
      requestCode = next;
    },
  };
}

/** Reads the server's replies to a tab's requests before anything else of a verified socket does. */
export function createCodeRequests(socket: WebSocket): RequestCode {
  const waiting: ((code: string | null) => void)[] = [];
  socket.addEventListener("message", (event) => {
    const reply = typeof event.data === "string" && event.data.startsWith('{"tab":') ? event.data : null;
    if (reply === null) return;
    event.stopImmediatePropagation();
    waiting.shift()?.(TabReply.safeParse(JSON.parse(reply)).data?.tab ?? null);
  });
  return () => {
    const { promise, resolve } = Promise.withResolvers<string | null>();
    waiting.push(resolve);
    socket.send(TAB_REQUEST);
    return promise;
  };
}

function openChannel() {
  const channel = new BroadcastChannel(TAB_CHANNEL);
  return {
    post: (message: TabMessage) => channel.postMessage(message),
    onMessage(listener: (message: TabMessage) => void): void {
      channel.addEventListener("message", ({ data }) => {
        const message = TabMessage.safeParse(data).data;
        if (message) listener(message);
      });
    },
    [Symbol.dispose]: () => channel.close(),
  };
}
