/** What a certificate is asked for: a name of DNS, also with `*.` before it, or an IP address. */
export type AcmeIdentifier = { type: "dns" | "ip"; value: string };

/** How an authority convinces itself that a name is ours (RFC 8555, section 8; RFC 8737 for tls-alpn-01). */
export type ChallengeType = "http-01" | "dns-01" | "tls-alpn-01";

/** What an authority wants to see. `name` is without `*.`. Nothing of it is a secret: it is fetched in plain text. */
export type AcmeChallenge =
  | { type: "http-01"; name: string; token: string; keyAuthorization: string }
  /** The text of a TXT record at `_acme-challenge.NAME`, beside others that are there. */
  | { type: "dns-01"; name: string; txt: string }
  /** SHA-256 of the key authorization. */
  | { type: "tls-alpn-01"; name: string; digest: Uint8Array };
