import { z } from "zod";
import { localFile } from "./local-file.ts";

const PORT = z.int().min(1).max(65_535);
const PATH = z.string().startsWith("/").max(4_096);
/** Absolute, here: on Windows as well. */
const PROGRAM = z
  .string()
  .regex(/^(?:\/|[A-Za-z]:[\\/])[^\0]*$/)
  .max(4_096);
const DNS_NAME = z
  .string()
  .regex(/^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.?$/i)
  .max(254);

/** Of a key that signs updates of a zone (TSIG). */
export const TSIG_ALGORITHMS = ["hmac-sha256", "hmac-sha384", "hmac-sha512"] as const;
export type TsigAlgorithm = (typeof TSIG_ALGORITHMS)[number];

/** How we show a certificate authority that a name is ours. */
export const ChallengeWay = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("webroot"),
    path: PATH,
    /** What the folder answers for: `/` of the site, or `/.well-known/acme-challenge/` alone (an alias). */
    of: z.enum(["site", "challenges"]),
  }),
  /** By what the host has for it, while the order is pending. */
  z.object({ kind: z.literal("served-on-host"), port: PORT }),
  z.object({ kind: z.literal("tls-alpn"), port: PORT }),
  /** A program on this computer: `PROGRAM present|cleanup RECORD TXT`, as lego's exec provider calls it. */
  z.object({ kind: z.literal("dns-hook"), program: localFile("program", PROGRAM) }),
  z.object({
    kind: z.literal("rfc2136"),
    /** An address, or a name. */
    server: z.string().min(1).max(255),
    port: PORT,
    zone: DNS_NAME,
    keyName: DNS_NAME,
    algorithm: z.enum(TSIG_ALGORITHMS),
    /** Where its secret is in the vault. */
    secretId: z.string().min(1).max(64),
  }),
]);
export type ChallengeWay = z.infer<typeof ChallengeWay>;
