import { readCrl } from "#domain/x509/revocation/read-crl.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { Store } from "#store/store.ts";

/** So long after it was to be renewed a list goes: by then it tells of nothing any more. */
const KEPT_MS = 30 * 86_400_000;

/**
 * Drops lists that were fetched and are long out of their time, and says whether there were any; those that came as files stay.
 * What they have said of certificates stays too: that it is old does not take it back.
 */
export async function dropOldLists(store: Store, now: Date): Promise<boolean> {
  const fetched = store.trust.list().filter(({ kind, source }) => kind === "crl" && /^https?:/.test(source));
  const old = fetched.map(({ sha256 }) => sha256).filter((sha256) => isOld(store.trust.der(sha256), now));
  if (old.length === 0) return false;
  await store.inTurn(() => {
    for (const sha256 of old) store.trust.remove(sha256);
    store.events.append({ at: toInstant(now), kind: "trust-outdated", detail: { items: old } });
  });
  return true;
}

function isOld(der: Uint8Array | null, now: Date): boolean {
  const nextUpdate = (der && readCrl(der)?.nextUpdate) ?? null;
  return nextUpdate !== null && nextUpdate + KEPT_MS < now.getTime();
}
