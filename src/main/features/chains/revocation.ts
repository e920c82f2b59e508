import { type CertificateIndex, indexCertificates } from "#domain/x509/path/path-certificate.ts";
import {
  BY_LISTS,
  createOcspRequest,
  evaluateRevocation,
  formatIssuer,
  type OcspQuery,
  type RevocationFacts,
  readRevocationFacts,
  serialBytes,
  settleRevoked,
} from "#domain/x509/revocation/evaluate-revocation.ts";
import { type RevocationList, readCrl } from "#domain/x509/revocation/read-crl.ts";
import { postToResponder } from "#net/trust/fetch-by-http.ts";
import type { Announcement } from "#shared/contract/events.ts";
import type { Sha256 } from "#shared/model/certificates/certificate.ts";
import type { RevocationView, Revoked } from "#shared/model/certificates/chain.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { Store } from "#store/store.ts";

type Climb = (leaf: Uint8Array) => Uint8Array[];
type RevocationDeps = { store: Store; climb: Climb; now: () => Date };

type Speakers = Pick<RevocationDeps, "store" | "climb"> & { sent: ReturnType<Store["chains"]["sentWith"]> };

/**
 * The certificates that may have issued a certificate, or signed its revocation status: those that are sent with it,
 * may be above it, or are trusted.
 */
function findSpeakers(leaf: Uint8Array, { store, climb, sent }: Speakers): CertificateIndex {
  const ders = sent.flatMap(({ chain }) => chain.map(({ der }) => der));
  return indexCertificates([...ders, ...climb(leaf), ...store.trust.ders("root")]);
}

/**
 * Reads what is known of the revocation of a certificate: from OCSP staples of endpoints, and from the lists that were
 * provided.
 */
export const createRevocationReader =
  ({ store, climb, now }: RevocationDeps) =>
  (sha256: Sha256, leaf: Uint8Array): { views: RevocationView[] } & RevocationFacts => {
    const sent = store.chains.sentWith(sha256);
    const staples = sent.map(({ host, port, serverName, staple }) => ({
      where: `${host}:${port}${serverName === "" ? "" : ` as ${serverName}`}`,
      staple,
    }));
    const pool = findSpeakers(leaf, { store, climb, sent });
    const lists = store.trust.ders("crl").flatMap((der) => readCrl(der) ?? []);
    const views = evaluateRevocation(leaf, { pool, lists, staples, at: now().getTime() });
    return { views: withKept(views, store.revoked.of(sha256)), ...readRevocationFacts(leaf) };
  };

/** Adds an earlier revocation where no source confirms it now. */
const withKept = (views: RevocationView[], kept: Revoked | null): RevocationView[] =>
  kept === null || views.some(({ state }) => state === "revoked")
    ? views
    : [{ state: "revoked", by: `${kept.by}, before`, sentence: kept.sentence }, ...views];

type NotesDeps = { store: Store; climb: Climb; now: () => Date };

/**
 * Records which certificates are revoked, and which no longer are, as lists come and go and as responders answer. Call
 * it in the transaction of that event; it returns whether anything has changed.
 */
export function createRevocationNotes({ store, climb, now }: NotesDeps) {
  return {
    answered: (sha256: string, views: readonly RevocationView[]): boolean =>
      note(sha256, settleRevoked(store.revoked.of(sha256), views)),

    /**
     * Evaluates only the certificates that a list names, or that lists have named before: a list may belong to an
     * authority with very many.
     */
    listsAdded(ders: readonly Uint8Array[]): boolean {
      const named = new Set([
        ...ders.flatMap((der) => findNamed(readCrl(der))),
        ...store.revoked.saidBy(BY_LISTS),
      ]);
      const evaluate = named.size > 0 ? openEvaluator() : null;
      return [...named].filter((sha256) => evaluate?.(sha256, store.revoked.of(sha256))).length > 0;
    },

    /** Evaluates by the remaining lists what only lists have revoked. */
    listsRemoved(): boolean {
      const held = store.revoked.saidBy(BY_LISTS);
      const evaluate = held.length > 0 ? openEvaluator() : null;
      return held.filter((sha256) => evaluate?.(sha256, null)).length > 0;
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

  /** Evaluates by the lists that are there now, opened once. */
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

type ResponderDeps = {
  store: Store;
  climb: Climb;
  now: () => Date;
  notes: RevocationNotes;
  announce: Announce;
};
type Announce = (announcement: Announcement) => void;

/** A certificate usually names one. */
const MOST_RESPONDERS = 4;

/**
 * Queries each OCSP responder that a certificate names, up to the limit, and returns each answer. Of these only a
 * revocation is stored.
 */
export const createResponderAsker =
  ({ store, climb, now, notes, announce }: ResponderDeps) =>
  async (sha256: Sha256, leaf: Uint8Array, hosts: readonly string[]): Promise<RevocationView[]> => {
    const sent = store.chains.sentWith(sha256);
    const query = createOcspRequest(leaf, findSpeakers(leaf, { store, climb, sent }));
    if (!query)
      throw new Refusal(
        "invalid-input",
        "its issuer is not known, so that no answer could be believed; scan a server that sends it with its chain",
      );
    const { responders } = readRevocationFacts(leaf);
    const views = await Promise.all(
      responders.slice(0, MOST_RESPONDERS).map((address) => queryResponder({ address, hosts }, query, now)),
    );
    if (await store.queueWrite(() => notes.answered(sha256, views))) announce({ kind: "findings-changed" });
    return views;
  };

async function queryResponder(
  { address, hosts }: { address: string; hosts: readonly string[] },
  { request, evaluate }: OcspQuery,
  now: () => Date,
): Promise<RevocationView> {
  const by = `the responder ${address}`;
  const fetched = await postToResponder(address, request, hosts);
  if (fetched.kind === "failed")
    return {
      state: "not-checked",
      by,
      sentence: `it could not be asked: ${fetched.why}`,
      refusedHost: fetched.refusedHost,
    };
  return { by, ...evaluate(fetched.bytes, now().getTime()) };
}
