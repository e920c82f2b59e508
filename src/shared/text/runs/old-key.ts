import { type Check, hostIdOf, type PlanKind } from "../../model/runs/plan.ts";
import type { RemainingAccess } from "../../model/runs/remaining-access.ts";
import type { AccessCheck, KeptKey, OldKeyUse, OldKeyWatch } from "../../model/runs/run.ts";
import { formatCount } from "../count.ts";
import { formatAccount, formatHost } from "../hosts/target.ts";

/**
 * The check that is acknowledged before an old key goes that somebody still uses: one by account, host and address,
 * never all at once.
 */
export const checkOfUse = (use: OldKeyUse): Check => ({
  state: "acknowledge",
  id: "old-key-used",
  host: hostIdOf(use),
  account: use.account,
  address: use.from ?? "unknown",
  text: formatUse(use),
});

export const formatUse = (use: OldKeyUse): string =>
  `${formatAccount(use)}: logged in to with the old key at ${use.at}, from ${use.from ?? "an address that is not known"}, ${
    use.evidence === "journal"
      ? "from its journal"
      : "from a plain log file, to which any user there can write lines"
  }`;

const ANSWERS: Record<AccessCheck["answer"], string> = {
  refused: "refused",
  accepted: "still accepted",
  unknown: "not known whether it is refused",
};

/** sshd's answer about a key whose lines are gone: `deploy@web1 still accepted: by AuthorizedKeysCommand`. */
export const formatAccessCheck = ({ answer, why, ...where }: AccessCheck): string =>
  `${formatAccount(where)} ${ANSWERS[answer]}${why.length > 0 ? `: ${why.join("; ")}` : ""}`;

const MOST_NAMED = 3;

/** One line: `deploy@web1 from 192.0.2.7 and 2 others`. */
export function formatUsedBy(uses: readonly OldKeyUse[]): string {
  const named = uses
    .slice(0, MOST_NAMED)
    .map((use) => `${formatAccount(use)} from ${use.from ?? "an unknown address"}`);
  const more = uses.length - named.length;
  return `${named.join(", ")}${more > 0 ? ` and ${formatCount(more, "other")}` : ""}`;
}

/** Hosts of which nothing is known, so that nobody takes them for silent; null: a log of each was read. */
export function formatUnreadable({ unreadable, since }: OldKeyWatch): string | null {
  if (unreadable.length === 0) return null;
  const named = unreadable
    .slice(0, MOST_NAMED)
    .map((one) =>
      one.readTo === null
        ? `${formatHost(one)} (no log of logins)`
        : `${formatHost(one)} (read to ${one.readTo} by its own clock)`,
    );
  const more = unreadable.length - named.length;
  return `whether the old key is used since ${since} is not known of ${named.join(", ")}${more > 0 ? ` and ${formatCount(more, "other")}` : ""}`;
}

const MOST_ACCOUNTS_NAMED = 3;

/** One account: `the old key still gets in to deploy@web1`. */
export const formatRemaining = (one: RemainingAccess, kind: PlanKind): string =>
  `${headOf(one, kind)} ${formatAccount(one)}`;

/** All of them in one sentence, the first by name; empty: there is none. */
export function formatAllRemaining(remaining: readonly RemainingAccess[], kind: PlanKind): string {
  if (remaining.length === 0) return "";
  const more = remaining.length - MOST_ACCOUNTS_NAMED;
  const sentences = [...Map.groupBy(remaining.slice(0, MOST_ACCOUNTS_NAMED), (one) => headOf(one, kind))].map(
    ([head, same]) => `${head} ${same.map(formatAccount).join(", ")}`,
  );
  return `${sentences.join("; ")}${more > 0 ? `; and ${formatCount(more, "more account")}` : ""}`;
}

/** A rotation is of one key, so that its fingerprint is left out. */
const headOf = ({ fingerprint, isCertain }: RemainingAccess, kind: PlanKind): string =>
  `${kind === "rotate-key" ? "the old key" : fingerprint} ${isCertain ? "still gets in" : "may still get in"} to`;

/** Where an old private key is that a run has kept. */
export const formatKeptKey = ({ host, port, kept }: KeptKey): string =>
  host === null || port === null ? `${kept} on this computer` : `${kept} on ${formatHost({ host, port })}`;
