import type { Resolver } from "#net/dns/query-records.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import type {
  AcmeChallenge,
  ChallengeMethod,
  ChallengeType,
  IssuerId,
  Ordered,
  OrderState,
} from "#shared/model/issuers/issuer.ts";
import type { Redacted } from "#shared/model/secret.ts";

export type ChallengeDeps = {
  /** The session of the host that answers; null for methods that need none. */
  session: RemoteSession | null;
  /** Of the run: what was made for it on a host goes by this. Letters and digits. */
  token: string;
  /** Where that host is reached from here; null: not known. */
  address: string | null;
  /** Opens the secret of an RFC 2136 key: the base64 text that `tsig-keygen` prints. */
  openSecret: ((id: string) => Promise<Redacted<Uint8Array>>) | null;
  /** Of this system, unless others are given. */
  resolvers?: readonly Resolver[];
  /** How long a record may take until all servers of its zone have it. */
  spreadMs?: number;
  /** How long a hook may run. */
  hookMs?: number;
  signal: AbortSignal;
};

/** Idempotent. `left`: what could not be taken away, and where it is. */
export type Undo = () => Promise<{ kind: "undone" } | { kind: "left"; message: string }>;

/** `note`: what could not be seen from here, for a person to know. */
export type ChallengeOutcome =
  | { kind: "ready"; undo: Undo; note: string | null }
  /** Nothing is left of it, unless the message says so. */
  | { kind: "failed"; message: string };

export const TYPE_OF_METHOD = {
  webroot: "http-01",
  "served-on-host": "http-01",
  "tls-alpn": "tls-alpn-01",
  "dns-hook": "dns-01",
  rfc2136: "dns-01",
} as const satisfies { [kind in ChallengeMethod["kind"]]: ChallengeType };

/** Undoes what was begun, and says of it that it failed. */
export async function giveUp(message: string, undo: Undo): Promise<ChallengeOutcome> {
  const undone = await undo();
  const rest = undone.kind === "left" ? `; and something is left: ${undone.message}` : "";
  return { kind: "failed", message: `${message}${rest}` };
}

/** What an order needs besides its request. */
export type OrderDeps = {
  signal: AbortSignal;
  /** Shows the issuer that the names are ours; null for issuers that do not ask. */
  challenges: {
    type: ChallengeType;
    answer: (challenge: AcmeChallenge) => Promise<ChallengeOutcome>;
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
export type OrderCertificate = (issuer: IssuerId, csr: Uint8Array, deps: OrderDeps) => Promise<Ordered>;
