import type { Answered } from "#net/challenges/challenge.ts";
import type {
  AcmeChallenge,
  ChallengeType,
  IssuerId,
  Ordered,
  OrderState,
} from "#shared/model/issuers/issuer.ts";

/** What an order needs besides its request. */
export type OrderWays = {
  signal: AbortSignal;
  /** Shows the issuer that the names are ours; null for issuers that do not ask. */
  challenges: {
    type: ChallengeType;
    answer: (challenge: AcmeChallenge) => Promise<Answered>;
  } | null;
  onState: (state: OrderState) => void;
  /** DER of the certificate that the new one takes the place of; null: of none. */
  replaces: Uint8Array | null;
  /** An order that was begun by a process that ended; null: a new one. */
  orderUrl: string | null;
  /** For how long, where the issuer lets itself be told; null: as it is set. */
  days: number | null;
};

/**
 * Has a request (DER) signed. Never throws for what an issuer or the network does. Needs an open vault where the issuer's
 * key is in it, and is a `Refusal` (`locked`) else.
 */
export type OrderCertificate = (issuer: IssuerId, csr: Uint8Array, ways: OrderWays) => Promise<Ordered>;
