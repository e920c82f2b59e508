import { hash } from "node:crypto";
import { type KnownHost, type KnownLine, nameInKnownHosts } from "#domain/ssh/known-hosts.ts";
import type { HostKeyRow } from "#shared/model/hosts/host-key.ts";
import { formatCount } from "#shared/text/count.ts";
import {
  evaluateHost,
  formatWeakness,
  type HostKeyFacts,
  type KeyedAddress,
  type RowDraft,
} from "./host-key-rows.ts";

/** How many of the hosts that share a key are named; the others are counted. */
const MOST_SHARING = 20;

/** Every host key under every name. Pure: the same facts give the same rows, in the order of their names. */
export function listHostKeys(facts: HostKeyFacts): HostKeyRow[] {
  const drafts = new Map<string, RowDraft>();
  const mentioned = new Set<KnownHost>();
  const inClear = facts.knownHosts.map((known) => ({ ...known, find: known.findInClear }));
  for (const host of facts.hosts) {
    const wasTried = facts.wasTried(nameInKnownHosts(host.knownAs.host, host.knownAs.port));
    const { rows, entries } = evaluateHost(host, wasTried ? facts.knownHosts : inClear);
    for (const row of rows) drafts.set(idOf(row), wasTried ? row : asUntried(row));
    for (const entry of entries) mentioned.add(entry);
  }
  for (const row of listLines(facts, mentioned)) join(drafts, row);
  return withSharing(drafts);
}

/** A host that was not compared with all hashed lines gets no state that a hashed line could refute. */
const asUntried = (row: RowDraft): RowDraft =>
  ["new", "changed", "held"].includes(row.state)
    ? {
        ...row,
        state: "hashed",
        why: "known_hosts has more hashed names than are tried for all hosts; whether it knows this key is not known here, but a scan of the host finds out",
      }
    : row;

/** Lines that no row of a host includes: each becomes a row under its own names. */
function listLines(
  { knownHosts, otherNames, hosts, wasTried }: HostKeyFacts,
  mentioned: ReadonlySet<KnownHost>,
) {
  const names = [
    ...new Set([...hosts.map(({ knownAs }) => nameInKnownHosts(knownAs.host, knownAs.port)), ...otherNames]),
  ].filter(wasTried);
  const namesOf = new Map<KnownHost, string[]>();
  for (const name of names)
    for (const entry of knownHosts.flatMap((known) => known.find(name))) {
      const known = namesOf.get(entry);
      if (known) known.push(name);
      else namesOf.set(entry, [name]);
    }
  return knownHosts
    .flatMap(({ lines }) => lines)
    .filter(({ entry }) => !(entry.marker === "none" && mentioned.has(entry)))
    .map((line) => toRow(line, namesOf.get(line.entry) ?? []));
}

function toRow({ names, isHashed, entry }: KnownLine, matching: readonly string[]): RowDraft {
  const { key } = entry;
  const name = isHashed ? (matching[0] ?? names) : names;
  return {
    name,
    keyType: key.keyType,
    keyBits: key.keyBits,
    fingerprint: key.fingerprint,
    ...evaluateLine(entry, { isHashed, matching }),
    isPinned: false,
    knownAt: [entry.where],
    presentedAt: null,
    heldAt: null,
    host: null,
    weakness: formatWeakness(key),
  };
}

function evaluateLine(
  { marker, where }: KnownHost,
  { isHashed, matching }: { isHashed: boolean; matching: readonly string[] },
): Pick<RowDraft, "state" | "why"> {
  const [first] = matching;
  const others = matching.length > 1 ? ` and ${formatCount(matching.length - 1, "other name")}` : "";
  const isOfNobody = `at ${where}; no name of the inventory is meant by it`;
  if (marker === "cert-authority")
    return {
      state: "authority",
      why:
        first === undefined ? `trusted ${isOfNobody}` : `trusted at ${where} to vouch for ${first}${others}`,
    };
  if (marker === "revoked")
    return {
      state: "revoked",
      why: first === undefined ? `revoked ${isOfNobody}` : `revoked at ${where} for ${first}${others}`,
    };
  if (isHashed && first === undefined)
    return {
      state: "hashed",
      why: `known at ${where}; no name of the inventory is the one that is hashed there`,
    };
  return {
    state: "unused",
    why:
      first === undefined
        ? `known at ${where}; no host of the inventory has this name`
        : `known at ${where}; ${first} is in the inventory, but no host key of it was seen under this name`,
  };
}

/** Merges rows with one key and name, from several lines or a host: "revoked" prevails. */
function join(drafts: Map<string, RowDraft>, row: RowDraft): void {
  const id = idOf(row);
  const known = drafts.get(id);
  if (!known) {
    drafts.set(id, row);
    return;
  }
  const knownAt = [...new Set([...known.knownAt, ...row.knownAt])];
  const isWorse = row.state === "revoked" && known.state !== "revoked";
  drafts.set(id, { ...known, knownAt, ...(isWorse ? { state: row.state, why: row.why } : {}) });
}

const idOf = ({ name, fingerprint, state }: RowDraft): string =>
  hash("sha256", JSON.stringify([name, fingerprint, state === "authority"])).slice(0, 32);

/** Counts two daemons (ports) of one name as one machine. */
function withSharing(drafts: ReadonlyMap<string, RowDraft>): HostKeyRow[] {
  const sharers = new Map<string, Map<string, KeyedAddress>>();
  for (const { host, fingerprint, presentedAt, heldAt } of drafts.values()) {
    if (!host || (presentedAt === null && heldAt === null)) continue;
    const known = sharers.get(fingerprint) ?? new Map<string, KeyedAddress>();
    sharers.set(fingerprint, known.set(host.host, host));
  }
  return Array.from(drafts, ([id, row]): HostKeyRow => {
    const all = sharers.get(row.fingerprint);
    const isSharer = row.host !== null && all?.has(row.host.host) === true;
    const first: KeyedAddress[] = [];
    for (const host of all?.values() ?? []) {
      if (first.length >= MOST_SHARING) break;
      if (host.host !== row.host?.host) first.push(host);
    }
    return { ...row, id, sharedWith: { count: (all?.size ?? 0) - (isSharer ? 1 : 0), first } };
  });
}
