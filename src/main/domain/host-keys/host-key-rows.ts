import { readKeyBlob } from "#domain/ssh/key-blob.ts";
import {
  evaluateHostKey,
  findRevocation,
  formatKnown,
  type HostKeyEvaluation,
  type KnownHost,
  type KnownHosts,
  nameInKnownHosts,
} from "#domain/ssh/known-hosts.ts";
import { OBSOLETE, SHORTEST_RSA } from "#domain/ssh/ssh-findings.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { HostKeyRow, HostKeyState } from "#shared/model/hosts/host-key.ts";
import type { HostKeyView } from "#shared/model/hosts/probe.ts";
import type { Instant } from "#shared/model/instant.ts";

export type KeyedAddress = NonNullable<HostKeyRow["host"]>;

type PresentedKey = HostKeyView & {
  blob: Uint8Array;
  at: Instant;
  /** The probe ended there, since the key was not trusted then. */
  isRefused: boolean;
};

type HeldKey = HostKeyView & { keyBits: number | null; at: Instant };

/** A machine by one of its names, with the host keys that are known of it. */
export type KeyedHost = {
  name: string;
  port: number;
  /** The name to look up in known_hosts: ssh_config may set another one (HostKeyAlias). */
  knownAs: { host: string; port: number };
  /** Its row in the inventory; null for a jump host that is no target, and for a host that only has a pin. */
  id: number | null;
  pin: (HostKeyView & { blob: Uint8Array }) | null;
  presented: PresentedKey | null;
  held: readonly HeldKey[];
  /** The keys that signed its bundles, where no connection to it was ever made. */
  bundleKeys: readonly HostKeyView[];
};

export type HostKeyFacts = {
  hosts: readonly KeyedHost[];
  /** All names of the inventory as known_hosts writes them, to compare with hashed names. */
  otherNames: readonly string[];
  knownHosts: readonly KnownHosts[];
  /** Whether a name was compared with every hashed one; if not, keys that only a hashed line has are not known. */
  wasTried: (name: string) => boolean;
};

/** A row without the other hosts that have the key. */
export type RowDraft = Omit<HostKeyRow, "id" | "sharedWith">;

/**
 * The keys of one host, each with its state. The same function as in a scan (domain/ssh/known-hosts.ts) decides whether
 * the presented key is trusted, so that the list and a scan never differ.
 */

/** One key of a host, with all that know it. */
type OwnKey = {
  keyType: string;
  keyBits: number | null;
  fingerprint: string;
  knownAt: string[];
  presented: KeyedHost["presented"];
  held: KeyedHost["held"][number] | null;
  isPinned: boolean;
};

type Verdict = { state: HostKeyState; why: string };

/** The evaluation of the presented key: by all that is known, and by known_hosts without our pin, as ssh does. */
type JudgementsOfKey = { key: HostKeyEvaluation; byFiles: HostKeyEvaluation } | null;

/** The rows of a host, and the lines of known_hosts that they include. */
export function evaluateHost(host: KeyedHost, knownHosts: readonly KnownHosts[]) {
  const entries = entriesOf(host, knownHosts);
  const query = host.presented && { ...host.knownAs, blob: host.presented.blob };
  const evaluated: JudgementsOfKey = query && {
    key: evaluateHostKey(query, { knownHosts, pin: host.pin, bundleKeys: host.bundleKeys }),
    byFiles: evaluateHostKey(query, { knownHosts, pin: null, bundleKeys: [] }),
  };
  const rows = gatherKeys(host, entries).map((key): RowDraft => {
    const { keyType, keyBits, fingerprint, knownAt, isPinned } = key;
    const { state, why } = evaluate(key, { host, knownHosts, evaluated });
    return {
      name: nameInKnownHosts(host.name, host.port),
      keyType,
      keyBits,
      fingerprint,
      state,
      why,
      isPinned,
      knownAt,
      host: { id: host.id, host: host.name, port: host.port },
      weakness: formatWeakness(key),
      presentedAt: key.presented?.at ?? null,
      heldAt: key.held?.at ?? null,
    };
  });
  return { rows, entries };
}

/** Lines under the host's name; if none, lines under its name without the port that have the presented key. */
function entriesOf({ knownAs, presented }: KeyedHost, knownHosts: readonly KnownHosts[]): KnownHost[] {
  const find = (port: number) =>
    knownHosts.flatMap((known) => known.find(nameInKnownHosts(knownAs.host, port)));
  const own = find(knownAs.port).filter(({ marker }) => marker === "none");
  if (own.length > 0 || knownAs.port === 22 || !presented) return own;
  return find(22).filter(({ marker, key }) => marker === "none" && key.fingerprint === presented.fingerprint);
}

function gatherKeys({ pin, presented, held }: KeyedHost, entries: readonly KnownHost[]): OwnKey[] {
  const keys = new Map<string, OwnKey>();
  const at = (view: { keyType: string; fingerprint: string; keyBits: number | null }): OwnKey => {
    const known = keys.get(view.fingerprint);
    if (known) return Object.assign(known, { keyBits: known.keyBits ?? view.keyBits });
    const { keyType, keyBits, fingerprint } = view;
    const key = { keyType, keyBits, fingerprint, knownAt: [], presented: null, held: null, isPinned: false };
    keys.set(fingerprint, key);
    return key;
  };
  if (pin) at({ ...pin, keyBits: bitsOf(pin.blob) }).isPinned = true;
  if (presented) at({ ...presented, keyBits: bitsOf(presented.blob) }).presented = presented;
  for (const { key, where } of entries) at(key).knownAt.push(where);
  for (const each of held) at(each).held = each;
  return [...keys.values()];
}

const bitsOf = (blob: Uint8Array): number | null => readKeyBlob(blob)?.keyBits ?? null;

type EvaluationContext = { host: KeyedHost; knownHosts: readonly KnownHosts[]; evaluated: JudgementsOfKey };

function evaluate(key: OwnKey, { host, knownHosts, evaluated }: EvaluationContext): Verdict {
  const revoked = findRevocation(host.knownAs, [key], { knownHosts });
  if (revoked) return { state: "revoked", why: formatRevoked(key, revoked) };
  if (key.presented && evaluated) return evaluatePresented(key, key.presented, evaluated.key);
  if (!key.isPinned && key.knownAt.length === 0)
    return {
      state: "held",
      why: "found on the host when it was read; it has not presented it, and nothing trusts it",
    };
  return evaluateTrusted(key, host, evaluated);
}

function formatRevoked({ presented, held }: OwnKey, { where }: KnownHost): string {
  if (presented) return `revoked at ${where}, and the host presents it; give the host another key`;
  if (held) return `revoked at ${where}, and it was found on the host when that was read; remove it there`;
  return `revoked at ${where}`;
}

function evaluatePresented(
  key: OwnKey,
  presented: NonNullable<KeyedHost["presented"]>,
  evaluated: HostKeyEvaluation,
): Verdict {
  switch (evaluated.kind) {
    case "trusted":
      return { state: "matched", why: `presented, and ${formatTrust(key)}` };
    case "needs-certificate":
      if (!presented.isRefused)
        return {
          state: "matched",
          why: `the authority at ${evaluated.authorities[0]?.where} vouched for it when the host was last probed`,
        };
      return evaluatePresented(key, presented, evaluated.otherwise);
    case "unknown":
      return { state: "new", why: formatNew(presented) };
    case "changed":
      return {
        state: "changed",
        why: `presented, but ${evaluated.known.map(formatKnown).join(" and ")}; find out why before you trust it`,
      };
    case "revoked":
      return { state: "revoked", why: `revoked at ${evaluated.where}` };
    default:
      return assertNever(evaluated);
  }
}

const formatNew = ({ isRefused }: { isRefused: boolean }): string =>
  isRefused
    ? "presented, and nothing is known of it; compare it with the host's own, then trust it"
    : "presented and taken when the host was last probed, but no pin and no known_hosts of this computer has it now";

const formatTrust = ({ isPinned, knownAt: [first, ...more] }: OwnKey): string =>
  [isPinned && "pinned", first !== undefined && `known at ${first}`, more.length > 0 && `${more.length} more`]
    .filter((words) => words !== false)
    .join(" and ");

/** A trusted key that was not presented: found on the host, in conflict with the presented one, or not seen. */
function evaluateTrusted(
  key: OwnKey,
  { presented, id, held }: KeyedHost,
  evaluated: JudgementsOfKey,
): Verdict {
  const trust = formatTrust(key);
  if (evaluated && presented) {
    const isAgainstPin = key.isPinned && isChanged(evaluated.key, presented.isRefused);
    const isAgainstFiles = key.knownAt.length > 0 && isChanged(evaluated.byFiles, presented.isRefused);
    if (isAgainstPin || isAgainstFiles)
      return {
        state: "changed",
        why: `${trust}, but the host presents ${presented.keyType} ${presented.fingerprint}${isAgainstPin ? "" : "; ssh refuses it until known_hosts is corrected"}`,
      };
  }
  if (key.held) return { state: "matched", why: `found on the host when it was read, and ${trust}` };
  if (id === null && !presented)
    return { state: "unused", why: `${trust}; no host of the inventory has this name` };
  if (!presented && held.length === 0)
    return { state: "unused", why: `${trust}; no probe of the host has come to its key` };
  return { state: "unused", why: `${trust}; the host was not seen with it, but with other keys` };
}

function isChanged(evaluated: HostKeyEvaluation, isRefused: boolean): boolean {
  if (evaluated.kind === "needs-certificate") return isRefused && evaluated.otherwise.kind === "changed";
  return evaluated.kind === "changed";
}

/** Why a host key of this type and size is weak; null where it is not, or its size is not known. */
export function formatWeakness({
  keyType,
  keyBits,
}: {
  keyType: string;
  keyBits: number | null;
}): string | null {
  const obsolete = OBSOLETE.get(keyType);
  if (obsolete !== undefined) return `it is ${obsolete}`;
  if (keyType !== "ssh-rsa" || keyBits === null || keyBits >= SHORTEST_RSA) return null;
  return `this RSA key has ${keyBits} bits; fewer than ${SHORTEST_RSA} are within reach of an attacker`;
}
