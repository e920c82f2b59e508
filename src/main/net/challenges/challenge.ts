import type { Hand } from "#net/ssh/hand/hand.ts";
import type { ChallengeWay } from "#shared/model/challenge-way.ts";
import type { Redacted } from "#shared/model/redacted.ts";

/** What an authority wants to see. Nothing of it is a secret. */
export type AskedChallenge =
  | {
      type: "http-01";
      /** A DNS name or an address. */
      name: string;
      token: string;
      keyAuthorization: string;
    }
  /** `name` without `*.`; the TXT value belongs at `_acme-challenge.NAME`. */
  | { type: "dns-01"; name: string; txt: string }
  /** `digest`: SHA-256 of the key authorization, which goes into the certificate. */
  | { type: "tls-alpn-01"; name: string; digest: Uint8Array };

export type Near = {
  /** The hand of the host that answers; null for ways that need none. */
  hand: Hand | null;
  /** Of the run: what was made for it on a host goes by this. Letters and digits. */
  token: string;
  /** Where that host is reached from here; null: not known. */
  address: string | null;
  /** Opens the secret of an RFC 2136 key. */
  openSecret: ((id: string) => Promise<Redacted<Uint8Array>>) | null;
  signal: AbortSignal;
};

/** Said again, it is the same. `left`: what could not be taken away, and where it is. */
export type Undo = () => Promise<{ kind: "undone" } | { kind: "left"; message: string }>;

/** `note`: what could not be seen from here, for a person to know. */
export type Answered =
  | { kind: "ready"; undo: Undo; note: string | null }
  /** Nothing is left of it. */
  | { kind: "failed"; message: string };

export const TYPE_OF_WAY = {
  webroot: "http-01",
  "served-on-host": "http-01",
  "tls-alpn": "tls-alpn-01",
  "dns-hook": "dns-01",
  rfc2136: "dns-01",
} as const satisfies { [kind in ChallengeWay["kind"]]: AskedChallenge["type"] };
