import { useRouter } from "@tanstack/react-router";
import { useCallback } from "react";
import { useDesktop } from "#renderer/api/desktop.ts";
import { toAddress, toRowLink } from "#renderer/api/row-address.ts";
import { sayDeepLink } from "#shared/text/deep-link.ts";

/**
 * The link to the row that is open: one that the operating system opens in the desktop window, or the page's own
 * address without what the list was filtered by.
 */
export function useLinkToHere(): () => string | null {
  const router = useRouter();
  const desktop = useDesktop();
  return useCallback(() => {
    const link = toRowLink(router.state.location);
    if (!link) return null;
    if (desktop) return sayDeepLink(link);
    return `${location.origin}${location.pathname}#${router.buildLocation(toAddress(link)).href}`;
  }, [router, desktop]);
}
