import { accountsOf, type Draft, makeCheck } from "#domain/rotation/plan/draft.ts";
import type { HostFacts, PlanFacts } from "#domain/rotation/plan/plan-facts.ts";
import { UNUSED_AFTER_DAYS } from "#domain/use/judge-use.ts";
import type { Check } from "#shared/model/plan.ts";

/**
 * Where the key that goes was used from an address at which no location of it is known: another copy may be there, which gets
 * nothing and is shut out. One check an account and address.
 */
export function checkOrigins(facts: PlanFacts, draft: Draft): Check[] {
  const { facts: host, files } = draft;
  if (facts.wish.kind !== "rotate-key") return [];
  const losing = new Set(
    files.filter(({ removed }) => removed !== null).flatMap((file) => accountsOf(draft, file)),
  );
  const known = knownAddresses(facts);
  const begin = Date.parse(facts.now) - UNUSED_AFTER_DAYS * DAY_MS;
  return host.logins
    .filter(
      ({ account, at, from }) => losing.has(account) && Date.parse(at) >= begin && !known.has(plain(from)),
    )
    .map(({ account, from, at, evidence }) => ({
      ...makeCheck(
        "consent",
        "unexplained-address",
        { host, account },
        `the old key logged in to ${account} from ${from} on ${at.slice(0, 10)}${evidence === "journal" ? "" : " (by a plain file, to which any user there can have lines written)"}, and no known location of it has that address: whoever holds a copy there gets no new key and is shut out; scan that machine, or give them the new key`,
      ),
      address: from,
    }));
}

const DAY_MS = 86_400_000;

/** Of all locations: the hosts that have signed with the key, and this computer as the hosts see it. A claim explains nothing. */
function knownAddresses({ hosts, here, key }: PlanFacts): Set<string> {
  const isHere =
    here.length > 0 || hosts.some(({ login }) => login.key !== null && login.key === key?.fingerprint);
  const holding = hosts.filter(({ holders }) =>
    holders.some(({ possession }) => possession.kind === "verified"),
  );
  return new Set(
    [
      ...holding.flatMap(({ host, addresses }) => [host, ...addresses, ...LOOPBACK]),
      ...(isHere ? hosts.flatMap(({ login }: HostFacts) => login.from ?? []) : []),
    ].map(plain),
  );
}

/** A host logs in to itself by these. */
const LOOPBACK = ["127.0.0.1", "::1"];

/** As two logs of one address agree on it: without a zone, and no IPv4 address in the form of IPv6. */
const plain = (address: string): string =>
  address
    .toLowerCase()
    .replace(/%.*$/, "")
    .replace(/^::ffff:(?=\d+\.)/, "");
