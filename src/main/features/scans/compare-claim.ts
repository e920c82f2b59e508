import type { ClaimDifference } from "#shared/model/claim.ts";
import type { KnownTexts } from "#store/claim-table.ts";
import type { CollectedHost } from "#store/visit.ts";

/** So many of each are named. */
const MOST_NAMED = 20;

/** What a bundle tells of a host otherwise than what is known of it, of each kind that differs. */
export function compareClaim(collected: CollectedHost, known: KnownTexts): ClaimDifference[] {
  const claimed: KnownTexts = {
    account: new Set(collected.accounts.map(({ name }) => name)),
    grant: new Set(collected.grants.map(({ account, text }) => `${account}: ${text}`)),
    "key file": new Set(collected.keyFiles.map(({ path, fingerprint }) => `${path} ${fingerprint ?? ""}`)),
    "host key": new Set(collected.hostKeys.map(({ fingerprint }) => fingerprint)),
    certificate: new Set(
      collected.certificateFiles.flatMap(({ path, certificates }) =>
        certificates.map(({ certificate }) => `${path} ${certificate.sha256}`),
      ),
    ),
  };
  return KINDS.flatMap((what) => {
    const [here, there] = [claimed[what], known[what]];
    const onlyClaimed = [...here].filter((text) => !there.has(text));
    const onlyKnown = [...there].filter((text) => !here.has(text));
    if (onlyClaimed.length + onlyKnown.length === 0) return [];
    return {
      what,
      claimedCount: onlyClaimed.length,
      knownCount: onlyKnown.length,
      claimed: onlyClaimed.slice(0, MOST_NAMED),
      known: onlyKnown.slice(0, MOST_NAMED),
    };
  });
}

const KINDS = ["account", "grant", "key file", "host key", "certificate"] as const;
