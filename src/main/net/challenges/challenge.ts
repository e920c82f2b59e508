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
  /** The session with the host that answers; null for methods that need none. */
  session: RemoteSession | null;
  /** Names this run: what it creates on a host has this in its name. Letters and digits. */
  token: string;
  /** The address of that host as seen from here; null: unknown. */
  address: string | null;
  /** Opens the secret of an RFC 2136 key: the base64 text that `tsig-keygen` prints. */
  openSecret: ((id: string) => Promise<Redacted<Uint8Array>>) | null;
  /** Default: this system's. */
  resolvers?: readonly Resolver[];
  /** How long a record may take to reach all servers of its zone. */
  spreadMs?: number;
  /** How long a hook may run. */
  hookMs?: number;
  signal: AbortSignal;
};

/** Idempotent. `left`: what could not be removed, and where it is. */
export type Undo = () => Promise<{ kind: "undone" } | { kind: "left"; message: string }>;

/** `note`: what could not be checked from here, for a person. */
export type ChallengeOutcome =
  | { kind: "ready"; undo: Undo; note: string | null }
  /** Nothing of it is left, unless the message says so. */
  | { kind: "failed"; message: string };

export const TYPE_OF_METHOD = {
  webroot: "http-01",
  "served-on-host": "http-01",
  "tls-alpn": "tls-alpn-01",
  "dns-hook": "dns-01",
  rfc2136: "dns-01",
} as const satisfies { [kind in ChallengeMethod["kind"]]: ChallengeType };

/** Undoes what was begun, and returns a failure with this message. */
export async function giveUp(message: string, undo: Undo): Promise<ChallengeOutcome> {
  const undone = await undo();
  const rest = undone.kind === "left" ? `; and something is left: ${undone.message}` : "";
  return { kind: "failed", message: `${message}${rest}` };
}

/** What an order needs besides its request. */
export type OrderDeps = {
  signal: AbortSignal;
  /** Answers the issuer's challenges for the names; null for issuers that have none. */
  challenges: {
    type: ChallengeType;
    answer: (challenge: AcmeChallenge) => Promise<ChallengeOutcome>;
  } | null;
  onState: (state: OrderState) => void;
  /** DER of the certificate that the new one replaces; null: none. */
  replaces: Uint8Array | null;
  /** An order that was begun by a process that ended; null: a new one. */
  orderUrl: string | null;
  /** Requested validity in days, if the issuer lets us choose; null: its default. */
  days: number | null;
};

/**
 * Has a request (DER) signed. Never throws for what an issuer or the network does. If the issuer's key is in the vault,
 * the vault must be open; otherwise this is a `Refusal` (`locked`).
 */
export type OrderCertificate = (issuer: IssuerId, csr: Uint8Array, deps: OrderDeps) => Promise<Ordered>;
