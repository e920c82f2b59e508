import type { WindowOpenHandlerResponse } from "electron";

/** The sliver of a page's WebContents that is locked. */
export type Navigating = {
  on(event: (typeof NAVIGATIONS)[number], listener: (event: { preventDefault(): void }) => void): unknown;
  setWindowOpenHandler(handler: () => WindowOpenHandlerResponse): void;
};

export const NAVIGATIONS = [
  "will-navigate",
  "will-frame-navigate",
  "will-redirect",
  "will-attach-webview",
] as const;

/** The page stays where it was loaded: it navigates within itself, by the part after `#`, or not at all. */
export function lockNavigation(contents: Navigating): void {
  for (const navigation of NAVIGATIONS) contents.on(navigation, (event) => event.preventDefault());
  contents.setWindowOpenHandler(() => ({ action: "deny" }));
}
