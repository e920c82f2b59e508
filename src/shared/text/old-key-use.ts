import type { Check } from "../model/plan.ts";
import type { OldKeyUse, OldKeyWatch } from "../model/run.ts";
import { sayAccount } from "./account.ts";
import { sayCount } from "./count.ts";
import { sayHost } from "./plan.ts";

/** What is agreed to before an old key goes that somebody still uses: by account, host and address, never all such at once. */
export const checkOfUse = (use: OldKeyUse): Check => ({
  state: "consent",
  id: "old-key-used",
  host: sayHost(use),
  account: use.account,
  address: use.from ?? "unknown",
  text: sayUse(use),
});

export const sayUse = (use: OldKeyUse): string =>
  `${sayAccount(use)}: logged in to with the old key at ${use.at}, from ${use.from ?? "an address that is not known"}, as ${
    use.evidence === "journal"
      ? "its journal tells"
      : "a plain file tells, to which any user there can have lines written"
  }`;

const MOST_NAMED = 3;

/** In a line: `deploy@web1 from 192.0.2.7 and 2 others`. */
export function sayUsedBy(uses: readonly OldKeyUse[]): string {
  const named = uses
    .slice(0, MOST_NAMED)
    .map((use) => `${sayAccount(use)} from ${use.from ?? "an unknown address"}`);
  const more = uses.length - named.length;
  return `${named.join(", ")}${more > 0 ? ` and ${sayCount(more, "other")}` : ""}`;
}

/** Hosts of which nothing is known, so that nobody takes them for quiet; null: of each a log was read. */
export function sayUnread({ unread, since }: OldKeyWatch): string | null {
  if (unread.length === 0) return null;
  const named = unread
    .slice(0, MOST_NAMED)
    .map((one) =>
      one.readTo === null
        ? `${sayHost(one)} (no log of it tells of logins)`
        : `${sayHost(one)} (read to ${one.readTo} by its own clock)`,
    );
  const more = unread.length - named.length;
  return `whether the old key is used since ${since} is not known of ${named.join(", ")}${more > 0 ? ` and ${sayCount(more, "other")}` : ""}`;
}
