import type { CustomScheme } from "electron";
import { PAGE_HEADERS, type Page } from "#shells/page.ts";

/** Not the scheme of links, which anybody may send: docs/decisions/0005. */
const SCHEME = "latchkey-app";

/** The one origin of the page, as Chromium writes it. */
export const PAGE_ORIGIN = `${SCHEME}://page`;

/** Made known before the app is ready. It may not bypass policies, run service workers or be read by other origins. */
export const PAGE_SCHEME: CustomScheme = {
  scheme: SCHEME,
  privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true },
};

/** The sliver of a request that is looked at. The initiator is absent when the window itself asks. */
type PageRequest = { url: string; method: string; initiatorOrigin?: string };

/** The sliver of Electron's protocol that serves the page. */
type Protocol = { handle(scheme: string, handler: (request: Request) => Response): void };

export const servePage = (protocol: Protocol, page: Page): void =>
  protocol.handle(SCHEME, createAnswer(page));

/**
 * Answers from memory, by the exact text of the URL: what is not a key of the map does not exist, however it is
 * encoded, and no path reaches the disk.
 */
export function createAnswer(page: Page): (request: PageRequest) => Response {
  return ({ url, method, initiatorOrigin }) => {
    if (initiatorOrigin !== undefined && initiatorOrigin !== PAGE_ORIGIN) return refuse(403);
    if (method !== "GET") return refuse(405);
    const [address = ""] = url.split("#");
    const file = address.startsWith(`${PAGE_ORIGIN}/`) && page.get(address.slice(PAGE_ORIGIN.length));
    if (!file) return refuse(404);
    return new Response(new Uint8Array(file.body), {
      headers: { ...PAGE_HEADERS, "Content-Type": file.type },
    });
  };
}

const refuse = (status: number): Response => new Response(null, { status, headers: PAGE_HEADERS });

/** The sliver of a session that sees every request of the page. */
type Requesting = {
  webRequest: {
    onBeforeRequest(
      listener: (details: { url: string }, decide: (response: { cancel: boolean }) => void) => void,
    ): void;
  };
};

/** Nothing remote: the page asks for its own files, and downloads what it has made itself. */
export function refuseRemote(session: Requesting, { isPackaged }: { isPackaged: boolean }): void {
  const allowed = [`${PAGE_ORIGIN}/`, `blob:${PAGE_ORIGIN}/`, ...(isPackaged ? [] : ["devtools://"])];
  session.webRequest.onBeforeRequest(({ url }, decide) =>
    decide({ cancel: !allowed.some((start) => url.startsWith(start)) }),
  );
}
