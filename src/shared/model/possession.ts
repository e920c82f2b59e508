import { z } from "zod";

/**
 * Why a location only claims a private key. `locked`: the file has a passphrase. `public-only`: nothing but a public key lies
 * there. `agent-silent`: the agent did not sign in time, or somebody said no. `no-ssh-keygen`: the host has none, or one older
 * than 8.1, which does not sign. `not-signed`: ssh-keygen did not sign with the file. `unsupported`: signatures of such a key
 * cannot be checked here. `not-asked`: nothing there was asked to sign.
 */
export const ClaimReason = z.enum([
  "locked",
  "public-only",
  "agent-silent",
  "no-ssh-keygen",
  "not-signed",
  "unsupported",
  "not-asked",
]);
export type ClaimReason = z.infer<typeof ClaimReason>;

/**
 * Whether a location has the private key that it shows. `verified`: it signed a nonce of ours with that key. `claimed`: it shows
 * the public key, which anybody can write there. `other-key`: it signed, and the signature is not by the key that it shows.
 */
export const KeyPossession = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("verified") }),
  z.object({ kind: z.literal("claimed"), why: ClaimReason }),
  z.object({ kind: z.literal("other-key") }),
]);
export type KeyPossession = z.infer<typeof KeyPossession>;
