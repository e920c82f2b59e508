import { RowLink, type ScreenName } from "../model/row-link.ts";

/** The scheme of links that the operating system gives to the desktop window. */
export const LINK_SCHEME = "latchkey";

/** `latchkey://open/hosts?open=12`: a link that opens a row in the desktop window. */
export function formatDeepLink({ screen, open }: RowLink): string {
  const link = `${LINK_SCHEME}://open/${screen}`;
  return open === null ? link : `${link}?open=${encodeURIComponent(open)}`;
}

const FORM = new RegExp(`^${LINK_SCHEME}://open/([a-z-]{1,20})/?(?:\\?open=([!-~]{1,600}))?$`);

/** Screens of earlier versions, and what shows now what they showed. */
const FORMER_SCREENS: ReadonlyMap<string, ScreenName> = new Map([["overview", "today"]]);

/** Anybody may send such a link, so it is a screen and a row of it, or it is nothing. */
export function parseDeepLink(text: string): RowLink | null {
  const [, screen, open] = FORM.exec(text) ?? [];
  const link = RowLink.safeParse({
    screen: FORMER_SCREENS.get(screen ?? "") ?? screen,
    open: open === undefined ? null : decode(open),
  });
  return link.success ? link.data : null;
}

/** Undefined when it is no percent-encoding, or has a second parameter or a fragment. */
function decode(encoded: string): string | undefined {
  if (/[&#?=+]/.test(encoded)) return undefined;
  try {
    return decodeURIComponent(encoded);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
