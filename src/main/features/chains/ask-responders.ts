import {
  createOcspRequest,
  type OcspQuery,
  readRevocationFacts,
} from "#domain/x509/revocation/evaluate-revocation.ts";
import { askResponder } from "#net/trust/fetch-by-http.ts";
import type { Announcement } from "#shared/contract/events.ts";
import type { Sha256 } from "#shared/model/certificate.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { RevocationView } from "#shared/model/trust.ts";
import type { Store } from "#store/store.ts";
import type { RevocationNotes } from "./note-revoked.ts";
import { type Climb, findSpeakers } from "./read-revocation.ts";

type ResponderDeps = { store: Store; climb: Climb; now: () => Date; notes: RevocationNotes; announce: Announce };
type Announce = (announcement: Announcement) => void;

/** A certificate names one. */
const MOST_RESPONDERS = 4;

/** Asks each responder that a certificate names, up to the most, and says what each one says. Kept is that one says it is revoked. */
export const createResponderAsker =
  ({ store, climb, now, notes, announce }: ResponderDeps) =>
  async (sha256: Sha256, leaf: Uint8Array, hosts: readonly string[]): Promise<RevocationView[]> => {
    const sent = store.chains.sentWith(sha256);
    const question = createOcspRequest(leaf, findSpeakers(leaf, { store, climb, sent }));
    if (!question)
      throw new Refusal(
        "invalid-input",
        "its issuer is not known, so that no answer could be believed; scan a server that sends it with its chain",
      );
    const { responders } = readRevocationFacts(leaf);
    const views = await Promise.all(
      responders.slice(0, MOST_RESPONDERS).map((address) => askOne({ address, hosts }, question, now)),
    );
    if (await store.inTurn(() => notes.answered(sha256, views))) announce({ kind: "findings-changed" });
    return views;
  };

async function askOne(
  { address, hosts }: { address: string; hosts: readonly string[] },
  { request, evaluate }: OcspQuery,
  now: () => Date,
): Promise<RevocationView> {
  const by = `the responder ${address}`;
  const fetched = await askResponder(address, request, hosts);
  if (fetched.kind === "failed")
    return {
      state: "not-checked",
      by,
      sentence: `it could not be asked: ${fetched.why}`,
      refusedHost: fetched.refusedHost,
    };
  return { by, ...evaluate(fetched.bytes, now().getTime()) };
}
