const STORED_AS = "latchkey-session";

/** What this tab is let in with; null when it never was. */
export const readToken = (): string | null => sessionStorage.getItem(STORED_AS);

/**
 * Exchanges the launch code of the address bar (`#launch=...`) for a token that this tab keeps, so that a reload
 * still works. The code leaves the address bar before anything else happens: it is worth nothing to a bookmark.
 */
export async function takeLaunchCode(): Promise<void> {
  const code = /^#launch=(.+)$/.exec(location.hash)?.[1];
  if (!code) return;
  history.replaceState(null, "", `${location.pathname}#/`);
  sessionStorage.removeItem(STORED_AS);
  const reply = await fetch("/session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code }),
  }).catch(() => null);
  if (!reply?.ok) return;
  const { token } = (await reply.json()) as { token: string };
  sessionStorage.setItem(STORED_AS, token);
}
