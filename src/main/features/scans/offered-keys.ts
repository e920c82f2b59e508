/**
 * The host keys that nothing vouches for, as running scans meet them. Each waits until somebody accepts or skips it,
 * while the rest of the scan goes on. What is accepted is pinned with the very bytes that were offered, so that a host
 * that presents another key afterwards is refused. A key that this computer contradicts is shown, and waits for nobody.
 */
import { readKeyBlob } from "#domain/ssh/key-blob.ts";
import type { PresentedKey, Where } from "#net/ssh/ssh-failure.ts";
import type { Announcement } from "#shared/contract/events.ts";
import { OFFERED_SHOWN } from "#shared/contract/scans.ts";
import { isContradicted, type KnownBeside, type OfferedKey } from "#shared/model/hosts/offered-key.ts";
import type { ScanId } from "#shared/model/hosts/scan.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { formatHostAddress } from "#shared/text/hosts/target.ts";
import type { Store } from "#store/store.ts";
import type { Recording } from "./recording/recording.ts";

type Deps = {
  store: Pick<Store, "pins" | "queueWrite" | "events">;
  recording: Pick<Recording, "accept">;
  announce: (announcement: Announcement) => void;
  now: () => Date;
};

/** `at`: the machine whose key it is, by the name of its pin. */
type PresentedOffer = {
  at: Where;
  hostKey: PresentedKey;
  addresses: readonly string[];
  isJumpHost: boolean;
  known: KnownBeside;
};

/** `go-on`: the machine is probed again, for its key was decided. */
type OfferAnswer = "go-on" | "skipped";

/**
 * Offers a key to whoever follows the scan. Null: nobody can accept it. Rejects when the scan is stopped, with its
 * reason.
 */
export type OfferHostKey = (presented: PresentedOffer) => Promise<OfferAnswer> | null;

type Offer = PresentedOffer & {
  id: string;
  state: OfferedKey["state"];
  isBeingPinned: boolean;
  waiters: PromiseWithResolvers<OfferAnswer>[];
};

/** The keys that one scan has met, by their ids. */
type ScanKeys = { scanId: ScanId; offeredKeys: Map<string, Offer> };

export function createOfferedKeys(deps: Deps) {
  const scans = new Map<ScanId, ScanKeys>();
  const keysOf = (scanId: ScanId): ScanKeys => scans.get(scanId) ?? { scanId, offeredKeys: new Map() };

  return {
    /** From now until `close` this scan may offer keys. */
    open(scanId: ScanId, signal: AbortSignal): OfferHostKey {
      const offeredKeys = new Map<string, Offer>();
      scans.set(scanId, { scanId, offeredKeys });
      signal.addEventListener("abort", () => {
        for (const { waiters } of offeredKeys.values())
          for (const { reject } of waiters.splice(0)) reject(signal.reason);
      });
      return (presented) => {
        const answer = offer(deps, offeredKeys, presented);
        deps.announce({ kind: "scan-host-keys", scanId });
        return answer;
      };
    },

    /** Call it when the scan has ended, however it did. */
    close(scanId: ScanId): void {
      if (scans.delete(scanId)) deps.announce({ kind: "scan-host-keys", scanId });
    },

    list: (scanId: ScanId) => list(keysOf(scanId)),
    accept: (scanId: ScanId, ids: readonly string[]) => accept(deps, keysOf(scanId), ids),
    skip: (scanId: ScanId, ids: readonly string[] | null) => skip(deps, keysOf(scanId), ids),

    /** These keys, by the names that DNS may publish them under. */
    named(scanId: ScanId, ids: readonly string[]) {
      const { offeredKeys } = keysOf(scanId);
      return ids.flatMap((id) => {
        const found = offeredKeys.get(id);
        return found ? [{ id, name: found.at.host, ...found.hostKey }] : [];
      });
    },
  };
}

function offer(
  { store }: Deps,
  offeredKeys: Map<string, Offer>,
  presented: PresentedOffer,
): Promise<OfferAnswer> | null {
  const { at, hostKey, known } = presented;
  // What is no key at all is trusted by nobody.
  if (!readKeyBlob(hostKey.blob)) return null;
  const id = `${formatHostAddress(at)} ${hostKey.fingerprint}`;
  const isRefused = isContradicted(known);
  const offered = offeredKeys.get(id) ?? {
    ...presented,
    id,
    state: isRefused ? "refused" : "waiting",
    isBeingPinned: false,
    waiters: [],
  };
  offeredKeys.set(id, offered);
  if (isRefused || offered.state === "refused") return null;
  if (offered.state === "skipped") return Promise.resolve("skipped");
  // It was accepted while this connection was under way, here or in another scan.
  if (store.pins.find(at.host, at.port)?.fingerprint === hostKey.fingerprint) {
    offered.state = "accepted";
    return Promise.resolve("go-on");
  }
  if (!offered.isBeingPinned) offered.state = "waiting";
  const waiter = Promise.withResolvers<OfferAnswer>();
  offered.waiters.push(waiter);
  return waiter.promise;
}

function list({ offeredKeys }: ScanKeys) {
  const all = [...offeredKeys.values()];
  const withKey = Map.groupBy(all, ({ hostKey }) => hostKey.fingerprint);
  const count = (state: Offer["state"]) => all.filter((one) => one.state === state).length;
  const shown = all
    .filter(({ state }) => state === "waiting" || state === "refused")
    .toSorted((one, other) => rank(one) - rank(other) || byName.compare(one.id, other.id))
    .slice(0, OFFERED_SHOWN);
  return {
    rows: shown.map((one) => toView(one, withKey.get(one.hostKey.fingerprint) ?? [])),
    counts: {
      waiting: count("waiting"),
      refused: count("refused"),
      accepted: count("accepted"),
      skipped: count("skipped"),
    },
  };
}

async function accept(deps: Deps, { scanId, offeredKeys }: ScanKeys, ids: readonly string[]) {
  const chosen = chooseWaiting(offeredKeys, ids);
  for (const one of chosen) Object.assign(one, { state: "accepted", isBeingPinned: true });
  const pinned = await Promise.all(chosen.map((one) => pin(deps, one, offeredKeys)));
  deps.announce({ kind: "pins-changed" });
  deps.announce({ kind: "scan-host-keys", scanId });
  const accepted = pinned.filter(Boolean).length;
  return { accepted, refused: pinned.length - accepted };
}

/** False where the host has another pin since: it is probed all the same, and refused. */
async function pin(
  { store, recording, now }: Deps,
  chosen: Offer,
  offeredKeys: ReadonlyMap<string, Offer>,
): Promise<boolean> {
  const { at, hostKey } = chosen;
  try {
    const blob = Uint8Array.from(hostKey.blob);
    await recording.accept({ ...at, ...hostKey, blob }, toInstant(now()), "scan-list");
  } catch (error) {
    const isConflict = error instanceof Refusal && error.code === "conflict";
    chosen.state = isConflict ? "refused" : "waiting";
    if (!isConflict) throw error;
  } finally {
    chosen.isBeingPinned = false;
  }
  // Whatever else this machine has offered is no longer its key.
  for (const one of offeredKeys.values()) {
    if (one.at.host !== at.host || one.at.port !== at.port) continue;
    if (one.state === "waiting") one.state = "refused";
    if (one.state === "refused") one.known = toMismatch(store.pins.find(at.host, at.port)) ?? one.known;
    for (const { resolve } of one.waiters.splice(0)) resolve("go-on");
  }
  return chosen.state === "accepted";
}

/** `ids` null: all that wait. */
async function skip(
  { store, announce, now }: Deps,
  { scanId, offeredKeys }: ScanKeys,
  ids: readonly string[] | null,
): Promise<{ skipped: number }> {
  const all = [...offeredKeys.values()];
  const chosen =
    ids === null ? all.filter(({ state }) => state === "waiting") : chooseWaiting(offeredKeys, ids);
  const first = chosen.slice(0, MOST_NAMED).map(({ at }) => formatHostAddress(at));
  const detail = { scanId, total: chosen.length, first };
  await store.queueWrite(() => {
    const hosts = chosen.slice(0, MOST_NAMED).map(({ at }) => at.host);
    store.events.append({ at: toInstant(now()), kind: "host-keys-skipped", detail, hosts });
  });
  for (const one of chosen) {
    one.state = "skipped";
    for (const { resolve } of one.waiters.splice(0)) resolve("skipped");
  }
  announce({ kind: "scan-host-keys", scanId });
  return { skipped: chosen.length };
}

/** So many hosts are named in the audit log. */
const MOST_NAMED = 20;

/** Those with these ids; refuses all of them if one cannot be answered. */
function chooseWaiting(offeredKeys: ReadonlyMap<string, Offer>, ids: readonly string[]): Offer[] {
  const chosen = new Map<string, Offer>();
  for (const id of new Set(ids)) {
    const found = offeredKeys.get(id);
    if (found?.state === "refused")
      throw new Refusal(
        "conflict",
        `the key of ${formatHostAddress(found.at)} contradicts what this computer knows; find out why before you trust it`,
      );
    if (found?.state !== "waiting")
      throw new Refusal("not-found", "one of these host keys no longer waits; read the list again");
    const address = formatHostAddress(found.at);
    if (chosen.has(address))
      throw new Refusal("conflict", `${address} has presented two keys; accept one of them at most`);
    chosen.set(address, found);
  }
  return [...chosen.values()];
}

const byName = new Intl.Collator("en", { numeric: true });

const rank = ({ state }: Offer): number => (state === "refused" ? 0 : 1);

const toView = ({ at, hostKey, waiters, ...offer }: Offer, sharers: readonly Offer[]): OfferedKey => ({
  id: offer.id,
  name: at.host,
  port: at.port,
  addresses: offer.addresses.filter((address) => address !== at.host).slice(0, MOST_ADDRESSES),
  isJumpHost: offer.isJumpHost,
  keyType: hostKey.keyType,
  fingerprint: hostKey.fingerprint,
  state: offer.state,
  known: offer.known,
  waiting: waiters.length,
  sharedWith: sharers.filter((other) => other.at.host !== at.host).length,
});

const MOST_ADDRESSES = 8;

const toMismatch = (pin: { keyType: string; fingerprint: string } | null): KnownBeside | null =>
  pin && {
    kind: "mismatch",
    total: 1,
    known: [{ names: null, keyType: pin.keyType, fingerprint: pin.fingerprint, where: "pin" }],
  };
