import { accountsOf, type Draft, makeCheck } from "#domain/rotation/plan/draft.ts";
import type { HostFacts, PlanFacts } from "#domain/rotation/plan/plan-facts.ts";
import { UNUSED_AFTER_DAYS } from "#domain/use/evaluate-use.ts";
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
  const known = knownAddresses(facts, host);
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

/**
 * Of all locations, as a host sees them: the hosts that have signed with the key, and this computer. A claim explains nothing. Loopback
 * is that very host, and no other one.
 */
function knownAddresses({ hosts, here, key }: PlanFacts, seenBy: HostFacts): Set<string> {
  const isHere =
    here.length > 0 || hosts.some(({ login }) => login.key !== null && login.key === key?.fingerprint);
  const elsewhere = [
    ...hosts.filter(isHolding).flatMap(({ host, addresses }) => [host, ...addresses]),
    ...(isHere ? hosts.flatMap(({ login }) => login.from ?? []) : []),
  ];
  return new Set([
    ...elsewhere.map(plain).filter((address) => !isLoopback(address)),
    ...(isHere && seenBy.login.from !== null ? [plain(seenBy.login.from)] : []),
    ...(isHolding(seenBy) ? [plain(seenBy.host), ...LOOPBACK] : []),
  ]);
}

const isHolding = ({ holders }: HostFacts): boolean =>
  holders.some(({ possession }) => possession.kind === "verified");

/** A host logs in to itself by these. */
const LOOPBACK = ["127.0.0.1", "::1"];
const isLoopback = (address: string): boolean => address === "::1" || /^127(\.\d+){3}$/.test(address);

/** As two logs of one address agree on it: without a zone, and no IPv4 address in the form of IPv6. */
const plain = (address: string): string =>
  address
    .toLowerCase()
    .replace(/%.*$/, "")
    .replace(/^::ffff:(?=\d+\.)/, "");
