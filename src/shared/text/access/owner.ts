import {
  evaluatesAbsence,
  type HostWithGap,
  type Inventory,
  type KeyGap,
} from "../../model/access/person.ts";
import type { Coverage, Owner } from "../../model/access/verdict.ts";
import type { KeyPossession } from "../../model/hosts/host.ts";
import type { Instant } from "../../model/instant.ts";
import { formatCount, formatNumber } from "../count.ts";
import { formatClaimReason } from "../hosts/key.ts";

/** A person whom a people source has a key of, or whom a comment names. */
export type KnownPerson = {
  name: string;
  standing: "known" | "gone";
  /** The source that has the key as theirs, or that has the login. */
  source: string;
  /** What decides on the standing. */
  decidedBy: PeopleSourceEntry;
};

/** `location` as `web1: /home/evil/.ssh/id`; `owner`: the account whose file it is. */
export type PrivateKeyClaim = { location: string; owner: string; possession: KeyPossession };

/**
 * What all hosts, this computer and the people sources show about the owner of a grant; the state is decided already.
 */
export type OwnerFacts = {
  state: Owner["state"];
  /** False for a line in which no key can be read. */
  hasKey: boolean;
  /** The first locations of private keys, as `web1: /root/.ssh/id_rsa`, and how many there are. */
  locations: readonly string[];
  locationCount: number;
  /** The first files that only claim the private key: they decide nothing. */
  claims: readonly PrivateKeyClaim[];
  people: readonly KnownPerson[];
  /** People whose login or address the comment names: that decides nothing. */
  namedInComment: readonly KnownPerson[];
  managedBy: Owner["managedBy"];
  /** The owner whom an approval of the line names. */
  vouchedBy: string | null;
};

/** What was read for all owners alike. */
export type Fleet = {
  hosts: number;
  hostsRead: number;
  hostsReadAsRoot: number;
  /** Files and folders of hosts that could not be read. */
  unreadablePaths: number;
  /** Private keys known on this computer. */
  heldKeys: number;
  sources: readonly { name: string; people: number; readAt: string }[];
  inventory: Inventory;
};

/** The owner of a verdict, in words: what decides comes first. */
export function describeOwner(facts: OwnerFacts, fleet: { inventory: Inventory; coverage: Coverage }): Owner {
  const { state, people, managedBy } = facts;
  const deciding = people.filter(({ standing }) => standing === state).map(({ name }) => name);
  const names = [...new Set(deciding)];
  return {
    state,
    who: names.length > 0 ? names.slice(0, 3).join(", ") : (facts.vouchedBy ?? managedBy?.by ?? null),
    isMatched: facts.locationCount > 0,
    managedBy,
    reasons: facts.hasKey ? listReasons(facts, fleet.inventory) : ["the line has no key that can be read"],
    coverage: fleet.coverage,
  };
}

function listReasons(facts: OwnerFacts, inventory: Inventory): string[] {
  const { state, people, vouchedBy } = facts;
  const sorted = people.toSorted(
    (one, other) => Number(other.standing === state) - Number(one.standing === state),
  );
  return [
    ...(state === "unknown" ? [formatMissingPrivateKey(inventory, facts.claims.length > 0)] : []),
    ...sorted.map(formatKeyOf),
    ...(vouchedBy === null ? [] : [`it was approved here as that of ${vouchedBy}`]),
    ...formatPrivateKeys(facts),
    ...facts.claims.map(formatClaim),
    ...facts.namedInComment.map(formatNamed),
  ];
}

function formatMissingPrivateKey(inventory: Inventory, isClaimed: boolean): string {
  if (evaluatesAbsence(inventory))
    return "its private key was not found, and the inventory is marked complete";
  const found = isClaimed ? "no private key of it has signed" : "its private key was not found";
  if (inventory.isWhole)
    return `${found} and no people source has it, but ${formatGaps(inventory.gaps)}: it may be there`;
  return `${found} and no people source has it: it may be on a machine that was not scanned`;
}

function formatKeyOf({ name, standing, source, decidedBy }: KnownPerson): string {
  if (standing === "known") return `the key is that of ${name}, according to ${source}`;
  const left = formatStanding(standing, decidedBy);
  return decidedBy.source === source
    ? `${left}; the key is theirs`
    : `${left}; the key is theirs, according to ${source}`;
}

function formatPrivateKeys({ state, locations, locationCount, people }: OwnerFacts): string[] {
  const more = locationCount - locations.length;
  const rest = more > 0 ? [`and at ${formatCount(more, "more location")}`] : [];
  if (locationCount > 0)
    return [...locations.map((location) => `its private key is on ${location} (verified)`), ...rest];
  const owner = people.find(({ standing }) => standing === "known");
  if (state !== "known" || !owner) return [];
  return [`its private key was not scanned, and is expected with ${owner.name}`];
}

/** The unencrypted text in a key file, which anybody can write there. */
function formatClaim({ location, owner, possession }: PrivateKeyClaim): string {
  const why =
    possession.kind === "claimed"
      ? `not verified: ${formatClaimReason(possession.why)}`
      : "it shows the public key and signed with another private one";
  return `its private key is claimed by ${location} of ${owner} (${why})`;
}

const formatNamed = ({ name, standing }: KnownPerson): string =>
  `its comment names ${name}${standing === "gone" ? ", who has left" : ""} (weak: anybody can write a comment)`;

/** What was read to find owners, and what was not. */
export function coverFleet(fleet: Fleet): Coverage {
  const { hosts, hostsRead, hostsReadAsRoot, unreadablePaths, heldKeys, sources, inventory } = fleet;
  const missing = hosts - hostsRead;
  return {
    read: [
      `${formatNumber(hostsRead)} of ${formatCount(hosts, "host")}, ${formatNumber(hostsReadAsRoot)} as root`,
      formatCount(heldKeys, "private key of this computer", "private keys of this computer"),
      ...sources.map(
        ({ name, people, readAt }) =>
          `${name}: ${formatCount(people, "person", "people")}, read ${readAt.slice(0, 10)}`,
      ),
    ],
    notRead: [
      ...(missing > 0 ? [formatCount(missing, "host")] : []),
      ...(unreadablePaths > 0
        ? [formatCount(unreadablePaths, "file or folder of hosts", "files and folders of hosts")]
        : []),
      ...(sources.length === 0 ? ["people sources: none was imported"] : []),
      ...(inventory.isWhole ? [] : ["machines that were not scanned: the inventory is not marked complete"]),
      ...(inventory.note === "" ? [] : [`not scanned: ${inventory.note}`]),
    ],
  };
}

/** How many people of a people source are gone. */
export const formatLeft = (count: number): string => formatCount(count, "has left", "have left");

/** The entry of a people source that decides whether a person is still there. */
export type PeopleSourceEntry = {
  name: string;
  source: string;
  said: "active" | "gone" | "nothing";
  /** A day, as the source writes it: 2026-03-31. */
  leftOn: string | null;
  isMissing: boolean;
  readAt: Instant;
};

/** Why a person counts as gone or as still there, as a sentence about `name`. */
export function formatStanding(standing: "known" | "gone", entry: PeopleSourceEntry): string {
  const { name, source, said, leftOn, isMissing } = entry;
  if (standing === "known") {
    const leaves = leftOn === null || said === "gone" ? "" : ` and leaves on ${leftOn}`;
    return said === "active"
      ? `${name} is there${leaves}, according to ${source}`
      : `${name} is in ${source}${leaves}`;
  }
  if (leftOn !== null) return `${name} left on ${leftOn}, according to ${source}`;
  if (said === "gone") return `${name} has left, according to ${source}`;
  return isMissing
    ? `${name} is no longer in ${source}, which is marked complete`
    : `${name} has left, according to ${source}`;
}

const GAP: Record<KeyGap, string> = {
  "never-read": "never read",
  "cut-short": "its last reading was cut short",
  "not-root": "read without root",
  "unreadable-locations": "some locations of private keys could not be read",
};

/**
 * The hosts on which private keys may lie unseen, the first of them with the reason: `2 hosts were not read completely:
 * db-1 (never read), ...`.
 */
export function formatGaps({ total, first }: Inventory["gaps"]): string {
  const more = total - first.length;
  const named = first.map(formatGap).join(", ");
  const were = total === 1 ? "was" : "were";
  return `${formatCount(total, "host")} ${were} not read completely: ${named}${more > 0 ? `, and ${more} more` : ""}`;
}

const formatGap = ({ host, port, gap }: HostWithGap): string =>
  `${port === 22 ? host : `${host}:${port}`} (${GAP[gap]})`;
