import type { AcmeChallenge, AcmeIdentifier, ChallengeType } from "#shared/model/acme.ts";
import type { OrderState } from "#shared/model/issuer.ts";
import type { Signer } from "./session.ts";

export type OrderRequest = {
  signer: Signer;
  /** Address of the account. */
  account: string;
  /** DER of the request, and the names in it, in lower case. */
  csr: Uint8Array;
  names: readonly AcmeIdentifier[];
  /** DER of the certificate that the new one takes the place of. */
  replaces: Uint8Array | null;
  profile: string | null;
  /** An order that was begun before. */
  orderUrl: string | null;
  challenges: {
    type: ChallengeType;
    /** What it has put there is taken away by `undo`, whatever came of it; then the next name is asked for. */
    answer: (challenge: AcmeChallenge) => Promise<Answer>;
  } | null;
  onState: (state: OrderState) => void;
};

type Answer = { kind: "ready"; undo: () => Promise<unknown> } | { kind: "failed"; message: string };
