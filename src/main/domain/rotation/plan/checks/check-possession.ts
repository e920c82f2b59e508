import { makeCheck } from "#domain/rotation/plan/draft.ts";
import type { HolderFacts, HostFacts } from "#domain/rotation/plan/plan-facts.ts";
import type { Check, HolderPlan, NewKey } from "#shared/model/plan.ts";
import { formatClaimReason } from "#shared/text/possession.ts";

/**
 * Locations that only claim the private key: each gets the new one only if somebody agrees to it by its path. A file here that is
 * locked needs no such word: its passphrase opens it before it gets anything, and then it signs.
 */
export function checkClaims(holders: readonly HolderPlan[], newKey: NewKey | null): Check[] {
  return holders.flatMap((holder) => {
    const { host, owner: account, path, possession } = holder;
    if (possession.kind === "verified" || isOpenedHere(holder)) return [];
    const why =
      possession.kind === "claimed" ? formatClaimReason(possession.why) : "it signed with another key";
    const isMadeThere =
      newKey?.kind === "made-on-holder" &&
      host?.host === newKey.host &&
      host.port === newKey.port &&
      path === newKey.path;
    const isRefused = isMadeThere || possession.kind === "other-key";
    const text = isRefused
      ? `${path} has not shown that it holds the private key (${why}), so no new one is made or put there; plan it again`
      : `${path} claims the private key and has not signed with it: ${why}; agree only if you know whose file it is, for the new private key is put there`;
    const check = makeCheck(isRefused ? "refused" : "consent", UNVERIFIED, { host, account }, text);
    return [{ ...check, path }];
  });
}

export const UNVERIFIED = "unverified-key";

export const isOpenedHere = ({ host, kind, possession }: HolderPlan): boolean =>
  host === null && kind === "file" && possession.kind === "claimed" && possession.why === "locked";

/** A file with the right public half that signs with another key: nobody can agree to it. */
export const otherKey = (host: HostFacts | null, holder: HolderFacts): Check => ({
  ...makeCheck("warning", "other-key", { host, account: host ? holder.owner : null }, formatOtherKey(holder)),
  path: holder.path,
});

export const formatOtherKey = ({ path }: Pick<HolderFacts, "path">): string =>
  `${path} shows the public key and holds another private one, so it gets nothing: find out who wrote it`;
