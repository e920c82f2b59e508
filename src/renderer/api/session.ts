import { WebGrant } from "#shared/contract/web-protocol.ts";

const STORED_AS = "latchkey-session";

/** Why this tab is not let in: its address was used, or is too old; or codes are refused for now. */
export type NoSession = "ended" | "refused";

/** What this tab proves who it is with; null when it was never let in. */
export function readGrant(): WebGrant | null {
  try {
    return WebGrant.safeParse(JSON.parse(sessionStorage.getItem(STORED_AS) ?? "null")).data ?? null;
  } catch {
    return null;
  }
}

/** This tab cannot come back. */
export const forgetGrant = (): void => sessionStorage.removeItem(STORED_AS);

/**
 * Exchanges the launch code of the address bar (`#launch=...`) for a session that this tab keeps, so that a reload still
 * works. The code leaves the address bar before anything else happens: it is worth nothing to a bookmark. The session's secret
 * is sent here and never again. Answers with why there is none.
 */
export async function takeLaunchCode(): Promise<NoSession | null> {
  const code = /^#launch=(.+)$/.exec(location.hash)?.[1];
  if (!code) return readGrant() ? null : "ended";
  history.replaceState(null, "", `${location.pathname}#/`);
  forgetGrant();
  const reply = await fetch("/session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code }),
  }).catch(() => null);
  if (reply?.status === 429) return "refused";
  const grant = reply?.ok ? WebGrant.safeParse(await reply.json()).data : null;
  if (!grant) return "ended";
  sessionStorage.setItem(STORED_AS, JSON.stringify(grant));
  return null;
}
