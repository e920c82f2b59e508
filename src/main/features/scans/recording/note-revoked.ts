import { createClimber } from "#domain/x509/path/find-issuer.ts";
import { indexCertificates, openCertificate } from "#domain/x509/path/path-certificate.ts";
import {
  evaluateRevocation,
  isNamedByAny,
  markOf,
  settleRevoked,
} from "#domain/x509/revocation/evaluate-revocation.ts";
import { type RevocationList, readCrl } from "#domain/x509/revocation/read-crl.ts";
import { toInstant } from "#shared/model/instant.ts";
import { formatEndpoint } from "#shared/text/target.ts";
import type { RecordingStore } from "#store/recording-store.ts";
import type { EndpointProbe, HostProbe, SeenCertificate } from "#store/visit.ts";

type Store = Pick<RecordingStore, "chains" | "revoked" | "trust">;
type Staple = { where: string; staple: Uint8Array };

const MOST_STAPLES_KEPT = 10_000;

/**
 * Notes of certificates that are seen whether a stapled answer, or a list that was given, says that they are revoked; within the
 * transaction of the visit. Nothing is fetched.
 */
export function createRevokedNoter({ chains, revoked, trust }: Store) {
  const readLists = listReader(trust);
  /** Answers that were judged: a fleet staples the same one from many places. */
  const judged = new Set<string>();

  return function noteRevoked(visit: EndpointProbe | HostProbe): void {
    const at = Date.parse(visit.at);
    const lists = readLists();
    if ("presented" in visit) noteSent(visit, lists, at);
    else if (lists.length > 0) {
      const seen = (visit.collected?.certificateFiles ?? []).flatMap(({ certificates }) => certificates);
      noteListed(seen, lists, at);
    }
  };

  function noteSent(
    { presented, target }: EndpointProbe,
    lists: readonly RevocationList[],
    at: number,
  ): void {
    if (!presented) return;
    const chains = [
      presented.chain,
      ...presented.others,
      ...(presented.addresses ?? []).map(({ chain }) => chain),
    ];
    const sent = chains.flat().filter((each) => each !== null);
    const [leaf] = presented.chain;
    const { staple } = presented.beside;
    if (leaf && staple) noteStaple({ leaf, sent }, { where: formatEndpoint(target), staple }, at);
    if (lists.length > 0) noteListed(sent, lists, at);
  }

  function noteStaple(
    { leaf, sent }: { leaf: SeenCertificate; sent: readonly SeenCertificate[] },
    stapled: Staple,
    at: number,
  ): void {
    const key = `${leaf.certificate.sha256} ${stapled.where} ${markOf(stapled.staple)}`;
    if (judged.has(key)) return;
    if (judged.size >= MOST_STAPLES_KEPT) judged.clear();
    judged.add(key);
    settle(leaf, { sent, staples: [stapled], lists: [], at });
  }

  function noteListed(seen: readonly SeenCertificate[], lists: readonly RevocationList[], at: number): void {
    for (const each of new Map(seen.map((one) => [one.certificate.sha256, one])).values()) {
      const opened = openCertificate(each.der);
      if (opened && isNamedByAny(lists, opened)) settle(each, { sent: seen, staples: [], lists, at });
    }
  }

  function settle(
    { certificate: { sha256 }, der }: SeenCertificate,
    {
      sent,
      ...known
    }: { sent: readonly SeenCertificate[]; staples: Staple[]; lists: readonly RevocationList[]; at: number },
  ): void {
    const climb = createClimber(chains.named);
    const pool = indexCertificates([...sent.map((one) => one.der), ...climb(der), ...trust.ders("root")]);
    const before = revoked.of(sha256);
    const after = settleRevoked(before, evaluateRevocation(der, { pool, ...known }));
    if (after !== before) revoked.note(sha256, after, toInstant(new Date(known.at)));
  }
}

/** The lists that were given, opened once for as long as they are the same. */
function listReader(trust: Store["trust"]): () => readonly RevocationList[] {
  let known: { mark: string; lists: readonly RevocationList[] } | null = null;
  return () => {
    const mark = trust.mark("crl");
    if (known?.mark !== mark) known = { mark, lists: trust.ders("crl").flatMap((der) => readCrl(der) ?? []) };
    return known.lists;
  };
}
