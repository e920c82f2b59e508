import { z } from "zod";

/** How an authority convinces itself that a name is ours (RFC 8555, section 8; RFC 8737 for tls-alpn-01). */
export const ChallengeKind = z.enum(["http-01", "dns-01", "tls-alpn-01"]);
export type ChallengeKind = z.infer<typeof ChallengeKind>;

/** What a certificate is asked for: a name of DNS, also with `*.` before it, or an IP address. */
export type AcmeIdentifier = { type: "dns" | "ip"; value: string };

/** What is to be there while the authority looks. Nothing of it is secret: the authority fetches it in plain text. */
export type AcmeChallenge =
  /** `content` is what a GET of `path` on port 80 of the name answers with. */
  | { kind: "http-01"; name: string; token: string; path: string; content: string }
  /** A TXT record of this text at `record`, beside others that are there: several orders may ask for one name. */
  | { kind: "dns-01"; name: string; record: string; text: string }
  /**
   * On port 443, to whoever greets `serverName` by the ALPN `acme-tls/1`, a self-signed certificate: `certificateName` as its
   * only name, and a critical extension `oid`, whose value is the DER in `extension`.
   */
  | {
      kind: "tls-alpn-01";
      name: string;
      serverName: string;
      certificateName: AcmeIdentifier;
      oid: "1.3.6.1.5.5.7.1.31";
      extension: Uint8Array;
    };

/** Whether a challenge is answered. `undo` takes away what answers it, and never rejects. */
export type Answering = { kind: "ready"; undo(): Promise<void> } | { kind: "failed"; message: string };

/** What is told while an order is under way. */
export const OrderEvent = z.discriminatedUnion("kind", [
  /** By its address an order is taken up again, also by another process. */
  z.object({
    kind: z.literal("order"),
    url: z.string(),
    status: z.enum(["pending", "ready", "processing", "valid", "invalid"]),
  }),
  z.object({
    kind: z.literal("challenge"),
    /** As it was asked for, with the `*.` of a wildcard. */
    name: z.string(),
    challenge: ChallengeKind,
    status: z.enum(["pending", "processing", "valid", "invalid"]),
    /** What the authority says against it, in its own words; null where it says nothing. */
    reason: z.string().nullable(),
  }),
]);
export type OrderEvent = z.infer<typeof OrderEvent>;
