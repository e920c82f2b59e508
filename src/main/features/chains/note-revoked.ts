import {
  BY_LISTS,
  evaluateRevocation,
  formatIssuer,
  serialBytes,
  settleRevoked,
} from "#domain/x509/revocation/evaluate-revocation.ts";
import { type RevocationList, readCrl } from "#domain/x509/revocation/read-crl.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { RevocationView, Revoked } from "#shared/model/trust.ts";
import type { Store } from "#store/store.ts";
import { type Climb, findSpeakers } from "./read-revocation.ts";

type NotesDeps = { store: Store; climb: Climb; now: () => Date };

/**
 * Notes that certificates are revoked, or are so no more, as lists come and go and as responders answer. Within the transaction
 * of what made it known; says whether anything is otherwise than before.
 */
export function createRevocationNotes({ store, climb, now }: NotesDeps) {
  return {
    answered: (sha256: string, views: readonly RevocationView[]): boolean =>
      note(sha256, settleRevoked(store.revoked.of(sha256), views)),

    /** Only what a list names is judged, for it may name as many as an authority has issued; and what lists have named before. */
    given(ders: readonly Uint8Array[]): boolean {
      const named = new Set([
        ...ders.flatMap((der) => findNamed(readCrl(der))),
        ...store.revoked.saidBy(BY_LISTS),
      ]);
      const judge = named.size > 0 ? openEvaluator() : null;
      return [...named].filter((sha256) => judge?.(sha256, store.revoked.of(sha256))).length > 0;
    },

    /** What is known by lists alone is judged by those that are left. */
    takenBack(): boolean {
      const held = store.revoked.saidBy(BY_LISTS);
      const judge = held.length > 0 ? openEvaluator() : null;
      return held.filter((sha256) => judge?.(sha256, null)).length > 0;
    },
  };

  function findNamed(list: RevocationList | null): string[] {
    if (!list) return [];
    const candidates = store.revoked.ofIssuer(formatIssuer(list));
    if (candidates.length === 0) return [];
    const revoked = list.revoked();
    const isNamed = (serial: string) =>
      revoked.find(serial, null) !== null || revoked.find(serial, list.issuer.key) !== null;
    return candidates.flatMap(({ sha256, serial }) => (isNamed(serialBytes(serial)) ? sha256 : []));
  }

  /** By the lists that are there now, opened once. */
  function openEvaluator(): (sha256: string, known: Revoked | null) => boolean {
    const lists = store.trust.ders("crl").flatMap((each) => readCrl(each) ?? []);
    return (sha256, known) => {
      const der = store.certificates.find(sha256, now())?.der;
      if (!der) return false;
      const pool = findSpeakers(der, { store, climb, sent: store.chains.sentWith(sha256) });
      const views = evaluateRevocation(der, { pool, lists, staples: [], at: now().getTime() });
      return note(sha256, settleRevoked(known, views));
    };
  }

  function note(sha256: string, revoked: Revoked | null): boolean {
    const before = store.revoked.of(sha256);
    // biome-ignore lint/plugin: whether the row is written anew
    if (before?.by === revoked?.by && before?.sentence === revoked?.sentence) return false;
    store.revoked.note(sha256, revoked, toInstant(now()));
    return true;
  }
}

export type RevocationNotes = ReturnType<typeof createRevocationNotes>;
